-- name: length
-- How many events the log holds.
SELECT count(*) FROM kernel.events

-- name: log
-- The log in the order in which it is published.
SELECT event_id::text, tx, position FROM kernel.events ORDER BY tx, position
