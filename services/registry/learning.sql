-- name: note_likely
-- Pairs of files that may be one child, with the villages they are in now.
INSERT INTO app.likely_duplicates (child_id, other_id, area, other_area, why, found_on, import_id)
SELECT u.child_id, u.other_id, c.area, o.area, u.why, $4::date, $5::uuid
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS u(child_id, other_id, why)
  JOIN app.children c ON c.child_id = u.child_id
  JOIN app.children o ON o.child_id = u.other_id
ON CONFLICT DO NOTHING

-- name: note_learned
-- Id numbers that came later, each once.
INSERT INTO app.learned_ids (learned_id, child_id, area, citizen, found_on, import_id)
SELECT DISTINCT ON (u.learned_id) u.learned_id, u.child_id, u.area, u.citizen, $5::date, $6::uuid
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS u(learned_id, child_id, area, citizen)
ON CONFLICT DO NOTHING

-- name: drop_learned
-- Id numbers that came later for a child whom nobody is to know any more.
UPDATE app.learned_ids SET verdict = 'dismissed', judged_by = $2::text, judged_on = $3::date
 WHERE child_id = $1::uuid AND verdict IS NULL
RETURNING learned_id
