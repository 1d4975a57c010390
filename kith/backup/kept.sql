-- name: kept_of
-- What reporting keeps of one source, in the order of that source's log.
SELECT event_id::text, tx, position FROM kept.received WHERE source = $1::text ORDER BY tx, position
