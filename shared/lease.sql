-- name: hold
-- Take the lease where it is free or run out, or keep it where it is ours already.
INSERT INTO kernel.leases AS l (name, holder, held_until)
VALUES ($1::text, $2::uuid, clock_timestamp() + make_interval(secs => $3::float8))
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
 WHERE l.holder = excluded.holder OR l.held_until < clock_timestamp()
RETURNING true

-- name: give_back
-- A holder that stops in order lets the next one begin at once.
DELETE FROM kernel.leases WHERE name = $1::text AND holder = $2::uuid
