-- What was learned in the open month of earlier days is little, and all that was learned in it is much: the index says of
-- which day a sum is, so that the rest is left out before its rows are read.
DROP INDEX side_a.tallies_by_knowledge, side_b.tallies_by_knowledge;
CREATE INDEX tallies_by_knowledge ON side_a.tallies (area, recorded_on, "on");
CREATE INDEX tallies_by_knowledge ON side_b.tallies (area, recorded_on, "on");

-- Sums are added up as whole numbers: sum() of a bigint is a numeric first. What an area has of a measure on a day or in
-- a month is far below two thousand million. The rest is as migration 0004 has it, with its reasons; "+ 0" keeps days from
-- being found by when they were told of, which are many more.
SET LOCAL search_path = side_a, app, kernel;

CREATE OR REPLACE FUNCTION app.totals(
  p_areas text[], p_as_of_month date, p_as_of date, p_last_month date, p_last date, p_eve_month date, p_eve date,
  p_known_month date, p_known_on date, p_measures int[]
) RETURNS TABLE (area text, measure int, standing bigint, until_last bigint, before bigint)
LANGUAGE sql STABLE AS $$
  SELECT s.area, s.measure,
         coalesce(sum(s.amount) FILTER (WHERE s.stands), 0),
         coalesce(sum(s.amount) FILTER (WHERE s.until_last), 0),
         coalesce(sum(s.amount) FILTER (WHERE s.before), 0)
    FROM (SELECT m.area, m.measure, m.amount::int AS amount, m.on_month < p_as_of_month AS stands,
                 m.on_month < p_last_month AS until_last, m.on_month < p_eve_month AS before
            FROM month_tallies m
           WHERE m.area = ANY (p_areas) AND m.on_month < greatest(p_as_of_month, p_last_month, p_eve_month)
             AND m.recorded_month < p_known_month
          UNION ALL
          SELECT o.area, o.measure, o.amount::int, d.day = p_as_of, d.day = p_last, d.day = p_eve
            FROM (VALUES (p_as_of_month, p_as_of) UNION VALUES (p_last_month, p_last) UNION VALUES (p_eve_month, p_eve))
                 AS d (open_month, day)
           CROSS JOIN LATERAL (
             SELECT t.area, t.measure, t.amount FROM tallies t
              WHERE t.area = ANY (p_areas) AND t."on" BETWEEN d.open_month AND d.day AND t.recorded_on + 0 <= p_known_on
             OFFSET 0
           ) o
          UNION ALL
          SELECT t.area, t.measure, t.amount::int, t."on" < p_as_of_month, t."on" < p_last_month, t."on" < p_eve_month
            FROM tallies t
           WHERE t.area = ANY (p_areas) AND t."on" < greatest(p_as_of_month, p_last_month, p_eve_month)
             AND t.recorded_on >= p_known_month AND t.recorded_on <= p_known_on
         ) s
   WHERE p_measures IS NULL OR s.measure = ANY (p_measures)
   GROUP BY s.measure, s.area
$$;
