-- name: checkpoints
-- How far each reader of this database is in its source's log.
SELECT reader, tx, position FROM kernel.checkpoints WHERE tx > 0 ORDER BY reader

-- name: holds
-- Whether the log holds this place, which it does where a reader took the event from there.
SELECT EXISTS (SELECT FROM kernel.events WHERE tx = $1::bigint AND position = $2::bigint)

-- name: parked
-- How many events wait for somebody to look at them.
SELECT count(*) FROM kernel.parked_events

-- name: counts
-- What a database holds after a restore, for the report.
SELECT (SELECT count(*) FROM kernel.events) AS events,
       (SELECT count(*) FROM kernel.streams) AS streams,
       (SELECT count(*) FROM kernel.parked_events) AS parked

-- name: identities
-- How many people the vault of this database knows.
SELECT count(*) FROM vault.identities

-- name: children
-- Which of these ids are children with a file: others on the list are visits, learned numbers, refused papers.
SELECT child_id::text FROM app.children WHERE child_id = ANY ($1::text[]::uuid[]) ORDER BY child_id
