-- name: work_list
-- Outstanding misses, then the running windows that no visit keeps yet, in the order of their last day.
WITH running AS (
  SELECT * FROM unnest($1::text[], $2::date[], $3::date[], $4::date[], $5::boolean[])
         AS w(kind, opens, closes, due, poor_only)
), owed AS (
  SELECT 0 AS late, m.closes, m.area, m.child_id, m.kind, m.opens, m.due
    FROM app.misses m WHERE m.state = 'outstanding'
  UNION ALL
  SELECT 1, w.closes, c.area, c.child_id, w.kind, w.opens, w.due
    FROM running w
    JOIN app.children c ON c.filed_on <= w.opens AND (c.left_on IS NULL OR c.left_on > w.closes)
   WHERE (c.poor OR NOT w.poor_only)
     AND NOT EXISTS (SELECT FROM app.keeping k WHERE k.child_id = c.child_id AND k.kind = w.kind
                        AND k.on_day BETWEEN w.opens AND w.closes AND k.until_on = 'infinity')
     AND NOT EXISTS (SELECT FROM app.misses m
                      WHERE m.child_id = c.child_id AND m.kind = w.kind AND m.opens = w.opens)
), page AS (
  SELECT o.* FROM owed o
   WHERE ($7::text IS NULL OR starts_with(o.area, $7::text))
     AND ($8::uuid IS NULL OR EXISTS (
           SELECT FROM app.pairs p WHERE p.child_id = o.child_id AND p.carer_id = $8::uuid
              AND p.from_on <= $6::date AND (p.until_on IS NULL OR $6::date < p.until_on)))
     AND ($9::date IS NULL OR o.closes <= $9::date)
     AND ($10::int IS NULL OR (o.late, o.closes, o.area, o.child_id, o.kind)
                            > ($10::int, $11::date, $12::text, $13::uuid, $14::text))
   ORDER BY o.late, o.closes, o.area, o.child_id, o.kind LIMIT $15::int
)
SELECT pg.*, coalesce(p.carers, '{}') AS carers, coalesce(p.kinds, '{}') AS carer_kinds
  FROM page pg
  LEFT JOIN LATERAL (
    SELECT array_agg(p.carer_id ORDER BY p.from_on, p.pair_id) AS carers,
           array_agg(p.kind ORDER BY p.from_on, p.pair_id) AS kinds
      FROM app.pairs p
     WHERE p.child_id = pg.child_id AND p.from_on <= $6::date AND (p.until_on IS NULL OR $6::date < p.until_on)
  ) p ON true
 ORDER BY pg.late, pg.closes, pg.area, pg.child_id, pg.kind
