-- name: recount
-- The facts of contact's events of a stretch, by the rules of contacts.py; how many they were, and their last day.
-- What is said is read once for each sort of fact: to ask of each event which sorts it has took as long as all else.
WITH said AS MATERIALIZED (
  SELECT r.event_id, r.event_type, r.area, d.*
    FROM kept.received r
   CROSS JOIN LATERAL json_to_record(r.data) AS d (
           "on" date, recorded_on date, kind text, visit_id uuid, child_id uuid, reached boolean, in_file boolean,
           level text, counted json, kept json)
   WHERE r.arrival > $1::bigint AND r.arrival <= $2::bigint
     AND r.schema_version = ($4::smallint[])[array_position($3::text[], r.event_type)]
), numbers AS MATERIALIZED (
  SELECT n.name, n.number FROM unnest($5::text[], $6::int[]) AS n (name, number)
), told AS (
  SELECT 4 AS item_kind, s.visit_id AS item, 1 AS amount,
         concat('visits.', s.kind, CASE WHEN s.reached THEN '.reached' ELSE '.tried' END) AS measure, s.*
    FROM said s WHERE s.event_type = 'VisitLogged'
  UNION ALL
  SELECT 5, NULL, json_array_length(j.members), concat('windows.', j.judged, '.', s.kind), s.*
    FROM said s CROSS JOIN LATERAL (VALUES ('counted', s.counted), ('kept', s.kept)) AS j (judged, members)
   WHERE s.event_type = 'WindowJudged'
  UNION ALL
  SELECT 5, s.child_id, 1,
         concat('windows.', CASE s.event_type WHEN 'ContactMissed' THEN 'missed' WHEN 'ContactMadeGood' THEN 'made_good'
                                              ELSE 'withdrawn' END, '.', s.kind), s.*
    FROM said s WHERE s.event_type IN ('ContactMissed', 'ContactMadeGood', 'MissWithdrawn')
  UNION ALL
  SELECT 6, s.child_id, 1, concat('escalations.', s.level, '.', s.kind), s.*
    FROM said s WHERE s.event_type = 'ContactEscalated'
), counted AS (
  INSERT INTO facts (item_kind, item, child_id, event_id, "on", recorded_on, amount, area, measures)
  SELECT t.item_kind, t.item, t.child_id, t.event_id, t."on", t.recorded_on, t.amount, t.area,
         CASE WHEN t.in_file IS FALSE
              THEN ARRAY[m.number, (SELECT number FROM numbers WHERE name = 'visits.outside_file')]
              ELSE ARRAY[m.number] END
    FROM told t
    JOIN numbers m ON m.name = t.measure
   WHERE t.amount > 0
)
SELECT count(*) AS events, max(s.recorded_on) AS day FROM said s
