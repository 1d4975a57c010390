-- name: lock_rows
-- What became of rows that were seen before, held until the transaction ends, in one order.
SELECT row_key, outcome FROM app.import_rows WHERE row_key = ANY ($1::text[]) ORDER BY row_key FOR UPDATE

-- name: write_rows
-- Rows never seen before; one that another list has just written comes back as nothing.
INSERT INTO app.import_rows (row_key, import_id, outcome, carer_id)
SELECT u.row_key, $1::uuid, u.outcome, u.carer_id
  FROM unnest($2::text[], $3::text[], $4::uuid[]) AS u(row_key, outcome, carer_id)
 ORDER BY u.row_key
ON CONFLICT (row_key) DO NOTHING
RETURNING row_key

-- name: mend_rows
-- Rows that were refused before and are not any more, since areas are learned later; a key is the how-manieth of its
-- list too, so that it comes once.
UPDATE app.import_rows r SET import_id = $1::uuid, outcome = u.outcome, carer_id = u.carer_id
  FROM unnest($2::text[], $3::text[], $4::uuid[]) AS u(row_key, outcome, carer_id)
 WHERE r.row_key = u.row_key
