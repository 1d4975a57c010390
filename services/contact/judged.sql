-- name: record_judged
-- These villages' window was judged.
INSERT INTO app.judged_windows (kind, opens, area)
SELECT $1::text, $2::date, u.area FROM unnest($3::text[]) AS u(area)

-- name: end_runs
-- A kept window ends the child's run.
DELETE FROM app.runs WHERE child_id = ANY ($2::uuid[]) AND kind = $1::text

-- name: begin_runs
-- A miss after a window that was kept, or the first, begins a run.
INSERT INTO app.runs (child_id, kind, since)
SELECT u.child_id, $1::text, $2::date FROM unnest($3::uuid[]) AS u(child_id) ORDER BY u.child_id

-- name: record_misses
-- The misses of one window.
INSERT INTO app.misses (child_id, kind, opens, closes, due, area, state)
SELECT u.child_id, $1::text, $2::date, $3::date, $4::date, u.area, 'outstanding'
  FROM unnest($5::uuid[], $6::text[]) AS u(child_id, area) ORDER BY u.child_id

-- name: record_escalations
-- The levels that one window raised children to.
INSERT INTO app.escalations (child_id, kind, first_opens, level, closes, windows, area, recorded_on)
SELECT u.child_id, $1::text, u.first_opens, u.level, $2::date, u.windows, u.area, $3::date
  FROM unnest($4::uuid[], $5::date[], $6::text[], $7::int[], $8::text[])
       AS u(child_id, first_opens, level, windows, area)
 ORDER BY u.child_id
