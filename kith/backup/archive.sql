-- name: switch
-- Close the present segment, so that it is archived now and not when it is full.
SELECT pg_switch_wal()

-- name: state
-- How archiving goes: what failed last, and whether it has failed since anything succeeded.
SELECT current_setting('archive_mode') AS archive_mode,
       coalesce(last_failed_wal, '-') AS failed,
       coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL) AS failing,
       last_archived_time
  FROM pg_stat_archiver

-- name: bytes
-- What a base backup copies: every database, and the WAL that comes with it.
SELECT (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint
     + (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir())::bigint
