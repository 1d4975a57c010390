-- name: lock_pair
-- A likely duplicate, held while it is judged.
SELECT verdict FROM app.likely_duplicates WHERE child_id = $1::uuid AND other_id = $2::uuid FOR UPDATE

-- name: judge_pair
-- What a person decided about two files.
UPDATE app.likely_duplicates SET verdict = $3::text, judged_by = $4::text, judged_on = $5::date
 WHERE child_id = $1::uuid AND other_id = $2::uuid

-- name: lock_number
-- An id number that came later, held while it is judged.
SELECT verdict FROM app.learned_ids WHERE learned_id = $1::uuid AND child_id = $2::uuid FOR UPDATE

-- name: judge_number
-- What a person decided about an id number.
UPDATE app.learned_ids SET verdict = $2::text, judged_by = $3::text, judged_on = $4::date
 WHERE learned_id = $1::uuid
