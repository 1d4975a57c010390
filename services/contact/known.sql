-- name: plan_for_these_children
-- Until the transaction ends, plan each query for the children it is asked for, and find them by their keys: a
-- plan for any list takes it for a short one, and statistics of tables that judging fills lag behind.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true)

-- name: not_judged
-- Those of these villages in which the window was not judged yet, and all children who have ever lived there.
SELECT v.area, array_agg(DISTINCT st.child_id) AS children
  FROM unnest($1::text[]) AS v(area)
  JOIN app.child_states st ON st.area = v.area
 WHERE NOT EXISTS (SELECT FROM app.judged_windows j
                    WHERE j.kind = $2::text AND j.opens = $3::date AND j.area = v.area)
 GROUP BY v.area

-- name: counted
-- By village, which of these children the window counts by what was known on its due day, and whom of them
-- no visit known by then keeps.
WITH living AS (
  SELECT DISTINCT ON (st.child_id) st.child_id, st.area, st.poor
    FROM app.child_states st
   WHERE st.child_id = ANY ($1::uuid[]) AND st.from_on <= $5::date AND st.recorded_on <= $6::date
   ORDER BY st.child_id, st.from_on DESC, st.seq DESC
), owed AS (
  SELECT DISTINCT f.child_id
    FROM app.files f
   WHERE f.child_id = ANY ($1::uuid[]) AND f.filed_on <= $4::date AND f.recorded_on <= $6::date
     AND NOT coalesce(f.left_known_on <= $6::date AND (f.left_on <= $5::date OR f.reason = ANY ($8::text[])), false)
     AND NOT EXISTS (SELECT FROM app.former_leavings b
                      WHERE b.spell_id = f.spell_id AND b.child_id = ANY ($1::uuid[])
                        AND b.left_known_on <= $6::date AND $6::date < b.superseded_on
                        AND (b.left_on <= $5::date OR b.reason = ANY ($8::text[])))
), kept AS (
  SELECT DISTINCT k.child_id
    FROM app.keeping k
   WHERE k.child_id = ANY ($1::uuid[]) AND k.kind = $3::text AND k.on_day BETWEEN $4::date AND $5::date
     AND k.known_on <= $6::date AND k.until_on > $6::date
)
SELECT l.area, array_agg(child_id ORDER BY child_id) AS counted,
       coalesce(array_agg(child_id ORDER BY child_id) FILTER (WHERE k.child_id IS NULL), '{}') AS missing
  FROM living l
  JOIN owed o USING (child_id)
  LEFT JOIN kept k USING (child_id)
 WHERE l.area = ANY ($2::text[]) AND (l.poor OR NOT $7::boolean)
 GROUP BY l.area ORDER BY l.area

-- name: pairs_in_force
-- The pairs of these children in force on the window's last day, by what was known on its due day.
SELECT p.child_id, p.pair_id, p.carer_id, p.kind
  FROM app.pairs p
 WHERE p.child_id = ANY ($1::uuid[]) AND p.from_on <= $2::date AND p.recorded_on <= $3::date
   AND NOT coalesce(p.until_on <= $2::date AND p.until_known_on <= $3::date, false)
 ORDER BY p.child_id, p.from_on, p.pair_id

-- name: runs
-- Since when these children have been missed without a window that was kept.
SELECT r.child_id, r.since FROM app.runs r WHERE r.child_id = ANY ($1::uuid[]) AND r.kind = $2::text

-- name: earlier_misses
-- The misses of these children and kind from a day to the window.
SELECT m.child_id, m.opens, CASE m.state WHEN 'made_good' THEN m.mended_on END AS made_good_on,
       CASE m.state WHEN 'withdrawn' THEN m.mended_on END AS withdrawn_on
  FROM app.misses m
 WHERE m.child_id = ANY ($1::uuid[]) AND m.kind = $2::text AND m.opens >= $3::date AND m.opens < $4::date

-- name: raised
-- The levels to which runs of these children that began on a day or later were raised.
SELECT e.child_id, e.first_opens, e.level
  FROM app.escalations e
 WHERE e.child_id = ANY ($1::uuid[]) AND e.kind = $2::text AND e.first_opens >= $3::date

-- name: late_visits
-- The visit that was first known, after the due day, to have been made inside the window.
SELECT DISTINCT ON (k.child_id) k.child_id, k.visit_id, k.known_on
  FROM app.keeping k
 WHERE k.child_id = ANY ($1::uuid[]) AND k.kind = $2::text
   AND k.on_day BETWEEN $3::date AND $4::date AND k.known_on > $5::date
 ORDER BY k.child_id, k.known_on, k.seq

-- name: later_leavings
-- The departure that was first known, after the due day, to mean that the window had not been owed; of several
-- words of one day the first.
SELECT DISTINCT ON (f.child_id) f.child_id, f.left_on, f.reason, f.left_known_on
  FROM (SELECT child_id, filed_on, left_on, reason, left_known_on, NULL AS word FROM app.files
         WHERE child_id = ANY ($1::uuid[])
        UNION ALL
        SELECT child_id, filed_on, left_on, reason, left_known_on, seq FROM app.former_leavings
         WHERE child_id = ANY ($1::uuid[])) f
 WHERE f.left_known_on > $4::date
   AND ((f.filed_on <= $2::date AND f.left_on <= $3::date) OR f.reason = ANY ($5::text[]))
 ORDER BY f.child_id, f.left_known_on, f.filed_on, f.word NULLS LAST
