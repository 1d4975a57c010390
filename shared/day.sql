-- name: last_advanced
-- The day this service was last advanced to.
SELECT day FROM kernel.day

-- name: lock_day
-- The same, held until the transaction ends, so that two advances of one service go one after the other.
SELECT day FROM kernel.day FOR UPDATE

-- name: move_day
-- The day only ever goes forward.
INSERT INTO kernel.day AS d (day) VALUES ($1::date)
ON CONFLICT (one) DO UPDATE SET day = excluded.day WHERE d.day < excluded.day
RETURNING day
