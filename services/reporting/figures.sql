-- name: totals
-- Up to each day, as known on a day: whole months from the sums by month, the open month from those by
-- day, and what was learned of earlier days in the month that is still open to knowledge.
SELECT d.day, s.area, s.measure, sum(s.amount)::bigint AS amount
  FROM unnest($2::date[], $3::date[]) AS d (open_month, day)
 CROSS JOIN LATERAL (
        SELECT m.area, m.measure, m.amount
          FROM month_tallies m
         WHERE m.area = ANY ($1::text[]) AND m.on_month < d.open_month AND m.recorded_month < $4::date
           AND m.measure = ANY ($6::int[])
        UNION ALL
        SELECT t.area, t.measure, t.amount
          FROM tallies t
         WHERE t.area = ANY ($1::text[]) AND t."on" >= d.open_month AND t."on" <= d.day
           AND t.recorded_on <= $5::date AND t.measure = ANY ($6::int[])
        UNION ALL
        SELECT t.area, t.measure, t.amount
          FROM tallies t
         WHERE t.area = ANY ($1::text[]) AND t.recorded_on >= $4::date AND t.recorded_on <= $5::date
           AND t."on" < d.open_month AND t.measure = ANY ($6::int[])) s
 GROUP BY d.day, s.area, s.measure

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
