-- The figures of an area are answered by one statement in one round trip, where opening a transaction, narrowing it to
-- the caller, the area, the sums and the end took one each: half of the time of an answer.
SET LOCAL search_path = side_a, app, kernel;  -- what the functions name must be there; they look at the live side

-- Up to three days (the as-of day, the period's last, its eve), all as known on a day: whole months from the sums
-- by month, each day's open month from those by day, and what was learned of earlier days in the month that is
-- still open to knowledge. "+ 0" has the open months found by day: what was ever known of an area is far more.
CREATE FUNCTION app.totals(
  p_areas text[], p_as_of_month date, p_as_of date, p_last_month date, p_last date, p_eve_month date, p_eve date,
  p_known_month date, p_known_on date, p_measures int[]
) RETURNS TABLE (area text, measure int, standing bigint, until_last bigint, before bigint)
LANGUAGE sql STABLE AS $$
  SELECT s.area, s.measure,
         coalesce(sum(s.amount) FILTER (WHERE s.stands), 0)::bigint,
         coalesce(sum(s.amount) FILTER (WHERE s.until_last), 0)::bigint,
         coalesce(sum(s.amount) FILTER (WHERE s.before), 0)::bigint
    FROM (SELECT m.area, m.measure, m.amount, m.on_month < p_as_of_month AS stands,
                 m.on_month < p_last_month AS until_last, m.on_month < p_eve_month AS before
            FROM month_tallies m
           WHERE m.area = ANY (p_areas) AND m.on_month < greatest(p_as_of_month, p_last_month, p_eve_month)
             AND m.recorded_month < p_known_month
          UNION ALL
          SELECT t.area, t.measure, t.amount, d.day = p_as_of, d.day = p_last, d.day = p_eve
            FROM (VALUES (p_as_of_month, p_as_of) UNION VALUES (p_last_month, p_last) UNION VALUES (p_eve_month, p_eve))
                 AS d (open_month, day)
            JOIN tallies t ON t."on" BETWEEN d.open_month AND d.day
           WHERE t.area = ANY (p_areas) AND t.recorded_on + 0 <= p_known_on
          UNION ALL
          SELECT t.area, t.measure, t.amount, t."on" < p_as_of_month, t."on" < p_last_month, t."on" < p_eve_month
            FROM tallies t
           WHERE t.area = ANY (p_areas) AND t."on" < greatest(p_as_of_month, p_last_month, p_eve_month)
             AND t.recorded_on >= p_known_month AND t.recorded_on <= p_known_on
         ) s
   WHERE p_measures IS NULL OR s.measure = ANY (p_measures)
   GROUP BY s.measure, s.area
$$;

-- An area: its name on a day, or its first name on days before that; all as known on a day.
CREATE FUNCTION app.area_named(p_area text, p_as_of date, p_known_on date)
RETURNS TABLE (area text, name text, level text, parent text, closed_on date, successor text)
LANGUAGE sql STABLE AS $$
  SELECT a.area, (array_agg(a.name ORDER BY a."on" <= p_as_of DESC, CASE WHEN a."on" <= p_as_of THEN a.version
                            ELSE -a.version END DESC) FILTER (WHERE a.name IS NOT NULL))[1],
         max(a.level), max(a.parent),
         max(a."on") FILTER (WHERE a.closed AND a."on" <= p_as_of),
         max(a.successor) FILTER (WHERE a."on" <= p_as_of)
    FROM areas a
   WHERE a.area = p_area AND a.recorded_on <= p_known_on
   GROUP BY a.area
$$;

-- The first day of the first month that has not passed whole by the end of a day.
CREATE FUNCTION app.open_month(p_day date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$ SELECT date_trunc('month', (p_day + 1)::timestamp)::date $$;

-- The area and its sums, as far as a scope sees them; area is null where it sees none.
CREATE FUNCTION app.figures_as(
  p_scope text, p_area text, p_as_of date, p_first date, p_last date, p_known_on date, p_otherwise date,
  OUT as_of date, OUT area text, OUT name text, OUT level text, OUT parent text, OUT closed_on date,
  OUT successor text, OUT measures int[], OUT standing bigint[], OUT until_last bigint[], OUT before bigint[]
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- Each a value, reckoned once: within the sums an expression would be reckoned once a row.
  eve date := p_first - 1;
  last date;
  as_of_month date;
  last_month date;
  eve_month date := app.open_month(eve);
  known_month date := app.open_month(p_known_on);
  of_it text[] := ARRAY[p_area];
BEGIN
  -- First of all, and until the statement ends: only what the scope holds is seen, and of it the live side.
  PERFORM set_config('search_path', l.side || ', app, kernel', true), set_config('kith.scope', p_scope, true),
          set_config('plan_cache_mode', 'force_generic_plan', true)
     FROM app.live_side l;
  as_of := coalesce(p_as_of, p_last, (SELECT max(d.day) FROM days d), p_otherwise);
  as_of_month := app.open_month(as_of);
  last := coalesce(p_last, as_of);
  last_month := app.open_month(last);
  SELECT a.* INTO area, name, level, parent, closed_on, successor FROM app.area_named(p_area, as_of, p_known_on) a;
  SELECT array_agg(s.measure), array_agg(s.standing), array_agg(s.until_last), array_agg(s.before)
    INTO measures, standing, until_last, before
    FROM app.totals(of_it, as_of_month, as_of, last_month, last, eve_month, eve, known_month, p_known_on, NULL) s;
END
$$;
