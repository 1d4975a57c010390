-- name: newest
-- The newest arrival.
SELECT coalesce(max(arrival), 0) FROM kept.received

-- name: arrived
-- The newest arrival of each area since one.
SELECT area, max(arrival) AS arrival
  FROM kept.received
 WHERE arrival > $1::bigint
 GROUP BY area
 LIMIT $2::int
