-- name: known_rows
-- What became of these rows when they came before.
SELECT row_key, outcome FROM app.import_rows WHERE row_key = ANY ($1::text[])

-- name: note_rows
-- What became of rows; one that was refused before may be taken now, since areas are learned later. A key is the
-- how-manieth of its list too, so that it comes once.
INSERT INTO app.import_rows AS r (row_key, import_id, outcome, carer_id)
SELECT n.row_key, $1::uuid, n.outcome, n.carer_id
  FROM unnest($2::text[], $3::text[], $4::uuid[]) AS n(row_key, outcome, carer_id) ORDER BY n.row_key
ON CONFLICT (row_key) DO UPDATE
   SET import_id = excluded.import_id, outcome = excluded.outcome, carer_id = excluded.carer_id

-- name: keep_import
-- An import that has ended, with its answer.
INSERT INTO app.imports (import_id, area, on_day, answer, kept_until)
VALUES ($1::uuid, $2::text, $3::date, $4::jsonb, $5::date)
ON CONFLICT (import_id) DO NOTHING

-- name: find_import
-- An import in the caller's areas.
SELECT import_id, area, on_day, answer::text AS answer, kept_until FROM app.imports WHERE import_id = $1::uuid

-- name: let_go
-- Imports whose refused rows were kept long enough, and are kept no more.
UPDATE app.imports SET kept_until = NULL WHERE kept_until < $1::date RETURNING import_id
