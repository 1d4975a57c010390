-- name: totals
-- The sums of areas up to three days, each with its open month, as known on a day (migration 0003).
SELECT area, measure, standing, until_last, before
  FROM app.totals($1::text[], $2::date, $3::date, $4::date, $5::date, $6::date, $7::date, $8::date, $9::date, $10::int[])

-- name: months
-- The same for one area, month by month.
SELECT s.month, s.measure, sum(s.amount)::bigint AS amount
  FROM (SELECT m.on_month AS month, m.measure, m.amount
          FROM month_tallies m
         WHERE m.area = $1::text AND m.on_month < $2::date AND m.recorded_month < $4::date
           AND m.measure = ANY ($6::int[])
        UNION ALL
        SELECT $2::date, t.measure, t.amount
          FROM tallies t
         WHERE t.area = $1::text AND t."on" >= $2::date AND t."on" <= $3::date
           AND t.recorded_on <= $5::date AND t.measure = ANY ($6::int[])
        UNION ALL
        SELECT t."on" - extract(day FROM t."on")::int + 1, t.measure, t.amount
          FROM tallies t
         WHERE t.area = $1::text AND t.recorded_on >= $4::date AND t.recorded_on <= $5::date
           AND t."on" < $2::date AND t.measure = ANY ($6::int[])) s
 GROUP BY s.month, s.measure

-- name: latest_day
-- The last day that any source has told of.
SELECT max(day) FROM days

-- name: settled_until
-- The day before the one that all have advanced to: nothing is recorded on it any more.
SELECT day - 1 FROM days WHERE source = $1::text
