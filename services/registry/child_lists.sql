-- name: find_child
-- One file as it stands.
SELECT child_id, area, birth_date, sixteen_on, filed_on, opened_on, recorded_on, left_on, reason, merged_into,
       file::text AS file
  FROM app.children WHERE child_id = $1::uuid

-- name: list_children
-- Files under an area, by status, in the order of their ids.
SELECT child_id, area, birth_date, sixteen_on, filed_on, opened_on, recorded_on, left_on, reason, merged_into,
       file::text AS file
  FROM app.children
 WHERE area ^@ $1::text AND child_id > $3::uuid
   AND ($2::text IS NULL OR $2::text = CASE WHEN merged_into IS NOT NULL THEN 'merged'
                                            WHEN left_on IS NOT NULL THEN 'left' ELSE 'open' END)
 ORDER BY child_id LIMIT $4::int

-- name: list_likely
-- Pairs that wait for a person's judgement; one of the two is in the area.
SELECT child_id, other_id, area, other_area, why, found_on, import_id FROM app.likely_duplicates
 WHERE verdict IS NULL AND (area ^@ $1::text OR other_area ^@ $1::text)
   AND (child_id, other_id) > ($2::uuid, $3::uuid)
 ORDER BY child_id, other_id LIMIT $4::int

-- name: list_learned
-- Id numbers that wait for a person to confirm them.
SELECT learned_id, child_id, area, found_on, import_id FROM app.learned_ids
 WHERE verdict IS NULL AND area ^@ $1::text AND learned_id > $2::uuid
 ORDER BY learned_id LIMIT $3::int
