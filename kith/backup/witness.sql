-- name: tables
-- Every table of the database that is Kith's.
SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
 ORDER BY 1

-- name: make_count
-- A table's name is no parameter: the statement is made by the server, then run. The checksum is the sum of
-- a hash of each row's text, so that the order of rows does not matter.
SELECT format('SELECT count(*)::text, coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM %s t', $1::text)

-- name: count_events_below
-- Events are never changed: those below the horizon are the same for ever, whatever is written meanwhile.
SELECT count(*)::text, coalesce(sum(hashtextextended(t::text, 0)), 0)::text
  FROM kernel.events t WHERE tx < $1::bigint

-- name: snapshot
-- The transactions this connection sees: the same text on two connections is the same state.
SELECT pg_current_snapshot()::text

-- name: writers
-- How many transactions have begun to write, in any database.
SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL

-- name: restore_point
-- A name in the WAL that recovery can stop at, with where and when it was written.
SELECT pg_walfile_name(lsn) AS segment, clock_timestamp() AS at FROM pg_create_restore_point($1::text) AS lsn

-- name: horizon
-- Below this transaction number nothing new can come.
SELECT kernel.horizon()

-- name: schema
-- What was applied to this database.
SELECT name FROM migrations.applied ORDER BY applied_at, name
