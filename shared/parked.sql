-- name: list_parked
-- Parked events after a key, the oldest first.
SELECT parked_id, reader, source, tx, position, stream_id, version, event_id, event_type, error, attempts, parked_at
  FROM kernel.parked_events WHERE parked_id > $1::bigint ORDER BY parked_id LIMIT $2::int

-- name: show_parked
-- One parked event with its body.
SELECT parked_id, reader, source, store_id, tx, position, stream_id, version, event_id, event_type, schema_version,
       data, meta::text, error, attempts, parked_at
  FROM kernel.parked_events WHERE parked_id = $1::bigint

-- name: reader_of
-- Whose a parked event is.
SELECT reader FROM kernel.parked_events WHERE parked_id = $1::bigint

-- name: queue_of
-- A parked event and all that wait behind it in its stream, in order.
SELECT behind.parked_id, behind.reader, behind.source, behind.store_id, behind.tx, behind.position, behind.stream_id,
       behind.version, behind.event_id, behind.event_type, behind.schema_version, behind.data, behind.meta::text,
       behind.parked_at
  FROM kernel.parked_events chosen
  JOIN kernel.parked_events behind ON behind.reader = chosen.reader AND behind.stream_id = chosen.stream_id
 WHERE chosen.parked_id = $1::bigint
 ORDER BY behind.tx, behind.position LIMIT $2::int

-- name: unpark
-- It was applied, or somebody decided to do without it.
DELETE FROM kernel.parked_events WHERE parked_id = $1::bigint RETURNING true

-- name: failed_again
-- Another try came to nothing.
UPDATE kernel.parked_events SET attempts = attempts + 1, error = $2::text WHERE parked_id = $1::bigint
