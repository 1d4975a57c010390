-- name: share_gate
-- Held beside others, each leaf in the order given, so that nobody waits in a ring.
SELECT pg_advisory_xact_lock_shared(u.leaf) FROM unnest($1::bigint[]) AS u(leaf)

-- name: share_gate_for_one
-- The same, and what follows is planned once a connection: planning for arrays of one takes longer than the work.
SELECT pg_advisory_xact_lock_shared(u.leaf), set_config('plan_cache_mode', 'force_generic_plan', true)
  FROM unnest($1::bigint[]) AS u(leaf)

-- name: close_leaves
-- Held alone, in the order given.
SELECT pg_advisory_xact_lock(u.leaf) FROM unnest($1::bigint[]) AS u(leaf)
