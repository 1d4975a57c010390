-- name: define_areas
-- Areas by code and level, which the code's length gives; the county is told in what contact says of a whole day.
INSERT INTO app.areas (code, level) SELECT DISTINCT ON (u.code) u.code, u.level
  FROM unnest($1::text[], $2::text[]) AS u(code, level) ORDER BY u.code
ON CONFLICT (code) DO UPDATE SET level = excluded.level

-- name: open_files
-- A spell each; its id is the event's. The child itself is open again from that day: once in a call, since between
-- two openings it leaves, and a call takes events of one type that nothing parts.
WITH told AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[], $5::text[], $6::boolean[])
         AS u(spell_id, child_id, filed_on, recorded_on, area, poor)
), spells AS (
  INSERT INTO app.files (spell_id, child_id, filed_on, recorded_on)
  SELECT spell_id, child_id, filed_on, recorded_on FROM told
)
INSERT INTO app.children AS c (child_id, area, poor, from_on, filed_on)
SELECT child_id, area, poor, filed_on, filed_on FROM told
ON CONFLICT (child_id) DO UPDATE
   SET area = excluded.area, poor = excluded.poor, from_on = excluded.from_on, filed_on = excluded.filed_on,
       left_on = NULL

-- name: state_children
-- Where children live and whether they are poor, in the order told.
INSERT INTO app.child_states (child_id, from_on, recorded_on, area, poor)
SELECT u.child_id, u.from_on, u.recorded_on, u.area, u.poor
  FROM unnest($1::uuid[], $2::date[], $3::date[], $4::text[], $5::boolean[]) WITH ORDINALITY
       AS u(child_id, from_on, recorded_on, area, poor, n)
 ORDER BY u.n

-- name: restate_children
-- What is true of them now: the last state told, unless an earlier one from a later day stands.
UPDATE app.children c SET area = u.area, poor = u.poor, from_on = u.from_on
  FROM (SELECT DISTINCT ON (t.child_id) t.child_id, t.from_on, t.area, t.poor
          FROM unnest($1::uuid[], $2::date[], $3::text[], $4::boolean[]) WITH ORDINALITY
               AS t(child_id, from_on, area, poor, n)
         ORDER BY t.child_id, t.from_on DESC, t.n DESC) u
 WHERE c.child_id = u.child_id AND c.from_on <= u.from_on

-- name: close_files
-- The open spell of each child, told once here, ends; one that has ended ends earlier, and what was known before
-- is kept.
WITH told AS (
  SELECT u.*, (SELECT coalesce(max(v.seq), 0) FROM app.visits v WHERE v.child_id = u.child_id) AS last_visit
    FROM unnest($1::uuid[], $2::date[], $3::date[], $4::text[]) AS u(child_id, left_on, known_on, reason)
), children AS (
  UPDATE app.children c SET left_on = u.left_on FROM told u
   WHERE c.child_id = u.child_id AND (c.left_on IS NULL OR u.left_on < c.left_on)
), former AS (
  INSERT INTO app.former_leavings (spell_id, child_id, filed_on, left_on, left_known_on, reason, superseded_on,
                                   last_visit)
  SELECT f.spell_id, f.child_id, f.filed_on, f.left_on, f.left_known_on, f.reason, u.known_on, f.last_visit
    FROM told u JOIN app.files f ON f.child_id = u.child_id AND f.filed_on <= u.left_on AND u.left_on < f.left_on
)
UPDATE app.files f SET left_on = u.left_on, left_known_on = u.known_on, reason = u.reason, last_visit = u.last_visit
  FROM told u
 WHERE f.child_id = u.child_id AND (f.left_on IS NULL OR (f.filed_on <= u.left_on AND u.left_on < f.left_on))

-- name: merge
-- A file was a second file of the survivor.
INSERT INTO app.merges (child_id, survivor_id) VALUES ($1::uuid, $2::uuid)
ON CONFLICT (child_id) DO UPDATE SET survivor_id = excluded.survivor_id

-- name: hand_over
-- The visits of a merged child follow the survivor; those that can keep a window of its file from now on do.
WITH moved AS (
  UPDATE app.visits SET child_id = $2::uuid WHERE child_id = $1::uuid
  RETURNING visit_id, seq, kind, on_day, recorded_on, reached
), kept AS (
  INSERT INTO app.keeping (child_id, kind, on_day, visit_id, known_on, seq)
  SELECT $2::uuid, m.kind, m.on_day, m.visit_id, greatest(m.recorded_on, $3::date), m.seq
    FROM moved m
   WHERE m.reached AND EXISTS (SELECT FROM app.files f
                                WHERE f.child_id = $2::uuid AND f.filed_on <= m.on_day
                                  AND (f.left_on IS NULL OR m.on_day < f.left_on))
  ON CONFLICT (child_id, kind, on_day, visit_id, known_on) DO UPDATE SET until_on = 'infinity'
  RETURNING kind, on_day, visit_id, known_on, seq
)
SELECT kind, on_day, visit_id, known_on FROM kept ORDER BY seq

-- name: take_back_keeping
-- What the visits of a merged child, and of those merged into it before, kept for the survivor until this day.
WITH RECURSIVE family AS (
  SELECT $1::uuid AS child_id
  UNION
  SELECT m.child_id FROM app.merges m JOIN family f ON f.child_id = m.survivor_id
)
UPDATE app.keeping k SET until_on = $3::date FROM app.visits v
 WHERE k.visit_id = v.visit_id AND k.child_id = $2::uuid
   AND k.until_on = 'infinity' AND v.logged_for IN (SELECT child_id FROM family)

-- name: take_back_visits
-- The visits that were logged for a merged child, or for those merged into it before, are its own again.
WITH RECURSIVE family AS (
  SELECT $1::uuid AS child_id
  UNION
  SELECT m.child_id FROM app.merges m JOIN family f ON f.child_id = m.survivor_id
)
UPDATE app.visits SET child_id = $1::uuid WHERE logged_for IN (SELECT child_id FROM family)

-- name: visits_forgotten
-- The visits that were logged for children or for those merged into them, whoever they are counted for now.
WITH RECURSIVE family AS (
  SELECT u.child_id FROM unnest($1::uuid[]) AS u(child_id)
  UNION
  SELECT m.child_id FROM app.merges m JOIN family f ON f.child_id = m.survivor_id
), counted_for AS (
  SELECT child_id FROM family
  UNION
  SELECT m.survivor_id FROM app.merges m JOIN counted_for c ON c.child_id = m.child_id
)
SELECT visit_id FROM app.visits
 WHERE child_id IN (SELECT child_id FROM counted_for) AND logged_for IN (SELECT child_id FROM family)

-- name: unmerge
-- A child is a child of its own again.
DELETE FROM app.merges WHERE child_id = $1::uuid

-- name: begin_pairs
-- Pairs from the day they were assigned for.
INSERT INTO app.pairs (pair_id, child_id, carer_id, kind, from_on, recorded_on)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::date[])
ON CONFLICT (pair_id) DO NOTHING

-- name: end_pairs
-- The first day on which each pair, told once here, is no longer in force.
UPDATE app.pairs p SET until_on = u.until_on, until_known_on = u.known_on
  FROM unnest($1::uuid[], $2::date[], $3::date[]) AS u(pair_id, until_on, known_on)
 WHERE p.pair_id = u.pair_id
