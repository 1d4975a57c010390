-- name: live_side
-- The set of tables that answers.
SELECT side FROM app.live_side

-- name: look_at_live_side
-- Unqualified names mean the live side's tables until the transaction ends.
SELECT set_config('search_path', side || ', app, kernel', true), side FROM app.live_side

-- name: look_at_live_side_as
-- The same, and only these area prefixes are seen. Statements are planned once a connection.
SELECT set_config('search_path', side || ', app, kernel', true), set_config('kith.scope', $1::text, true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
  FROM app.live_side

-- name: look_at
-- Unqualified names mean this side's tables until the transaction ends.
SELECT set_config('search_path', $1::text || ', app, kernel', true)

-- name: fill
-- The same for the side that is not live, and nobody waits for the disk: after a crash it is filled from the start.
SELECT set_config('search_path', $1::text || ', app, kernel', true), set_config('synchronous_commit', 'off', true)

-- name: share_sides
-- Readers write together; the sides do not change while one of them does ("kith" and 1 name the lock).
SELECT pg_advisory_xact_lock_shared(1802073192, 1)

-- name: hold_sides
-- Waits for every reader's transaction in flight and lets none begin.
SELECT pg_advisory_xact_lock(1802073192, 1)

-- name: make_live
-- From the commit on, everybody looks at this side.
UPDATE app.live_side SET side = $1::text
