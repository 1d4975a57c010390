-- name: unpublished
-- How many events stand behind a place in the log, counted to a limit, and since when the first of them.
SELECT count(*) AS events, coalesce(extract(epoch FROM clock_timestamp() - min(stored_at)), 0)::float8 AS seconds
  FROM (SELECT stored_at FROM kernel.events WHERE (tx, position) > ($1::bigint, $2::bigint)
         ORDER BY tx, position LIMIT $3::int) behind

-- name: parked
-- Events that each reader could not apply.
SELECT r.reader, (SELECT count(*) FROM kernel.parked_events p WHERE p.reader = r.reader) AS parked
  FROM unnest($1::text[]) AS r (reader)

-- name: database_bytes
-- What this database takes on disk.
SELECT pg_database_size(current_database())
