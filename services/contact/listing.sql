-- name: visits
-- Visits of an area, a child, a kind, between two days.
SELECT v.visit_id, v.seq, v.child_id, v.kind, v.on_day AS "on", v.entered_on, v.recorded_on, v.reached, v.in_file,
       v.area, v.carer_id
  FROM app.visits v
 WHERE starts_with(v.area, $1::text) AND ($2::uuid IS NULL OR v.child_id = $2::uuid)
   AND ($3::text IS NULL OR v.kind = $3::text)
   AND ($4::date IS NULL OR v.on_day >= $4::date) AND ($5::date IS NULL OR v.on_day <= $5::date)
   AND ($6::date IS NULL OR (v.on_day, v.seq) > ($6::date, $7::bigint))
 ORDER BY v.on_day, v.seq LIMIT $8::int

-- name: visits_outside_file
-- The same, of visits dated before the file was opened or after it was left.
SELECT v.visit_id, v.seq, v.child_id, v.kind, v.on_day AS "on", v.entered_on, v.recorded_on, v.reached, v.in_file,
       v.area, v.carer_id
  FROM app.visits v
 WHERE NOT v.in_file
   AND starts_with(v.area, $1::text) AND ($2::uuid IS NULL OR v.child_id = $2::uuid)
   AND ($3::text IS NULL OR v.kind = $3::text)
   AND ($4::date IS NULL OR v.on_day >= $4::date) AND ($5::date IS NULL OR v.on_day <= $5::date)
   AND ($6::date IS NULL OR (v.on_day, v.seq) > ($6::date, $7::bigint))
 ORDER BY v.on_day, v.seq LIMIT $8::int

-- name: visit_by_id
-- One visit.
SELECT visit_id, child_id, kind, on_day AS "on", entered_on, recorded_on, reached, in_file, area, carer_id
  FROM app.visits WHERE visit_id = $1::uuid

-- name: misses
-- Misses of an area, a child, a kind, in a state, whose window closed between two days.
SELECT m.child_id, m.kind, m.opens, m.closes, m.due, m.area, m.state, m.mended_on, m.visit_id, m.reason
  FROM app.misses m
 WHERE starts_with(m.area, $1::text) AND ($2::uuid IS NULL OR m.child_id = $2::uuid)
   AND ($3::text IS NULL OR m.kind = $3::text)
   AND ($4::date IS NULL OR m.closes >= $4::date) AND ($5::date IS NULL OR m.closes <= $5::date)
   AND ($6::text IS NULL OR m.state = $6::text)
   AND ($7::date IS NULL OR (m.closes, m.child_id, m.kind) > ($7::date, $8::uuid, $9::text))
 ORDER BY m.closes, m.child_id, m.kind LIMIT $10::int

-- name: escalations
-- Escalations of an area, a child, a kind, to a level, recorded between two days.
SELECT e.child_id, e.kind, e.level, e.first_opens, e.closes, e.windows, e.area, e.recorded_on
  FROM app.escalations e
 WHERE starts_with(e.area, $1::text) AND ($2::uuid IS NULL OR e.child_id = $2::uuid)
   AND ($3::text IS NULL OR e.kind = $3::text)
   AND ($4::date IS NULL OR e.recorded_on >= $4::date) AND ($5::date IS NULL OR e.recorded_on <= $5::date)
   AND ($6::text IS NULL OR e.level = $6::text)
   AND ($7::date IS NULL OR (e.recorded_on, e.child_id, e.kind, e.first_opens, e.level)
                          > ($7::date, $8::uuid, $9::text, $10::date, $11::text))
 ORDER BY e.recorded_on, e.child_id, e.kind, e.first_opens, e.level LIMIT $12::int
