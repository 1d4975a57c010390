-- name: facts
-- What a visit's event says of its child: who it is now, its spells, its village on the day, its carer; beside it
-- where the child that was named lives now, and the day last advanced to.
WITH RECURSIVE asked AS (
  SELECT u.n, u.child_id, u.on_day FROM unnest($1::uuid[], $2::date[]) WITH ORDINALITY AS u(child_id, on_day, n)
), chain AS (
  SELECT DISTINCT a.child_id AS named, a.child_id, 0 AS step FROM asked a
  UNION ALL
  SELECT c.named, m.survivor_id, c.step + 1
    FROM chain c JOIN app.merges m ON m.child_id = c.child_id WHERE c.step < 20
), survivor AS (
  SELECT DISTINCT ON (named) named, child_id FROM chain ORDER BY named, step DESC
)
SELECT s.child_id, f.filed, f.left, st.area, p.carer_id, lives.area AS lives_in,
       (SELECT day FROM kernel.day) AS advanced
  FROM asked a
  JOIN survivor s ON s.named = a.child_id
  LEFT JOIN app.children lives ON lives.child_id = a.child_id
  LEFT JOIN LATERAL (
    SELECT array_agg(f.filed_on ORDER BY f.filed_on) AS filed, array_agg(f.left_on ORDER BY f.filed_on) AS left
      FROM app.files f WHERE f.child_id = s.child_id) f ON true
  LEFT JOIN LATERAL (
    SELECT st.area FROM app.child_states st WHERE st.child_id = s.child_id
     ORDER BY st.from_on > a.on_day, CASE WHEN st.from_on > a.on_day THEN st.from_on END,
              st.from_on DESC, st.seq DESC LIMIT 1) st ON true
  LEFT JOIN LATERAL (
    SELECT p.carer_id FROM app.pairs p
     WHERE p.child_id = s.child_id AND p.from_on <= a.on_day AND (p.until_on IS NULL OR a.on_day < p.until_on)
     ORDER BY p.from_on, p.pair_id LIMIT 1) p ON true
 ORDER BY a.n

-- name: insert_visits
-- Each visit once, in the order told; those that can keep a window go into keeping too.
WITH told AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::date[], $7::date[],
                       $8::boolean[], $9::boolean[], $10::text[], $11::uuid[]) WITH ORDINALITY
         AS u(visit_id, child_id, logged_for, kind, on_day, entered_on, recorded_on, reached, in_file, area,
              carer_id, n)
), written AS (
  INSERT INTO app.visits (visit_id, child_id, logged_for, kind, on_day, entered_on, recorded_on, reached,
                          in_file, area, carer_id)
  SELECT visit_id, child_id, logged_for, kind, on_day, entered_on, recorded_on, reached, in_file, area, carer_id
    FROM told ORDER BY n
  ON CONFLICT (visit_id) DO NOTHING
  RETURNING visit_id, seq, child_id, kind, on_day, recorded_on, reached, in_file
), kept AS (
  INSERT INTO app.keeping (child_id, kind, on_day, visit_id, known_on, seq)
  SELECT child_id, kind, on_day, visit_id, recorded_on, seq FROM written WHERE reached AND in_file
)
SELECT visit_id FROM written
