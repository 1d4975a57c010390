-- name: standing
-- How a child stands now.
SELECT area, file::text AS file, left_on, merged_into FROM app.children WHERE child_id = $1::uuid

-- name: hold_files
-- Files held until the transaction ends, in one order.
SELECT child_id FROM app.children WHERE child_id = ANY ($1::uuid[]) ORDER BY child_id FOR UPDATE
