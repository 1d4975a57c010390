-- name: visible
-- Those of these children that are in the caller's areas.
SELECT child_id FROM app.children WHERE child_id = ANY ($1::uuid[])
