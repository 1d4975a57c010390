-- name: open_files
-- Children that were registered: a row each.
INSERT INTO app.children (child_id, area, birth_date, sixteen_on, sex, file, filed_on, opened_on, recorded_on)
SELECT r.child_id, r.area, r.birth_date, r.sixteen_on, r.sex, r.file, r.opened_on, r.opened_on, r.recorded_on
  FROM jsonb_to_recordset($1::jsonb) AS r(child_id uuid, area text, birth_date date, sixteen_on date, sex text,
       file jsonb, opened_on date, recorded_on date)

-- name: change_files
-- How known children stand after their last event, each once; opened_on is given where a file was opened again.
UPDATE app.children c
   SET area = r.area, birth_date = r.birth_date, sixteen_on = r.sixteen_on, sex = r.sex, file = r.file,
       opened_on = coalesce(r.opened_on, c.opened_on), recorded_on = r.recorded_on, left_on = r.left_on,
       reason = r.reason, merged_into = r.merged_into
  FROM jsonb_to_recordset($1::jsonb) AS r(child_id uuid, area text, birth_date date, sixteen_on date, sex text,
       file jsonb, opened_on date, recorded_on date, left_on date, reason text, merged_into uuid)
 WHERE c.child_id = r.child_id

-- name: write_villages
-- A child that moved is recognised by its name in the new village too.
INSERT INTO app.child_names (name, village, child_id)
SELECT k.name, m.village, m.child_id
  FROM unnest($1::uuid[], $2::text[]) AS m(child_id, village)
  JOIN app.child_keys k ON k.child_id = m.child_id AND k.name IS NOT NULL
ON CONFLICT DO NOTHING

-- name: define_area
-- The first version of an area.
INSERT INTO app.areas (code, from_on, name, level, parent)
VALUES ($1::text, $2::date, $3::text, $4::text, $5::text)

-- name: rename_area
-- The next version of an area; a second name on one day takes the first one's place.
INSERT INTO app.areas (code, from_on, name, level, parent)
SELECT a.code, $2::date, $3::text, a.level, a.parent
  FROM app.areas a WHERE a.code = $1::text ORDER BY a.from_on DESC LIMIT 1
ON CONFLICT (code, from_on) DO UPDATE SET name = excluded.name, until_on = NULL

-- name: end_area
-- The present version of an area ends: its code is closed, or another version follows.
UPDATE app.areas SET until_on = $2::date, successor = $3::text WHERE code = $1::text AND until_on IS NULL
