-- name: list_behind
-- The items whose amounts do not come to nothing, over the same facts that the figure sums. Where one
-- event counted many (a window of a village), the event names them.
WITH wanted AS (
  SELECT f.item, f.child_id, f.area, f."on", f.recorded_on, w.sign * f.amount AS amount, w.sign, w.grp,
         w.members, f.event_id
    FROM facts f
    JOIN unnest($1::int[], $2::int[], $3::text[], $4::text[]) AS w (measure, sign, grp, members)
      ON w.measure = ANY (f.measures)
   WHERE f.item_kind = ANY ($5::smallint[])
     AND f.area >= $6::text AND f.area < $6::text || ':'
     AND (f.beyond IS NULL OR f.beyond < $6::text OR f.beyond >= $6::text || ':')
     AND f."on" BETWEEN $7::date AND $8::date
     AND f.recorded_on <= $9::date
), named AS (
  SELECT item, child_id, area, "on", recorded_on, amount, grp, event_id FROM wanted WHERE item IS NOT NULL
  UNION ALL
  SELECT m.id::uuid, m.id::uuid, w.area, w."on", w.recorded_on, w.sign, w.grp, w.event_id
    FROM wanted w
    JOIN kept.received r ON r.event_id = w.event_id
   CROSS JOIN LATERAL json_array_elements_text(r.data -> w.members) AS m (id)
   WHERE w.item IS NULL
), summed AS (
  SELECT item, CASE WHEN $10::boolean THEN "on" ELSE DATE '-infinity' END AS day, grp,
         (array_agg(child_id))[1] AS child_id,
         (array_agg(area ORDER BY "on" DESC, recorded_on DESC, amount DESC))[1] AS area,
         max("on") AS "on", max(recorded_on) AS recorded_on, sum(amount)::int AS amount,
         array_agg(event_id ORDER BY "on", recorded_on) AS events
    FROM named
   GROUP BY item, 2, grp
  HAVING sum(amount) <> 0
)
SELECT s.item, s.child_id, s.area, s."on", s.recorded_on, s.events, s.day, s.grp, n.nth,
       CASE WHEN $11::boolean THEN sign(s.amount)::int ELSE s.amount END AS amount
  FROM summed s
 CROSS JOIN LATERAL generate_series(1, CASE WHEN $11::boolean THEN abs(s.amount) ELSE 1 END) AS n (nth)
 WHERE (s.item, s.day, s.grp, n.nth) > ($12::uuid, $13::date, $14::text, $15::int)
 ORDER BY s.item, s.day, s.grp, n.nth
 LIMIT $16::int
