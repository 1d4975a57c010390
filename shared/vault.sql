-- name: take_role
-- Become the vault's role until the end of the transaction, or until given back.
SELECT set_config('role', $1::text, true)

-- name: put
-- Keep what was given, a later row in place of an earlier one; who was forgotten stays forgotten and is told.
WITH given AS (
  SELECT subject_id, convert_from(data, 'UTF8')::jsonb AS data
    FROM unnest($1::uuid[], $2::bytea[]) AS g(subject_id, data)
), kept AS (
  INSERT INTO vault.identities AS i (subject_id, data)
  SELECT g.subject_id, g.data FROM given g
   WHERE NOT EXISTS (SELECT 1 FROM vault.forgotten f WHERE f.subject_id = g.subject_id)
   ORDER BY g.subject_id
  ON CONFLICT (subject_id) DO UPDATE SET data = excluded.data, kept_at = excluded.kept_at
  RETURNING i.subject_id
)
SELECT g.subject_id FROM given g WHERE g.subject_id NOT IN (SELECT k.subject_id FROM kept k)

-- name: look
-- Show these subjects and log the look of each that was found, in one statement.
WITH found AS (
  SELECT subject_id, data::text AS data FROM vault.identities WHERE subject_id = ANY ($1::uuid[])
), logged AS (
  INSERT INTO vault.looks (caller, role, subject_id, reason, unmasked)
  SELECT $2::text, $3::text, f.subject_id, $4::text, $5::boolean FROM found f ORDER BY f.subject_id
)
SELECT subject_id, data FROM found

-- name: look_unlogged
-- Show these subjects to the service itself, which compares or counts and shows nobody.
SELECT subject_id, data::text AS data FROM vault.identities WHERE subject_id = ANY ($1::uuid[])

-- name: looks_at
-- The latest looks at one subject.
SELECT looked_at, caller, role, reason, unmasked
  FROM vault.looks WHERE subject_id = $1::uuid ORDER BY look_id DESC LIMIT $2::int

-- name: note_forgotten
-- Put subjects on the forget list.
INSERT INTO vault.forgotten (subject_id)
SELECT DISTINCT u.subject_id FROM unnest($1::uuid[]) AS u(subject_id) ORDER BY u.subject_id
ON CONFLICT (subject_id) DO NOTHING

-- name: delete_forgotten
-- Delete what the vault still holds of anybody on the forget list.
DELETE FROM vault.identities i USING vault.forgotten f WHERE f.subject_id = i.subject_id RETURNING i.subject_id

-- name: forgotten
-- The forget list, to be kept outside the database as well.
SELECT subject_id FROM vault.forgotten ORDER BY subject_id
