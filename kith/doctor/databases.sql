-- name: server
-- What the server is, and what time it has.
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
       clock_timestamp() AS now

-- name: archiving
-- Whether WAL is archived, and whether that has failed since it last succeeded.
SELECT current_setting('archive_mode') AS mode,
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing,
       coalesce(last_failed_wal, '-') AS segment
  FROM pg_stat_archiver

-- name: horizon
-- For how long the oldest write transaction has been open.
SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL

-- name: parked
-- How many events wait for a person, by reader.
SELECT reader, count(*) AS count FROM kernel.parked_events GROUP BY reader ORDER BY reader

-- name: checkpoints
-- How far each reader of this database is.
SELECT reader, tx, position FROM kernel.checkpoints ORDER BY reader

-- name: behind
-- What a source has that a reader has not taken: how many events (as far as they are counted), how old the first.
SELECT count(*) AS events,
       coalesce(extract(epoch FROM clock_timestamp() - min(stored_at)), 0)::float8 AS seconds
  FROM (SELECT stored_at FROM kernel.events
         WHERE (tx, position) > ($1::bigint, $2::bigint) ORDER BY tx, position LIMIT $3::int) waiting
