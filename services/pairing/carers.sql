-- name: enlist
-- Carers who were put on the list, or back on it.
INSERT INTO app.carers AS c (carer_id, kind, sex, area, capacity, school, standing, since, arrived)
SELECT e.carer_id, e.kind, e.sex, e.area, e.capacity, e.school, 'enlisted', e.since,
       (SELECT coalesce(max(arrived), 0) FROM app.carers) + e.nth
  FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (carer_id uuid, kind text, sex text, area text,
       capacity int, school text, since date)) WITH ORDINALITY
       AS e(carer_id, kind, sex, area, capacity, school, since, nth)
 ORDER BY e.carer_id
ON CONFLICT (carer_id) DO UPDATE
   SET kind = excluded.kind, sex = excluded.sex, area = excluded.area, capacity = excluded.capacity,
       school = excluded.school, standing = excluded.standing, since = excluded.since

-- name: revise
-- Carers who work elsewhere, or take more or fewer children; their pairs are seen from there too. One command makes
-- one such event, and a list enlists and clears a carer once, so that nobody comes twice; so below.
WITH revised AS (
  SELECT r.carer_id, r.area, r.capacity, r.school, r.since
    FROM jsonb_to_recordset($1::jsonb) AS r(carer_id uuid, area text, capacity int, school text, since date)
), seen AS (
  UPDATE app.pairs p SET carer_area = r.area FROM revised r
   WHERE p.carer_id = r.carer_id AND p.carer_area <> r.area
)
UPDATE app.carers c SET area = r.area, capacity = r.capacity, school = r.school, since = r.since
  FROM revised r WHERE c.carer_id = r.carer_id

-- name: stand
-- Carers who were cleared, were suspended, or withdrew.
UPDATE app.carers c SET standing = s.standing, since = s.since
  FROM unnest($1::uuid[], $2::text[], $3::date[]) AS s(carer_id, standing, since)
 WHERE c.carer_id = s.carer_id

-- name: lock
-- Carers, held until the transaction ends: whoever pairs them, or ends all their pairs, goes one at a time.
SELECT carer_id, kind, area, standing, capacity, school, since
  FROM app.carers WHERE carer_id = ANY ($1::uuid[]) ORDER BY carer_id FOR UPDATE

-- name: loads
-- How many open pairs carers have; who has none is left out.
SELECT carer_id, count(*)::int AS load FROM app.pairs
 WHERE carer_id = ANY ($1::uuid[]) AND ended_on IS NULL GROUP BY carer_id

-- name: area_of
-- Where a carer works.
SELECT area FROM app.carers WHERE carer_id = $1::uuid

-- name: page
-- Carers of an area after a place in the list, with their load.
SELECT c.carer_id, c.kind, c.sex, c.area, c.capacity, c.standing, c.since,
       (SELECT count(*)::int FROM app.pairs p WHERE p.carer_id = c.carer_id AND p.ended_on IS NULL) AS load
  FROM app.carers c
 WHERE c.area ^@ $1::text
   AND ($2::text IS NULL OR c.kind = $2::text)
   AND ($3::text IS NULL OR c.standing = $3::text)
   AND c.area >= $4::text AND (c.area > $4::text OR c.carer_id > $5::uuid)
 ORDER BY c.area, c.carer_id LIMIT $6::int

-- name: one
-- One carer, with the load.
SELECT c.carer_id, c.kind, c.sex, c.area, c.capacity, c.standing, c.since,
       (SELECT count(*)::int FROM app.pairs p WHERE p.carer_id = c.carer_id AND p.ended_on IS NULL) AS load
  FROM app.carers c WHERE c.carer_id = $1::uuid

-- name: free
-- Carers of an area who are cleared by a day and have seats left, and the households of the children in their care.
SELECT c.carer_id, c.kind, c.area, c.school, c.capacity - coalesce(l.load, 0) AS free,
       coalesce(l.households, '{}') AS households, c.arrived
  FROM app.carers c
  LEFT JOIN LATERAL (
    SELECT count(*)::int AS load, array_agg(k.household) FILTER (WHERE k.household IS NOT NULL) AS households
      FROM app.pairs p LEFT JOIN app.children k ON k.child_id = p.child_id
     WHERE p.carer_id = c.carer_id AND p.ended_on IS NULL
  ) l ON true
 WHERE c.standing = 'cleared' AND c.area ^@ $1::text AND c.since <= $2::date
   AND c.capacity > coalesce(l.load, 0)
 ORDER BY c.carer_id

-- name: known
-- Those of these carers who are on the list, or were, as far as the caller may see.
SELECT carer_id FROM app.carers WHERE carer_id = ANY ($1::uuid[])
