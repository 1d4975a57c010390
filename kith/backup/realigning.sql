-- name: at_work
-- Whether the service of this database is connected to it.
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = $1)
