-- name: add_facts
-- The list behind the numbers; arrays of arrays do not unnest, so the measures come as text.
INSERT INTO facts (item_kind, item, child_id, event_id, "on", recorded_on, amount, area, beyond, measures)
SELECT u.item_kind, u.item, u.child_id, u.event_id, u."on", u.recorded_on, u.amount, u.area, u.beyond,
       u.measures::int[]
  FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::date[], $7::int[],
              $8::text[], $9::text[], $10::text[])
       AS u (item_kind, item, child_id, event_id, "on", recorded_on, amount, area, beyond, measures)

-- name: add_tallies
-- By day and by month. A sum of zero stays a row, so that the rows do not depend on how events were batched.
WITH sums AS (
  SELECT u.area, u."on", u.measure, u.recorded_on, u.amount
    FROM unnest($1::text[], $2::date[], $3::int[], $4::date[], $5::bigint[])
         AS u (area, "on", measure, recorded_on, amount)
), by_day AS (
  INSERT INTO tallies AS t (area, "on", measure, recorded_on, amount)
  SELECT s.area, s."on", s.measure, s.recorded_on, s.amount FROM sums s
      ON CONFLICT (area, "on", measure, recorded_on) DO UPDATE SET amount = t.amount + excluded.amount
)
INSERT INTO month_tallies AS t (area, on_month, measure, recorded_month, amount)
SELECT s.area, s."on" - extract(day FROM s."on")::int + 1, s.measure,
       s.recorded_on - extract(day FROM s.recorded_on)::int + 1, sum(s.amount)
  FROM sums s
 GROUP BY 1, 2, 3, 4
    ON CONFLICT (area, on_month, measure, recorded_month) DO UPDATE SET amount = t.amount + excluded.amount

-- name: group_by_hash
-- Until the transaction ends. Nobody has counted the facts yet, and so few as they are taken for would be sorted.
SELECT set_config('enable_sort', 'off', true)

-- name: sum_up
-- The same sums from the facts themselves, of a place that has none yet, for it or for what is in it: areas whose
-- codes have so many digits. In the order of their keys, which is quicker to write, and to read afterwards.
WITH each AS (
  SELECT f.area, f.beyond, f."on", unnest(f.measures) AS measure, f.recorded_on, f.amount
    FROM facts f
   WHERE f.item_kind = ANY ($2::smallint[]) AND f.area >= $1::text AND f.area < $1::text || ':'
), sums AS (
  SELECT left(e.area, h.digits) AS area, e."on", e.measure, e.recorded_on, sum(e.amount)::bigint AS amount
    FROM each e
    JOIN unnest($3::int[]) AS h (digits) ON h.digits <= length(e.area)
   WHERE e.beyond IS NULL OR left(e.beyond, h.digits) <> left(e.area, h.digits)
   GROUP BY 1, 2, 3, 4
), by_day AS (
  INSERT INTO tallies (area, "on", measure, recorded_on, amount)
  SELECT s.area, s."on", s.measure, s.recorded_on, s.amount FROM sums s
   ORDER BY 1, 2, 3, 4
)
INSERT INTO month_tallies (area, on_month, measure, recorded_month, amount)
SELECT s.area, s."on" - extract(day FROM s."on")::int + 1, s.measure,
       s.recorded_on - extract(day FROM s.recorded_on)::int + 1, sum(s.amount)
  FROM sums s
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3, 4

-- name: townships
-- The townships that have facts, and the counties that have some of their own.
SELECT DISTINCT left(area, 9) AS code FROM facts ORDER BY code

-- name: keep_day
-- The last day a source has told of; nothing is written, and nobody waits, while the day is the same.
INSERT INTO days AS d (source, day)
SELECT $1::text, $2::date
 WHERE NOT EXISTS (SELECT FROM days k WHERE k.source = $1::text AND k.day >= $2::date)
    ON CONFLICT (source) DO UPDATE SET day = greatest(d.day, excluded.day)
