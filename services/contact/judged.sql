-- name: record_judged
-- These villages' window was judged.
INSERT INTO app.judged_windows (kind, opens, area)
SELECT $1::text, $2::date, u.area FROM unnest($3::text[]) AS u(area)

-- name: end_runs
-- A kept window ends the child's run.
DELETE FROM app.runs r USING unnest($2::uuid[]) AS u(child_id) WHERE r.child_id = u.child_id AND r.kind = $1::text

-- name: begin_runs
-- A missed window begins a run where none goes on.
INSERT INTO app.runs (child_id, kind, since)
SELECT u.child_id, $1::text, $2::date FROM unnest($3::uuid[]) AS u(child_id) ORDER BY u.child_id
ON CONFLICT (child_id, kind) DO NOTHING

-- name: record_escalations
-- The levels reached.
INSERT INTO app.escalations (child_id, kind, first_opens, level, closes, windows, area, recorded_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::text[], $5::date[], $6::int[], $7::text[], $8::date[])

-- name: record_misses
-- The misses of one window, some of them mended already.
INSERT INTO app.misses (child_id, kind, opens, closes, due, area, state, mended_on, visit_id, reason)
SELECT u.child_id, $1::text, $2::date, $3::date, $4::date, u.area,
       CASE WHEN u.visit_id IS NOT NULL THEN 'made_good' WHEN u.reason IS NOT NULL THEN 'withdrawn'
            ELSE 'outstanding' END,
       u.mended_on, u.visit_id, u.reason
  FROM unnest($5::uuid[], $6::text[], $7::date[], $8::uuid[], $9::text[])
       AS u(child_id, area, mended_on, visit_id, reason)
