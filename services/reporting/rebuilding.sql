-- name: ask
-- Nothing comes back where a rebuild was asked for already and has not ended.
INSERT INTO app.rebuilds AS r (projection, state, done, total) VALUES ($1::text, 'asked', 0, 0)
    ON CONFLICT (projection) DO UPDATE SET state = 'asked', done = 0, total = 0, error = NULL
 WHERE r.state IN ('done', 'failed')
RETURNING true

-- name: asked
-- What is to be rebuilt, or was begun by somebody who may have gone.
SELECT projection FROM app.rebuilds WHERE state IN ('asked', 'running') ORDER BY projection

-- name: progress
-- How far a rebuild has come.
SELECT projection, state, done, total, error FROM app.rebuilds WHERE projection = $1::text

-- name: try_lock
-- One rebuild at a time, as long as this session lives ("kith" and 2 name the lock).
SELECT pg_try_advisory_lock(1802073192, 2)

-- name: begin
-- From the first event.
INSERT INTO app.rebuilds (projection, state, done, total) VALUES ($1::text, 'running', 0, 0)
    ON CONFLICT (projection) DO UPDATE SET state = 'running', done = 0, total = 0, error = NULL

-- name: expect
-- How many events there are to count.
UPDATE app.rebuilds SET total = (SELECT count(*) FROM kept.received) WHERE projection = $1::text

-- name: advance
-- So many more are counted.
UPDATE app.rebuilds SET done = done + $2::bigint WHERE projection = $1::text

-- name: done
-- The last ones are counted and the side is live.
UPDATE app.rebuilds SET state = 'done', done = done + $2::bigint, total = done + $2::bigint
 WHERE projection = $1::text

-- name: failed
-- It ended without a swap.
UPDATE app.rebuilds SET state = 'failed', error = $2::text WHERE projection = $1::text

-- name: empty
-- Everything that the projection owns, on the side looked at.
TRUNCATE facts, tallies, month_tallies, children, pairs, carers, areas, days

-- name: last_arrival
-- The last event received.
SELECT coalesce(max(arrival), 0) FROM kept.received

-- name: received
-- Events in the order of their arrival, within a source the order of its log; some types may be left out.
SELECT arrival, source, event_id, version, event_type, schema_version, data
  FROM kept.received
 WHERE arrival > $1::bigint AND arrival <= $2::bigint
   AND (event_type, schema_version) NOT IN (SELECT * FROM unnest($4::text[], $5::smallint[]))
 ORDER BY arrival
 LIMIT $3::int
