-- name: plan_for_many
-- Until plan_for_writing: plan each query once a connection and not anew for every batch, find children by their keys,
-- and never join by looping: a plan that is made for any list takes it for a short one.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
       set_config('enable_nestloop', 'off', true)

-- name: plan_for_writing
-- Until the transaction ends: what is written is planned for as many rows as there are, and may be joined by looping:
-- the log's own tables are too long for anything but a loop over their keys.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_nestloop', 'on', true)

-- name: counted
-- In each of these villages and for each of these kinds that was not judged there yet, whom the window counts by what
-- was known on its due day: whom a visit known by then keeps, and whom none does, since when those have been missed,
-- who of them was visited in time but told of late, and who was known only later to have left; and the children kept
-- whose run of misses ends. The last word on a leaving is the latest: where a former one came after the due day, so
-- did that. An array from a subquery needs its cast, or ANY takes the subquery's rows for its elements.
WITH wanted AS MATERIALIZED (
  SELECT row_number() OVER ()::int AS n, v.area, w.kind, w.poor_only
    FROM unnest($1::text[]) AS v(area)
   CROSS JOIN unnest($2::text[], $3::boolean[]) AS w(kind, poor_only)
   WHERE (w.kind, v.area) NOT IN (
           SELECT j.kind, j.area FROM app.judged_windows j
            WHERE j.kind = ANY ($2::text[]) AND j.opens = $4::date AND j.area = ANY ($1::text[]))
), lived AS MATERIALIZED (
  SELECT array_agg(DISTINCT st.child_id) AS ever
    FROM app.child_states st WHERE st.area = ANY (ARRAY(SELECT area FROM wanted))
), living AS (
  SELECT DISTINCT ON (st.child_id) st.child_id, st.area, st.poor
    FROM app.child_states st
   WHERE st.child_id = ANY ((SELECT ever FROM lived)::uuid[])
     AND st.from_on <= $5::date AND st.recorded_on <= $6::date
   ORDER BY st.child_id, st.from_on DESC, st.seq DESC
), filed AS (
  SELECT f.child_id, coalesce(bool_or(f.left_known_on > $6::date), false) AS left_later,
         bool_or(f.filed_on <= $4::date AND f.recorded_on <= $6::date
                 AND NOT coalesce(f.left_known_on <= $6::date
                                  AND (f.left_on <= $5::date OR f.reason = ANY ($7::text[])), false)
                 AND f.spell_id NOT IN (
                       SELECT b.spell_id FROM app.former_leavings b
                        WHERE b.child_id = ANY ((SELECT ever FROM lived)::uuid[])
                          AND b.left_known_on <= $6::date AND $6::date < b.superseded_on
                          AND (b.left_on <= $5::date OR b.reason = ANY ($7::text[])))) AS owed
    FROM app.files f
   WHERE f.child_id = ANY ((SELECT ever FROM lived)::uuid[])
   GROUP BY f.child_id
), visited AS (
  SELECT k.child_id, k.kind, bool_or(k.known_on <= $6::date AND k.until_on > $6::date) AS kept,
         bool_or(k.known_on > $6::date) AS late
    FROM app.keeping k
   WHERE k.child_id = ANY ((SELECT ever FROM lived)::uuid[]) AND k.kind = ANY ($2::text[])
     AND k.on_day BETWEEN $4::date AND $5::date
   GROUP BY k.child_id, k.kind
), runs AS (
  SELECT r.child_id, r.kind, r.since FROM app.runs r
   WHERE r.child_id = ANY ((SELECT ever FROM lived)::uuid[]) AND r.kind = ANY ($2::text[])
), counted AS (
  SELECT w.n, l.child_id, r.since, coalesce(v.kept, false) AS kept, coalesce(v.late, false) AS late, f.left_later
    FROM wanted w
    JOIN living l ON l.area = w.area AND (l.poor OR NOT w.poor_only)
    JOIN filed f ON f.child_id = l.child_id AND f.owed
    LEFT JOIN visited v ON v.child_id = l.child_id AND v.kind = w.kind
    LEFT JOIN runs r ON r.child_id = l.child_id AND r.kind = w.kind
   ORDER BY w.n, l.child_id
), by_village AS (
  SELECT n, coalesce(array_agg(child_id) FILTER (WHERE kept), '{}') AS kept,
         coalesce(array_agg(child_id) FILTER (WHERE NOT kept), '{}') AS missing,
         coalesce(array_agg(since) FILTER (WHERE NOT kept), '{}') AS since,
         coalesce(array_agg(child_id) FILTER (WHERE NOT kept AND late), '{}') AS late,
         coalesce(array_agg(child_id) FILTER (WHERE NOT kept AND left_later), '{}') AS left_later,
         coalesce(array_agg(child_id) FILTER (WHERE kept AND since IS NOT NULL), '{}') AS ended
    FROM counted GROUP BY n
)
SELECT w.kind, w.area, v.kept, v.missing, v.since, v.late, v.left_later, v.ended
  FROM by_village v JOIN wanted w USING (n)
 ORDER BY n

