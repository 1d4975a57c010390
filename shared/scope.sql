-- name: narrow
-- For the rest of this transaction only these area prefixes are seen (kernel.in_scope reads it).
SELECT set_config('kith.scope', $1::text, true)
