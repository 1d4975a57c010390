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
