-- name: lock_misses_around
-- The outstanding misses of these children and kinds with a day between two days, locked in one order.
-- `state` stands in no condition here: the primary key is to find them, however many are outstanding.
SELECT child_id, kind, opens, closes, due, area
  FROM app.misses
 WHERE mended_on IS NULL AND child_id = ANY ($1::uuid[]) AND kind = ANY ($2::text[])
   AND closes >= $3::date AND opens <= $4::date
 ORDER BY child_id, kind, opens
   FOR UPDATE

-- name: lock_misses_of
-- The outstanding misses of these children, locked in one order.
SELECT child_id, kind, opens, closes, due, area
  FROM app.misses
 WHERE mended_on IS NULL AND child_id = ANY ($1::uuid[])
 ORDER BY child_id, kind, opens
   FOR UPDATE

-- name: mend_misses
-- What mended each: a visit makes good, a reason withdraws. A miss comes once, with what mended it first.
UPDATE app.misses m
   SET state = CASE WHEN u.visit_id IS NULL THEN 'withdrawn' ELSE 'made_good' END,
       mended_on = u.mended_on, visit_id = u.visit_id, reason = u.reason
  FROM unnest($1::uuid[], $2::text[], $3::date[], $4::date[], $5::uuid[], $6::text[])
       AS u(child_id, kind, opens, mended_on, visit_id, reason)
 WHERE m.child_id = u.child_id AND m.kind = u.kind AND m.opens = u.opens AND m.mended_on IS NULL
   AND m.child_id = ANY ($1::uuid[])
