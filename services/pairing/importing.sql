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
