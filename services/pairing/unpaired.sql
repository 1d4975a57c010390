-- name: page
-- Children of an area without an open pair, after a place in the list; since is the day it came to be so.
SELECT c.child_id, c.area,
       greatest(c.filed_on, (SELECT max(p.ended_on) FROM app.pairs p WHERE p.child_id = c.child_id)) AS since
  FROM app.children c
 WHERE c.left_on IS NULL AND c.area ^@ $1::text AND c.area >= $2::text AND (c.area > $2::text OR c.child_id > $3::uuid)
   AND NOT EXISTS (SELECT FROM app.pairs p WHERE p.child_id = c.child_id AND p.ended_on IS NULL)
 ORDER BY c.area, c.child_id LIMIT $4::int

-- name: counts
-- By village of an area: open files, and how many of them have no open pair.
SELECT c.area, count(*)::int AS children,
       (count(*) FILTER (WHERE NOT EXISTS (
          SELECT FROM app.pairs p WHERE p.child_id = c.child_id AND p.ended_on IS NULL)))::int AS unpaired
  FROM app.children c
 WHERE c.left_on IS NULL AND c.area ^@ $1::text
 GROUP BY c.area ORDER BY c.area

-- name: waiting
-- All children of an area who may be paired on a day and have no open pair.
SELECT c.child_id, c.area, c.filed_on, c.school, c.household, c.arrived
  FROM app.children c
 WHERE c.left_on IS NULL AND c.area ^@ $1::text AND c.filed_on <= $2::date
   AND NOT EXISTS (SELECT FROM app.pairs p WHERE p.child_id = c.child_id AND p.ended_on IS NULL)
