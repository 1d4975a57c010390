-- name: received_event
-- One event as it came.
SELECT event_id, source, event_type, schema_version, stream_id, version, tx, position, area, data, meta
  FROM kept.received
 WHERE event_id = $1::uuid
