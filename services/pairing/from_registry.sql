-- name: keep_areas
-- Areas that were told of, whose level is in the code; one that comes again is open again.
INSERT INTO app.areas AS a (code, level)
SELECT DISTINCT ON (t.code) t.code, t.level FROM unnest($1::text[], $2::text[]) AS t(code, level) ORDER BY t.code
ON CONFLICT (code) DO UPDATE SET level = excluded.level, closed_on = NULL

-- name: close_areas
-- Areas whose code ended.
UPDATE app.areas a SET closed_on = t.closed_on
  FROM unnest($1::text[], $2::date[]) AS t(code, closed_on) WHERE a.code = t.code

-- name: open_files
-- Children whose file was opened, or opened again, as they stand after the batch.
INSERT INTO app.children AS c (child_id, area, school, household, filed_on, left_on, arrived)
SELECT t.child_id, t.area, t.school, t.household, t.filed_on, t.left_on, t.arrived
  FROM jsonb_to_recordset($1::jsonb) AS t(child_id uuid, area text, school text, household text,
       filed_on date, left_on date, arrived bigint)
 ORDER BY t.child_id
ON CONFLICT (child_id) DO UPDATE
   SET area = excluded.area, school = excluded.school, household = excluded.household,
       filed_on = excluded.filed_on, left_on = excluded.left_on

-- name: change_files
-- Children who were known, as they stand after the batch; a file that is closed is opened by none of these.
UPDATE app.children c
   SET area = t.area, school = t.school, household = t.household, left_on = coalesce(t.left_on, c.left_on)
  FROM (SELECT r.* FROM jsonb_to_recordset($1::jsonb) AS r(child_id uuid, area text, school text,
               household text, left_on date) ORDER BY r.child_id) t
 WHERE c.child_id = t.child_id

-- name: area_codes
-- The codes of open areas that begin so.
SELECT code FROM app.areas WHERE closed_on IS NULL AND code ^@ $1::text
