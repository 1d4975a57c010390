-- name: try_alone
-- The right to import, held by the session.
SELECT pg_try_advisory_lock($1::bigint)

-- name: interrupt_others
-- Imports go one at a time: whichever still runs was interrupted.
UPDATE app.imports SET state = 'interrupted'
 WHERE kind = $1::text AND area = $2::text AND state = 'running' AND import_id <> $3::uuid

-- name: open_import
-- An import begins, or goes on after an interruption.
INSERT INTO app.imports AS i (import_id, kind, area, file_key, on_day, caller, rows)
VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::date, $6::text, $7::int)
ON CONFLICT (import_id) DO UPDATE SET state = 'running' WHERE i.state = 'interrupted'

-- name: rows_known
-- What became of rows that came before.
SELECT row_key, outcome, counted FROM app.import_rows WHERE row_key = ANY ($1::text[])

-- name: write_rows
-- What became of rows, each once. One that was refused is written again only as what it is now, so that taken_back
-- says just whether an import has counted it among the refused.
INSERT INTO app.import_rows AS r (row_key, import_id, area, number, outcome, code, child_id, likely)
SELECT u.row_key, $1::uuid, $2::text, u.number, u.outcome, u.code, u.child_id, u.likely
  FROM unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::uuid[], $8::boolean[])
       AS u(row_key, number, outcome, code, child_id, likely)
ON CONFLICT (row_key) DO UPDATE
   SET import_id = excluded.import_id, number = excluded.number, outcome = excluded.outcome,
       code = excluded.code, child_id = excluded.child_id, likely = excluded.likely, counted = false,
       taken_back = r.counted
 WHERE r.outcome = 'refused'

-- name: count_rows
-- Rows that no import has counted yet; each is counted once, and one that was refused leaves the refused.
WITH told AS (
  UPDATE app.import_rows SET counted = true WHERE area = $1::text AND NOT counted RETURNING outcome, likely, taken_back
)
SELECT count(*) FILTER (WHERE NOT taken_back)::int AS rows,
       count(*) FILTER (WHERE outcome IN ('taken', 'put_right'))::int AS taken,
       count(*) FILTER (WHERE outcome = 'put_right')::int AS put_right,
       count(*) FILTER (WHERE outcome = 'duplicate')::int AS duplicates,
       (count(*) FILTER (WHERE outcome = 'refused') - count(*) FILTER (WHERE taken_back))::int AS refused,
       count(*) FILTER (WHERE likely)::int AS likely_duplicates
  FROM told

-- name: close_import
-- An import has ended.
UPDATE app.imports SET state = 'done', answer = $2::jsonb, kept_until = $3::date WHERE import_id = $1::uuid

-- name: find_import
-- One import, for who may see its area.
SELECT import_id, kind, area, on_day, caller, started_at, state, rows, answer::text AS answer, kept_until
  FROM app.imports WHERE import_id = $1::uuid

-- name: let_refused_go
-- Refused rows are kept for a while only.
UPDATE app.imports SET kept_until = NULL WHERE kept_until < $1::date RETURNING import_id
