-- name: totals
-- Up to three days (the as-of day, the period's last, its eve), all as known on a day: whole months from the sums
-- by month, each day's open month from those by day, and what was learned of earlier days in the month that is
-- still open to knowledge. "+ 0" has the open months found by day: what was ever known of an area is far more.
SELECT s.area, s.measure,
       coalesce(sum(s.amount) FILTER (WHERE s.stands), 0)::bigint AS standing,
       coalesce(sum(s.amount) FILTER (WHERE s.until_last), 0)::bigint AS until_last,
       coalesce(sum(s.amount) FILTER (WHERE s.before), 0)::bigint AS before
  FROM (SELECT m.area, m.measure, m.amount, m.on_month < $2::date AS stands, m.on_month < $4::date AS until_last,
               m.on_month < $6::date AS before
          FROM month_tallies m
         WHERE m.area = ANY ($1::text[]) AND m.on_month < greatest($2, $4, $6) AND m.recorded_month < $8::date
        UNION ALL
        SELECT t.area, t.measure, t.amount, d.day = $3, d.day = $5, d.day = $7
          FROM (VALUES ($2, $3::date) UNION VALUES ($4, $5::date) UNION VALUES ($6, $7::date)) AS d (open_month, day)
          JOIN tallies t ON t."on" BETWEEN d.open_month AND d.day
         WHERE t.area = ANY ($1) AND t.recorded_on + 0 <= $9::date
        UNION ALL
        SELECT t.area, t.measure, t.amount, t."on" < $2, t."on" < $4, t."on" < $6
          FROM tallies t
         WHERE t.area = ANY ($1) AND t."on" < greatest($2, $4, $6) AND t.recorded_on >= $8 AND t.recorded_on <= $9
       ) s
 WHERE $10::int[] IS NULL OR s.measure = ANY ($10)
 GROUP BY s.measure, s.area

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
