-- name: record_judged
-- One window of these villages was judged: a kept one ends a child's run, a miss where none goes on begins one; the
-- misses, and the levels that runs were raised to. One statement, since each alone is short and would wait its turn.
WITH judged AS (
  INSERT INTO app.judged_windows (kind, opens, area)
  SELECT $1::text, $2::date, u.area FROM unnest($6::text[]) AS u(area)
), ended AS (
  DELETE FROM app.runs WHERE child_id = ANY ($7::uuid[]) AND kind = $1::text
), begun AS (
  INSERT INTO app.runs (child_id, kind, since)
  SELECT u.child_id, $1::text, $2::date FROM unnest($8::uuid[]) AS u(child_id) ORDER BY u.child_id
), raised AS (
  INSERT INTO app.escalations (child_id, kind, first_opens, level, closes, windows, area, recorded_on)
  SELECT u.child_id, $1::text, u.first_opens, u.level, $3::date, u.windows, u.area, $5::date
    FROM unnest($11::uuid[], $12::date[], $13::text[], $14::int[], $15::text[])
         AS u(child_id, first_opens, level, windows, area)
   ORDER BY u.child_id
)
INSERT INTO app.misses (child_id, kind, opens, closes, due, area, state)
SELECT u.child_id, $1::text, $2::date, $3::date, $4::date, u.area, 'outstanding'
  FROM unnest($9::uuid[], $10::text[]) AS u(child_id, area) ORDER BY u.child_id
