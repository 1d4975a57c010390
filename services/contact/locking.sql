-- name: share_gate
-- Held beside others of its kind.
SELECT pg_advisory_xact_lock_shared($1::bigint)

-- name: close_gate
-- Held alone.
SELECT pg_advisory_xact_lock($1::bigint)
