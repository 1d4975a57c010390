-- name: checkpoints
-- How far each reader of this database is in its source's log.
SELECT reader, tx, position FROM kernel.checkpoints WHERE tx > 0 ORDER BY reader

-- name: holds
-- Whether the log holds this place, which it does where a reader took the event from there.
SELECT EXISTS (SELECT FROM kernel.events WHERE tx = $1::bigint AND position = $2::bigint)

-- name: counts
-- What a database holds after a restore, for the report.
SELECT (SELECT count(*) FROM kernel.events) AS events,
       (SELECT count(*) FROM kernel.streams) AS streams,
       (SELECT count(*) FROM kernel.parked_events) AS parked

-- name: identities
-- How many people the vault of this database knows.
SELECT count(*) FROM vault.identities
