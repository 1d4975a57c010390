-- name: keep
-- A summary that went out.
INSERT INTO app.summaries (summary_id, area, first_day, last_day, known_on, recorded_on, digest)
VALUES ($1::uuid, $2::text, $3::date, $4::date, $5::date, $6::date, $7::text)

-- name: issued
-- One of them.
SELECT summary_id, area, first_day, last_day, known_on, recorded_on, digest
  FROM app.summaries
 WHERE summary_id = $1::uuid

-- name: issued_of
-- Those of an area and all within it.
SELECT summary_id, area, first_day, last_day, known_on, recorded_on, digest
  FROM app.summaries
 WHERE area >= $1::text AND area < $1::text || ':' AND summary_id > $2::uuid
 ORDER BY summary_id
 LIMIT $3::int
