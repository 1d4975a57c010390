-- name: make_checkpoint
-- A reader's first checkpoint: before the first event.
INSERT INTO kernel.checkpoints (reader) VALUES ($1::text) ON CONFLICT DO NOTHING

-- name: checkpoint
-- Where a reader is.
SELECT store_id, tx, position, stream_seq, stream_created FROM kernel.checkpoints WHERE reader = $1::text

-- name: lock_checkpoint
-- The same, held until the transaction ends: nobody else moves this reader meanwhile.
SELECT store_id, tx, position, stream_seq, stream_created FROM kernel.checkpoints WHERE reader = $1::text FOR UPDATE

-- name: move_checkpoint
-- By compare-and-set, so that a reader that was frozen and thawed changes nothing.
UPDATE kernel.checkpoints
   SET store_id = $4::uuid, tx = $5::bigint, position = $6::bigint, stream_seq = $7::bigint,
       stream_created = $8::timestamptz, event_time = $9::timestamptz, moved_at = clock_timestamp()
 WHERE reader = $1::text AND tx = $2::bigint AND position = $3::bigint
RETURNING true
