-- name: work_list
-- Outstanding misses, then the running windows that no visit keeps yet, in the order of their last day. Both go along
-- an index and stop where the page is full; what runs is not looked at where overdue fills it.
WITH running AS (
  SELECT * FROM unnest($1::text[], $2::date[], $3::date[], $4::date[], $5::boolean[])
         AS w(kind, opens, closes, due, poor_only)
   WHERE ($9::date IS NULL OR w.closes <= $9::date) AND (coalesce($10::int, 0) = 0 OR w.closes >= $11::date)
), of_carer AS (
  SELECT p.child_id FROM app.pairs p
   WHERE p.carer_id = $8::uuid AND p.from_on <= $6::date AND (p.until_on IS NULL OR $6::date < p.until_on)
), overdue AS (
  SELECT 0 AS late, m.closes, m.area, m.child_id, m.kind, m.opens, m.due
    FROM app.misses m
   WHERE m.state = 'outstanding' AND starts_with(m.area, $7::text)
     AND ($8::uuid IS NULL OR m.child_id = ANY (ARRAY(SELECT child_id FROM of_carer)))
     AND ($9::date IS NULL OR m.closes <= $9::date)
     AND ($10::int IS NULL OR ($10::int = 0 AND (m.closes, m.area, m.child_id, m.kind)
                                              > ($11::date, $12::text, $13::uuid, $14::text)))
   ORDER BY m.closes, m.area, m.child_id, m.kind LIMIT $15::int
), owed AS (
  SELECT 1 AS late, d.closes, o.area, o.child_id, o.kind, o.opens, o.due
    FROM (SELECT DISTINCT closes, CASE WHEN $10::int > 0 AND closes = $11::date THEN $12::text ELSE '' END AS begin
            FROM running) d
   CROSS JOIN LATERAL (
     SELECT c.area, c.child_id, w.kind, w.opens, w.due
       FROM app.children c
       JOIN running w ON w.closes = d.closes AND c.filed_on <= w.opens AND (c.poor OR NOT w.poor_only)
                     AND (c.left_on IS NULL OR c.left_on > w.closes)
      WHERE starts_with(c.area, $7::text) AND c.area >= d.begin
        AND ($8::uuid IS NULL OR c.child_id = ANY (ARRAY(SELECT child_id FROM of_carer)))
        AND (coalesce($10::int, 0) = 0 OR (d.closes, c.area, c.child_id, w.kind)
                                        > ($11::date, $12::text, $13::uuid, $14::text))
        AND NOT EXISTS (SELECT FROM app.keeping k WHERE k.child_id = c.child_id AND k.kind = w.kind
                           AND k.on_day BETWEEN w.opens AND w.closes AND k.until_on = 'infinity')
        AND NOT EXISTS (SELECT FROM app.misses m
                         WHERE m.child_id = c.child_id AND m.kind = w.kind AND m.opens = w.opens)
      ORDER BY c.area, c.child_id, w.kind LIMIT $15::int) o
   WHERE (SELECT count(*) FROM overdue) < $15::int
), page AS (
  SELECT * FROM overdue UNION ALL SELECT * FROM owed
   ORDER BY late, closes, area, child_id, kind LIMIT $15::int
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
