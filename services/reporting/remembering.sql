-- name: children
-- How these children's files stood and stand.
SELECT child_id, timeline FROM children WHERE child_id = ANY ($1::uuid[])

-- name: carers
-- How these carers stood and stand on the list.
SELECT carer_id, kind, timeline FROM carers WHERE carer_id = ANY ($1::uuid[])

-- name: pairs
-- All pairs of these children, and all of these carers; a pair of both comes twice.
SELECT pair_id, child_id, carer_id, kind, timeline FROM pairs WHERE child_id = ANY ($1::uuid[])
UNION ALL
SELECT pair_id, child_id, carer_id, kind, timeline FROM pairs WHERE carer_id = ANY ($2::uuid[])

-- name: store_children
-- The whole timeline each, once a batch: it has a handful of steps.
INSERT INTO children AS c (child_id, timeline)
SELECT u.child_id, u.timeline::jsonb FROM unnest($1::uuid[], $2::text[]) AS u (child_id, timeline)
    ON CONFLICT (child_id) DO UPDATE SET timeline = excluded.timeline

-- name: store_carers
-- Likewise.
INSERT INTO carers AS c (carer_id, kind, timeline)
SELECT u.carer_id, u.kind, u.timeline::jsonb
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (carer_id, kind, timeline)
    ON CONFLICT (carer_id) DO UPDATE SET kind = excluded.kind, timeline = excluded.timeline

-- name: store_pairs
-- Likewise.
INSERT INTO pairs AS p (pair_id, child_id, carer_id, kind, timeline)
SELECT u.pair_id, u.child_id, u.carer_id, u.kind, u.timeline::jsonb
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
       AS u (pair_id, child_id, carer_id, kind, timeline)
    ON CONFLICT (pair_id) DO UPDATE SET timeline = excluded.timeline
