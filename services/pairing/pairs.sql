-- name: open_pairs
-- Pairs that were assigned; the carer's place is kept with each, so that it is seen from there too.
INSERT INTO app.pairs (pair_id, child_id, carer_id, kind, area, carer_area, started_on)
SELECT a.pair_id, a.child_id, a.carer_id, a.kind, a.area, c.area, a.started_on
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::date[])
       AS a(pair_id, child_id, carer_id, kind, area, started_on)
  JOIN app.carers c ON c.carer_id = a.carer_id
 ORDER BY a.pair_id

-- name: move_pairs
-- Pairs whose child lives elsewhere now, each once.
UPDATE app.pairs p SET area = m.area
  FROM unnest($1::uuid[], $2::text[]) AS m(pair_id, area) WHERE p.pair_id = m.pair_id

-- name: end_pairs
-- Pairs that are over, each once.
UPDATE app.pairs p SET ended_on = e.ended_on, reason = e.reason
  FROM unnest($1::uuid[], $2::date[], $3::text[]) AS e(pair_id, ended_on, reason) WHERE p.pair_id = e.pair_id

-- name: lock_children
-- Children, held open or closed as they are until the transaction ends.
SELECT child_id, area, filed_on, left_on
  FROM app.children WHERE child_id = ANY ($1::uuid[]) ORDER BY child_id FOR SHARE

-- name: paired_kinds
-- The kinds of the open pairs of children.
SELECT child_id, kind FROM app.pairs WHERE child_id = ANY ($1::uuid[]) AND ended_on IS NULL

-- name: lock_of_children
-- The pairs of children that are open or ended with their child, held until the transaction ends.
SELECT pair_id, child_id FROM app.pairs
 WHERE child_id = ANY ($1::uuid[]) AND (ended_on IS NULL OR reason = 'child_left') ORDER BY pair_id FOR UPDATE

-- name: lock_of_carer
-- The open pairs of a carer, held until the transaction ends.
SELECT pair_id FROM app.pairs WHERE carer_id = $1::uuid AND ended_on IS NULL ORDER BY pair_id FOR UPDATE

-- name: lock_one
-- One pair, held until the transaction ends.
SELECT area, carer_area FROM app.pairs WHERE pair_id = $1::uuid FOR UPDATE

-- name: area_of_child
-- Where a child lives.
SELECT area FROM app.children WHERE child_id = $1::uuid

-- name: page
-- Pairs of an area, of a child or of a carer, after a place in the list; seen from either end, they are looked for
-- only where the caller's areas lie. A place compared as a row, here and in other pages, would have the index read from
-- there and not from where the area begins: at first from its first entry on.
SELECT pair_id, child_id, carer_id, kind, area, carer_area, started_on, ended_on, reason
  FROM app.pairs
 WHERE ($1::text IS NULL OR area ^@ $1::text)
   AND ($2::uuid IS NULL OR child_id = $2::uuid)
   AND ($3::uuid IS NULL OR carer_id = $3::uuid)
   AND ($4::boolean IS NULL OR (ended_on IS NULL) = $4::boolean)
   AND (area ^@ $7::text OR carer_area ^@ $7::text)
   AND area >= $5::text AND (area > $5::text OR pair_id > $6::uuid)
 ORDER BY area, pair_id LIMIT $8::int
