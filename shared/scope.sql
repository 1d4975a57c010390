-- name: narrow
-- For the rest of this transaction only these area prefixes are seen (kernel.in_scope reads it).
SELECT set_config('kith.scope', $1::text, true)

-- name: narrow_reading
-- The same, and each statement is planned for what is asked: a list of a village and one of all are not read alike.
SELECT set_config('kith.scope', $1::text, true), set_config('plan_cache_mode', 'force_custom_plan', true)
