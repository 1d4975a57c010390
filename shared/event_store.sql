-- name: append_first
-- The first event of a stream. One that is there already breaks its primary key: to look for it first, or ON CONFLICT,
-- costs every new stream more than the rare race does. This and the next two are one statement each and give nothing
-- back: a function that runs three takes a fifth more of the server's time, a row that comes back a tenth.
WITH written AS (
  INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
  VALUES (kernel.this_tx(), 1, $4::smallint, $2::uuid, $1::text, $3::text, $5::jsonb, $6::jsonb)
)
INSERT INTO kernel.streams (stream_id, version, last_tx) VALUES ($1::text, 1, kernel.this_tx())

-- name: append_next
-- One event to a stream that is at a version; nothing is written where it is at another.
WITH moved AS (
  UPDATE kernel.streams SET version = version + 1, last_tx = kernel.this_tx()
   WHERE stream_id = $1::text AND version = $7::int AND last_tx <= kernel.this_tx()
  RETURNING version, last_tx
)
INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
SELECT m.last_tx, m.version, $4::smallint, $2::uuid, $1::text, $3::text, $5::jsonb, $6::jsonb FROM moved m

-- name: append_last
-- One event to the end of a stream, wherever that is; nothing is written where a later transaction was first.
WITH moved AS (
  INSERT INTO kernel.streams AS s (stream_id, version, last_tx) VALUES ($1::text, 1, kernel.this_tx())
  ON CONFLICT (stream_id) DO UPDATE SET version = s.version + 1, last_tx = excluded.last_tx
   WHERE s.last_tx <= excluded.last_tx
  RETURNING version, last_tx
)
INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
SELECT m.last_tx, m.version, $4::smallint, $2::uuid, $1::text, $3::text, $5::jsonb, $6::jsonb FROM moved m

-- name: append_several_first
-- The first events of a stream, several at once; one that is there already breaks its primary key.
WITH written AS (
  INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
  SELECT kernel.this_tx(), u.n, u.schema_version, u.event_id, $1::text, u.event_type, u.data, $6::jsonb
    FROM unnest($2::uuid[], $3::text[], $4::smallint[], $5::jsonb[]) WITH ORDINALITY
         AS u(event_id, event_type, schema_version, data, n)
   ORDER BY u.n
)
INSERT INTO kernel.streams (stream_id, version, last_tx) VALUES ($1::text, cardinality($2::uuid[]), kernel.this_tx())

-- name: append_several
-- Several events to one stream that may be there already, in one round trip; no row on a conflict.
SELECT FROM kernel.append($1::text, $7::int, $2::uuid[], $3::text[], $4::smallint[], $5::jsonb[], $6::jsonb)
 WHERE version IS NOT NULL

-- name: append_many
-- Many streams in one statement, an outcome for each.
SELECT outcome
  FROM kernel.append_many($1::text[], $2::int[], $3::int[], $4::text[], $5::int[], $6::text[], $7::int[],
                          $8::uuid[], $9::text[], $10::smallint[], $11::jsonb[], $12::int[], $13::int[], $14::jsonb)

-- name: begin_streams
-- Many streams that are all new, in one statement, whose events follow by COPY. Nothing is written and no row comes
-- where one of them is there; another who begins one at this very moment breaks its primary key.
WITH begun AS (
  INSERT INTO kernel.streams (stream_id, version, last_tx)
  SELECT s.stream, s.events, kernel.this_tx() FROM unnest($1::text[], $2::int[]) AS s(stream, events)
   WHERE NOT EXISTS (SELECT FROM kernel.streams st WHERE st.stream_id = ANY ($1::text[]))
   ORDER BY s.stream
  RETURNING last_tx
)
SELECT last_tx FROM begun LIMIT 1

-- name: take_streams
-- Many streams in one statement, an outcome for each and where it stood; their events follow by COPY.
SELECT tx, outcomes, stood
  FROM kernel.take_streams($1::text[], $2::int[], $3::int[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::int[])

-- name: load
-- A stream from its beginning: a range of the primary key.
SELECT event_type, schema_version, data::text FROM kernel.events WHERE stream_id = $1::text ORDER BY version

-- name: load_many
-- Several streams at once, each in its order.
SELECT stream_id, event_type, schema_version, data::text
  FROM kernel.events WHERE stream_id = ANY ($1::text[]) ORDER BY stream_id, version

-- name: read_after
-- The only legal read of the whole log: one statement, so that one snapshot holds for both conditions. It writes out
-- what headers say, which is cheaper here than event by event in the relay.
SELECT tx, position, event_id::text, stream_id, event_type, version, schema_version,
       to_char(stored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS stored_at,
       data->>'area' AS area, meta->>'correlation_id' AS correlation_id, meta->>'traceparent' AS traceparent, data::text
  FROM kernel.events
 WHERE (tx, position) > ($1::bigint, $2::bigint) AND tx < (SELECT kernel.horizon())
 ORDER BY tx, position LIMIT $3::int

-- name: last_position
-- The end of the log as this snapshot sees it.
SELECT tx, position FROM kernel.events ORDER BY tx DESC, position DESC LIMIT 1

-- name: find_event
-- One event by its id.
SELECT tx, position, version, schema_version, event_id, stream_id, event_type, data::text, meta::text, stored_at
  FROM kernel.events WHERE event_id = $1::uuid

-- name: claim_owners
-- Which stream holds each of these keys.
SELECT key, stream_id FROM kernel.claims WHERE key = ANY ($1::text[])

-- name: store_id
-- Who this log is.
SELECT store_id FROM kernel.log

-- name: horizon_lag
-- How long the oldest write transaction of the cluster has been open, in seconds: it holds every reader back.
SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL

-- name: horizon_holders
-- Who holds the readers back, the longest first.
SELECT pid, datname::text AS database, usename::text AS role, state, application_name,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 20
