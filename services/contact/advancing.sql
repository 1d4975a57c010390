-- name: begun
-- Where the last advance ended, and when the first file was opened.
SELECT (SELECT day FROM app.judged_until), (SELECT min(filed_on) FROM app.files)

-- name: villages
-- The next villages in which children have lived, and how many.
SELECT area, count(DISTINCT child_id)::int AS children
  FROM app.child_states WHERE area > $1::text GROUP BY area ORDER BY area LIMIT $2::int

-- name: judged_until
-- All that was due before this day is judged; nothing comes back where that was known.
INSERT INTO app.judged_until AS j (day) VALUES ($1::date)
ON CONFLICT (one) DO UPDATE SET day = excluded.day WHERE j.day < excluded.day
RETURNING day

-- name: counties
-- The counties this installation serves.
SELECT code FROM app.areas WHERE level = 'county' ORDER BY code
