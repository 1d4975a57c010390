-- name: rows_known
-- What became of rows that were seen before.
SELECT row_key, outcome FROM app.log_rows WHERE row_key = ANY ($1::uuid[])

-- name: lock_rows
-- The same, held until the transaction ends, in one order.
SELECT row_key, outcome FROM app.log_rows WHERE row_key = ANY ($1::uuid[]) ORDER BY row_key FOR UPDATE

-- name: write_rows
-- Rows never seen before; one that another import has just written comes back as nothing.
INSERT INTO app.log_rows (row_key, outcome, visit_id)
SELECT u.row_key, u.outcome, u.visit_id FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS u(row_key, outcome, visit_id)
 ORDER BY u.row_key
ON CONFLICT (row_key) DO NOTHING
RETURNING row_key

-- name: mend_rows
-- Rows that were refused before and are not any more, or for another reason; a key is the how-manieth of its paper
-- too, so that it comes once.
UPDATE app.log_rows r SET outcome = u.outcome, visit_id = u.visit_id
  FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS u(row_key, outcome, visit_id)
 WHERE r.row_key = u.row_key

-- name: let_go
-- Imports whose refused rows were kept long enough, and are kept no more.
UPDATE app.log_imports SET kept_until = NULL WHERE kept_until < $1::date RETURNING import_id
