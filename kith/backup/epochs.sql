-- name: begin_epoch
-- Beyond everything the lost future of this log may have given out, and beyond what the log holds, wherever
-- the counter of this cluster stands.
UPDATE kernel.log l
   SET tx_base = greatest(l.tx_base,
                          coalesce((SELECT max(e.tx) FROM kernel.events e), 0) - pg_current_xact_id()::text::bigint)
               + $1::bigint
RETURNING l.tx_base

-- name: behind
-- Whether this cluster counts lower than the log does: true only where it was restored into another one.
SELECT coalesce((SELECT max(e.tx) FROM kernel.events e) >= l.tx_base + pg_current_xact_id()::text::bigint, false)
  FROM kernel.log l

-- name: free_leases
-- Who held them is gone.
DELETE FROM kernel.leases
