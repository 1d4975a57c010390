-- name: areas_of
-- Where these children live now.
SELECT child_id, area FROM app.children WHERE child_id = ANY ($1::uuid[])
