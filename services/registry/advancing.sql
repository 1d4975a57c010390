-- name: birthdays
-- Open files that have reached sixteen, the earliest birthday first.
SELECT child_id FROM app.children WHERE left_on IS NULL AND sixteen_on <= $1::date
 ORDER BY sixteen_on, child_id LIMIT $2::int

-- name: still_open
-- Those of them that are open still, held until they are closed, with the version of their stream.
SELECT c.child_id, c.area, c.sixteen_on, c.opened_on, c.recorded_on, c.file::text AS file, s.version
  FROM app.children c JOIN kernel.streams s ON s.stream_id = 'child-' || c.child_id::text
 WHERE c.child_id = ANY ($1::uuid[]) AND c.left_on IS NULL AND c.sixteen_on <= $2::date
 ORDER BY c.sixteen_on, c.child_id FOR UPDATE OF c
