-- name: lock_misses_around
-- The outstanding misses whose window holds one of these visits, locked in one order.
SELECT m.child_id, m.kind, m.opens, m.closes, m.due, m.area
  FROM app.misses m
 WHERE m.state = 'outstanding'
   AND EXISTS (
     SELECT FROM unnest($1::uuid[], $2::text[], $3::date[]) AS v(child_id, kind, on_day)
      WHERE v.child_id = m.child_id AND v.kind = m.kind AND v.on_day BETWEEN m.opens AND m.closes)
   AND m.child_id = ANY ($1::uuid[])
 ORDER BY m.child_id, m.kind, m.opens
   FOR UPDATE

-- name: lock_misses_of
-- The outstanding misses of these children, locked in one order.
SELECT child_id, kind, opens, closes, due, area
  FROM app.misses
 WHERE state = 'outstanding' AND child_id = ANY ($1::uuid[])
 ORDER BY child_id, kind, opens
   FOR UPDATE

-- name: mend_misses
-- What mended each: a visit makes good, a reason withdraws.
UPDATE app.misses m
   SET state = CASE WHEN u.visit_id IS NULL THEN 'withdrawn' ELSE 'made_good' END,
       mended_on = u.mended_on, visit_id = u.visit_id, reason = u.reason
  FROM unnest($1::uuid[], $2::text[], $3::date[], $4::date[], $5::uuid[], $6::text[])
       AS u(child_id, kind, opens, mended_on, visit_id, reason)
 WHERE m.child_id = u.child_id AND m.kind = u.kind AND m.opens = u.opens AND m.state = 'outstanding'
