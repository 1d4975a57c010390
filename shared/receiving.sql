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

-- name: parked_streams
-- Which of these streams have an event parked before: what follows must wait behind it.
SELECT DISTINCT stream_id FROM kernel.parked_events WHERE reader = $1::text AND stream_id = ANY ($2::text[])

-- name: count_parked
-- How many events of a reader are parked.
SELECT count(*) FROM kernel.parked_events WHERE reader = $1::text

-- name: park
-- An event that could not be applied, kept whole with the reason.
INSERT INTO kernel.parked_events (reader, source, store_id, tx, position, stream_id, version, event_id,
                                  event_type, schema_version, data, meta, error, attempts)
VALUES ($1::text, $2::text, $3::uuid, $4::bigint, $5::bigint, $6::text, $7::int, $8::text,
        $9::text, $10::int, $11::bytea, $12::jsonb, $13::text, 1)
ON CONFLICT (reader, tx, position) DO NOTHING

-- name: positions
-- Every reader's place, for operators.
SELECT reader, tx, position, stream_seq, event_time, moved_at FROM kernel.checkpoints ORDER BY reader