-- name: pairs_in_force
-- The pairs of these children in force on the window's last day, by what was known on its due day.
SELECT p.child_id, p.pair_id, p.carer_id, p.kind
  FROM app.pairs p
 WHERE p.child_id = ANY ($1::uuid[]) AND p.from_on <= $2::date AND p.recorded_on <= $3::date
   AND NOT coalesce(p.until_on <= $2::date AND p.until_known_on <= $3::date, false)
 ORDER BY p.child_id, p.from_on, p.pair_id

-- name: earlier_misses
-- The misses of these children and kinds from a day to the window.
SELECT m.child_id, m.kind, m.opens, CASE m.state WHEN 'made_good' THEN m.mended_on END AS made_good_on,
       CASE m.state WHEN 'withdrawn' THEN m.mended_on END AS withdrawn_on
  FROM app.misses m
 WHERE m.child_id = ANY ($1::uuid[]) AND m.kind = ANY ($2::text[]) AND m.opens >= $3::date AND m.opens < $4::date

-- name: raised
-- The levels to which runs of these children and kinds that began on a day or later were raised.
SELECT e.child_id, e.kind, e.first_opens, e.level
  FROM app.escalations e
 WHERE e.child_id = ANY ($1::uuid[]) AND e.kind = ANY ($2::text[]) AND e.first_opens >= $3::date

-- name: late_visits
-- The visit of each kind that was first known, after the due day, to have been made inside the window.
SELECT DISTINCT ON (k.child_id, k.kind) k.child_id, k.kind, k.visit_id, k.known_on, k.seq
  FROM app.keeping k
 WHERE k.child_id = ANY ($1::uuid[]) AND k.kind = ANY ($2::text[])
   AND k.on_day BETWEEN $3::date AND $4::date AND k.known_on > $5::date
 ORDER BY k.child_id, k.kind, k.known_on, k.seq

-- name: later_leavings
-- The departure that was first known, after the due day, to mean that the window had not been owed; of several
-- words of one day the first.
SELECT DISTINCT ON (f.child_id) f.child_id, f.left_on, f.reason, f.left_known_on, f.last_visit
  FROM (SELECT child_id, filed_on, left_on, reason, left_known_on, last_visit, NULL AS word FROM app.files
         WHERE child_id = ANY ($1::uuid[])
        UNION ALL
        SELECT child_id, filed_on, left_on, reason, left_known_on, last_visit, seq FROM app.former_leavings
         WHERE child_id = ANY ($1::uuid[])) f
 WHERE f.left_known_on > $4::date
   AND ((f.filed_on <= $2::date AND f.left_on <= $3::date) OR f.reason = ANY ($5::text[]))
 ORDER BY f.child_id, f.left_known_on, f.filed_on, f.word NULLS LAST
