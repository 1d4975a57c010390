-- name: among
-- Which of these ids are children with a file: others on the list are visits, learned numbers, refused papers.
SELECT child_id::text FROM app.children WHERE child_id = ANY ($1::text[]::uuid[]) ORDER BY child_id
