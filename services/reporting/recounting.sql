-- name: last_of_some
-- Where the next stretch of arrivals ends.
SELECT max(s.arrival) FROM (
  SELECT arrival FROM kept.received WHERE arrival > $1::bigint AND arrival <= $2::bigint ORDER BY arrival LIMIT $3::int
) s

-- name: recount
-- The facts of contact's events of a stretch, by the rules of contacts.py; how many they were, and their last day.
WITH said AS MATERIALIZED (
  SELECT r.event_id, r.event_type, r.area, d.*
    FROM kept.received r
   CROSS JOIN LATERAL json_to_record(r.data) AS d (
           "on" date, recorded_on date, kind text, visit_id uuid, child_id uuid, reached boolean, in_file boolean,
           level text, counted json, kept json)
   WHERE r.arrival > $1::bigint AND r.arrival <= $2::bigint
     AND (r.event_type, r.schema_version) IN (SELECT * FROM unnest($3::text[], $4::smallint[]))
), counted AS (
  INSERT INTO facts (item_kind, item, child_id, event_id, "on", recorded_on, amount, area, measures)
  SELECT f.item_kind, f.item, s.child_id, s.event_id, s."on", s.recorded_on, f.amount, s.area,
         array_remove(ARRAY[m.number, CASE WHEN f.outside THEN o.number END], NULL)
    FROM said s
   CROSS JOIN LATERAL (
         SELECT 4 AS item_kind, s.visit_id AS item, 1 AS amount, NOT s.in_file AS outside,
                concat('visits.', s.kind, CASE WHEN s.reached THEN '.reached' ELSE '.tried' END) AS measure
          WHERE s.event_type = 'VisitLogged'
         UNION ALL
         SELECT 5, NULL, json_array_length(j.members), false, concat('windows.', j.judged, '.', s.kind)
           FROM (VALUES ('counted', s.counted), ('kept', s.kept)) AS j (judged, members)
          WHERE s.event_type = 'WindowJudged'
         UNION ALL
         SELECT 5, s.child_id, 1, false, concat('windows.', w.what, '.', s.kind)
           FROM (VALUES ('ContactMissed', 'missed'), ('ContactMadeGood', 'made_good'), ('MissWithdrawn', 'withdrawn'))
                AS w (event_type, what)
          WHERE w.event_type = s.event_type
         UNION ALL
         SELECT 6, s.child_id, 1, false, concat('escalations.', s.level, '.', s.kind)
          WHERE s.event_type = 'ContactEscalated'
       ) f
    JOIN unnest($5::text[], $6::int[]) AS m (name, number) ON m.name = f.measure
   CROSS JOIN (SELECT number FROM unnest($5::text[], $6::int[]) AS n (name, number)
                WHERE n.name = 'visits.outside_file') o
   WHERE f.amount > 0
)
SELECT count(*) AS events, max(s.recorded_on) AS day FROM said s
