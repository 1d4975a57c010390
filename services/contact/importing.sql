-- name: record_import
-- What an import was answered; the same import that comes again changes nothing.
INSERT INTO app.log_imports (import_id, area, caller, answer, kept_until)
VALUES ($1::uuid, $2::text, $3::text, $4::jsonb, $5::date)
ON CONFLICT (import_id) DO NOTHING

-- name: find_import
-- An import in the caller's areas.
SELECT answer::text FROM app.log_imports WHERE import_id = $1::uuid
