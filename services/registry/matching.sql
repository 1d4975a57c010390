-- name: match_rows
-- How many children each row means, and which one where it is one; rows without a hit by number go by name.
WITH asked AS MATERIALIZED (
  SELECT a.nth, a.citizen, a.name, a.village
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS a(citizen, name, village, nth)
), numbered AS MATERIALIZED (
  SELECT a.nth, k.child_id FROM asked a JOIN app.child_keys k ON k.citizen = a.citizen
), hits AS (
  SELECT nth, child_id FROM numbered
  UNION ALL
  SELECT a.nth, n.child_id
    FROM asked a
    JOIN app.child_names n ON n.name = a.name AND n.village = a.village
    JOIN app.child_keys k ON k.child_id = n.child_id AND (a.citizen IS NULL OR k.citizen IS NULL)
   WHERE NOT EXISTS (SELECT FROM numbered d WHERE d.nth = a.nth)
), meant AS (
  SELECT DISTINCT h.nth, CASE WHEN c.merged_into IS NULL THEN c.child_id ELSE app.survivor_of(c.child_id) END AS child_id
    FROM hits h JOIN app.children c ON c.child_id = h.child_id
)
SELECT count(m.child_id)::int AS children, (array_agg(m.child_id))[1] AS child_id
  FROM asked a LEFT JOIN meant m ON m.nth = a.nth
 GROUP BY a.nth ORDER BY a.nth
