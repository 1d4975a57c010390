-- name: forgotten
-- Who is on the forget list of this database's vault.
SELECT subject_id::text AS subject FROM vault.forgotten ORDER BY subject_id

-- name: forget_again
-- Put these on the forget list where they are not, and delete what the vault still holds of anybody on it.
WITH listed AS (
  INSERT INTO vault.forgotten (subject_id)
  SELECT DISTINCT u.subject::uuid FROM unnest($1::text[]) AS u(subject)
  ON CONFLICT (subject_id) DO NOTHING
  RETURNING subject_id
), gone AS (
  DELETE FROM vault.identities i
   WHERE i.subject_id = ANY ($1::uuid[]) OR i.subject_id IN (SELECT f.subject_id FROM vault.forgotten f)
  RETURNING i.subject_id
)
SELECT (SELECT count(*) FROM listed) AS listed, (SELECT count(*) FROM gone) AS deleted
