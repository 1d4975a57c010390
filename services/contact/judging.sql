-- name: plan_for_these_villages
-- Until the transaction ends, plan each query for what it is asked: a plan for any list of villages takes
-- it for a short one, and scans whole tables for each child.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: not_judged
-- Those of these villages in which the window was not judged yet.
SELECT v.area FROM unnest($1::text[]) AS v(area)
 WHERE NOT EXISTS (SELECT FROM app.judged_windows j
                    WHERE j.kind = $2::text AND j.opens = $3::date AND j.area = v.area)

-- name: counted
-- The children of these villages for whom the window counts, by what was known on its due day, and
-- whether a visit known by then keeps it. Each child is looked up by its key (LIMIT 1 holds the planner to
-- it): what a child costs does not grow with the others.
WITH candidates AS MATERIALIZED (
  SELECT DISTINCT st.child_id FROM app.child_states st WHERE st.area = ANY ($1::text[])
)
SELECT living.area, c.child_id,
       coalesce((SELECT true FROM app.keeping k
                  WHERE k.child_id = c.child_id AND k.kind = $2::text
                    AND k.on_day BETWEEN $3::date AND $4::date
                    AND k.known_on <= $5::date AND k.until_on > $5::date LIMIT 1), false) AS kept
  FROM candidates c
 CROSS JOIN LATERAL (SELECT st.area, st.poor FROM app.child_states st
                      WHERE st.child_id = c.child_id AND st.from_on <= $4::date AND st.recorded_on <= $5::date
                      ORDER BY st.from_on DESC, st.seq DESC LIMIT 1) living
 CROSS JOIN LATERAL (SELECT FROM app.files f
                      WHERE f.child_id = c.child_id AND f.filed_on <= $3::date AND f.recorded_on <= $5::date
                        AND NOT coalesce(f.left_known_on <= $5::date
                                         AND (f.left_on <= $4::date OR f.reason = ANY ($7::text[])), false)
                        AND NOT EXISTS (SELECT FROM app.former_leavings b
                                         WHERE b.spell_id = f.spell_id
                                           AND b.left_known_on <= $5::date AND $5::date < b.superseded_on
                                           AND (b.left_on <= $4::date OR b.reason = ANY ($7::text[])))
                      LIMIT 1) owed
 WHERE living.area = ANY ($1::text[]) AND (living.poor OR NOT $6::boolean)
 ORDER BY living.area, c.child_id

-- name: pairs_in_force
-- The pairs of these children in force on the window's last day, by what was known on its due day.
SELECT p.child_id, p.pair_id, p.carer_id, p.kind
  FROM app.pairs p
 WHERE p.child_id = ANY ($1::uuid[]) AND p.from_on <= $2::date AND p.recorded_on <= $3::date
   AND NOT coalesce(p.until_on <= $2::date AND p.until_known_on <= $3::date, false)
 ORDER BY p.child_id, p.from_on, p.pair_id

-- name: earlier_misses
-- The misses of these children and kind since the last window that was kept. OFFSET 0: look each child up
-- by its key, whatever statistics say of tables that this judging fills.
SELECT u.child_id, m.opens, m.state, m.mended_on
  FROM unnest($1::uuid[]) AS u(child_id)
 CROSS JOIN LATERAL (SELECT r.since FROM app.runs r
                      WHERE r.child_id = u.child_id AND r.kind = $2::text OFFSET 0) run
 CROSS JOIN LATERAL (SELECT m.opens, m.state, m.mended_on FROM app.misses m
                      WHERE m.child_id = u.child_id AND m.kind = $2::text
                        AND m.opens >= run.since AND m.opens < $3::date OFFSET 0) m

-- name: raised
-- The levels that the runs of these children since then were raised to, looked up in the same way.
SELECT u.child_id, e.first_opens, e.level
  FROM unnest($1::uuid[]) AS u(child_id)
 CROSS JOIN LATERAL (SELECT r.since FROM app.runs r
                      WHERE r.child_id = u.child_id AND r.kind = $2::text OFFSET 0) run
 CROSS JOIN LATERAL (SELECT e.first_opens, e.level FROM app.escalations e
                      WHERE e.child_id = u.child_id AND e.kind = $2::text
                        AND e.first_opens >= run.since OFFSET 0) e

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
