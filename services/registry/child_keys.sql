-- name: write_keys
-- What children are recognised by now.
INSERT INTO app.child_keys AS k (child_id, name, citizen)
SELECT u.child_id, u.name, u.citizen FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u(child_id, name, citizen)
ON CONFLICT (child_id) DO UPDATE SET name = excluded.name, citizen = excluded.citizen

-- name: write_names
-- Names in villages; what a child was called or where it lived before stays.
INSERT INTO app.child_names (name, village, child_id)
SELECT u.name, u.village, u.child_id FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u(child_id, name, village)
ON CONFLICT DO NOTHING

-- name: drop_names
-- Forget what a child was called.
DELETE FROM app.child_names WHERE child_id = $1::uuid

-- name: drop_name_key
-- Forget what a child is called; the key of its number stays.
UPDATE app.child_keys SET name = NULL WHERE child_id = $1::uuid

-- name: people_named
-- Children of some counties by their names, once for each village they ever had; a merged file is its survivor.
SELECT CASE WHEN c.merged_into IS NULL THEN c.child_id ELSE app.survivor_of(c.child_id) END AS child_id,
       n.name, c.birth_date, c.sex, n.village, k.citizen
  FROM unnest($1::text[]) AS p(name)
 CROSS JOIN unnest($2::text[]) AS o(county)
  JOIN app.child_names n ON n.name = p.name AND n.village >= o.county AND n.village < o.county || ':'
  JOIN app.children c ON c.child_id = n.child_id
  JOIN app.child_keys k ON k.child_id = n.child_id
 ORDER BY n.name, c.filed_on, c.child_id, n.village

-- name: numbered
-- Children by their id numbers, also by those that wait for somebody to confirm them; a merged file is its survivor.
SELECT k.citizen, CASE WHEN c.merged_into IS NULL THEN c.child_id ELSE app.survivor_of(c.child_id) END AS child_id
  FROM (SELECT citizen, child_id FROM app.child_keys WHERE citizen = ANY ($1::text[])
        UNION ALL
        SELECT citizen, child_id FROM app.learned_ids WHERE citizen = ANY ($1::text[]) AND verdict IS NULL) k
  JOIN app.children c ON c.child_id = k.child_id

-- name: ids_in_use
-- Which of these ids are files already.
SELECT child_id FROM app.children WHERE child_id = ANY ($1::uuid[])
