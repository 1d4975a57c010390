-- name: area
-- One area: its name on a day, or its first name on days before that (migration 0003).
SELECT area, name, level, parent, closed_on, successor FROM app.area_named($1::text, $2::date, $3::date)

-- name: areas_within
-- The same for the areas whose parent this is.
SELECT a.area, (array_agg(a.name ORDER BY a."on" <= $2::date DESC, CASE WHEN a."on" <= $2::date THEN a.version
                          ELSE -a.version END DESC) FILTER (WHERE a.name IS NOT NULL))[1] AS name,
       max(a.level) AS level, max(a.parent) AS parent,
       max(a."on") FILTER (WHERE a.closed AND a."on" <= $2::date) AS closed_on,
       max(a.successor) FILTER (WHERE a."on" <= $2::date) AS successor
  FROM areas a
 WHERE a.area IN (SELECT p.area FROM areas p WHERE p.parent = $1::text) AND a.recorded_on <= $3::date
 GROUP BY a.area
 ORDER BY a.area

-- name: highest_areas
-- The same for the areas whose parent is not among those seen.
SELECT a.area, (array_agg(a.name ORDER BY a."on" <= $1::date DESC, CASE WHEN a."on" <= $1::date THEN a.version
                          ELSE -a.version END DESC) FILTER (WHERE a.name IS NOT NULL))[1] AS name,
       max(a.level) AS level, max(a.parent) AS parent,
       max(a."on") FILTER (WHERE a.closed AND a."on" <= $1::date) AS closed_on,
       max(a.successor) FILTER (WHERE a."on" <= $1::date) AS successor
  FROM areas a
 WHERE a.recorded_on <= $2::date
   AND a.area IN (SELECT h.area FROM areas h
                   WHERE h.level IS NOT NULL AND NOT EXISTS (SELECT FROM areas p WHERE p.area = h.parent))
 GROUP BY a.area
 ORDER BY a.area

-- name: keep_area
-- One change of an area.
INSERT INTO areas (area, version, "on", recorded_on, name, level, parent, closed, successor)
VALUES ($1::text, $2::int, $3::date, $4::date, $5::text, $6::text, $7::text, $8::boolean, $9::text)
