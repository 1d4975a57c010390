-- name: standing
-- How a child stands now.
SELECT area, file::text AS file, left_on, merged_into FROM app.children WHERE child_id = $1::uuid
