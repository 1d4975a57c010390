-- What contact knows of children and pairs, what was promised and judged, and what was taken from papers.

CREATE TABLE app.areas (
  code  text PRIMARY KEY,
  level text NOT NULL
);

-- A spell is one stretch of an open file; a child that returned has another. Both days are kept twice:
-- when they were true and when Kith learned of them, so that judging late uses what was known in time.
CREATE TABLE app.files (
  spell_id    uuid PRIMARY KEY,
  child_id    uuid NOT NULL,
  filed_on    date NOT NULL,
  recorded_on date NOT NULL,
  left_on     date,
  left_known_on date,
  reason      text
);
CREATE INDEX files_child ON app.files (child_id, filed_on);

-- Where a child lives and whether it is poor, from a day on; the latest of a day wins.
CREATE TABLE app.child_states (
  child_id    uuid    NOT NULL,
  from_on     date    NOT NULL,
  seq         bigint  GENERATED ALWAYS AS IDENTITY,
  recorded_on date    NOT NULL,
  area        text    NOT NULL,
  poor        boolean NOT NULL,
  PRIMARY KEY (child_id, from_on, seq)
);
CREATE INDEX child_states_area ON app.child_states (area, child_id);

-- Every child as it is now, for lists: its last village, its last spell.
CREATE TABLE app.children (
  child_id uuid    PRIMARY KEY,
  area     text    NOT NULL,
  poor     boolean NOT NULL,
  from_on  date    NOT NULL,
  filed_on date    NOT NULL,
  left_on  date
) WITH (fillfactor = 90);
CREATE INDEX children_area ON app.children (area, child_id) WHERE left_on IS NULL;
ALTER TABLE app.children ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.children USING (kernel.in_scope(area));

CREATE TABLE app.merges (
  child_id    uuid PRIMARY KEY,
  survivor_id uuid NOT NULL
);
CREATE INDEX merges_survivor ON app.merges (survivor_id);

CREATE TABLE app.pairs (
  pair_id        uuid PRIMARY KEY,
  child_id       uuid NOT NULL,
  carer_id       uuid NOT NULL,
  kind           text NOT NULL,
  from_on        date NOT NULL,
  recorded_on    date NOT NULL,
  until_on       date,
  until_known_on date
);
CREATE INDEX pairs_child ON app.pairs (child_id, from_on);
CREATE INDEX pairs_carer ON app.pairs (carer_id);

-- Every visit as it was logged; child_id follows a merge, logged_for never changes.
CREATE TABLE app.visits (
  visit_id    uuid    PRIMARY KEY,
  seq         bigint  GENERATED ALWAYS AS IDENTITY,
  child_id    uuid    NOT NULL,
  logged_for  uuid    NOT NULL,
  kind        text    NOT NULL,
  on_day      date    NOT NULL,
  entered_on  date    NOT NULL,
  recorded_on date    NOT NULL,
  reached     boolean NOT NULL,
  in_file     boolean NOT NULL,
  area        text    NOT NULL,
  carer_id    uuid
);
CREATE INDEX visits_child ON app.visits (child_id, on_day);
CREATE INDEX visits_day ON app.visits (on_day, seq);
CREATE INDEX visits_outside ON app.visits (on_day, seq) WHERE NOT in_file;
ALTER TABLE app.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.visits USING (kernel.in_scope(area));

-- The visits that can keep a window of a child: reached, inside its file. known_on is the day Kith knew
-- that the visit was this child's; a merge adds rows for the survivor and takes none from the merged.
CREATE TABLE app.keeping (
  child_id uuid   NOT NULL,
  kind     text   NOT NULL,
  on_day   date   NOT NULL,
  visit_id uuid   NOT NULL,
  known_on date   NOT NULL,
  seq      bigint NOT NULL,
  PRIMARY KEY (child_id, kind, on_day, visit_id) INCLUDE (known_on, seq)
);
CREATE INDEX keeping_visit ON app.keeping (visit_id);

CREATE TABLE app.misses (
  child_id   uuid NOT NULL,
  kind       text NOT NULL,
  opens      date NOT NULL,
  closes     date NOT NULL,
  due        date NOT NULL,
  area       text NOT NULL,
  state      text NOT NULL CHECK (state IN ('outstanding', 'made_good', 'withdrawn')),
  mended_on  date,
  visit_id   uuid,
  reason     text,
  PRIMARY KEY (child_id, kind, opens),
  CHECK ((state = 'outstanding') = (mended_on IS NULL))
);
CREATE INDEX misses_outstanding ON app.misses (closes, area) WHERE state = 'outstanding';
ALTER TABLE app.misses ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.misses USING (kernel.in_scope(area));

-- Since which window a child has been missed without one that was kept: only then has it a row.
CREATE TABLE app.runs (
  child_id uuid NOT NULL,
  kind     text NOT NULL,
  since    date NOT NULL,
  PRIMARY KEY (child_id, kind)
);

CREATE TABLE app.escalations (
  child_id    uuid NOT NULL,
  kind        text NOT NULL,
  first_opens date NOT NULL,
  level       text NOT NULL,
  closes      date NOT NULL,
  windows     int  NOT NULL,
  area        text NOT NULL,
  recorded_on date NOT NULL,
  PRIMARY KEY (child_id, kind, first_opens, level)
);
CREATE INDEX escalations_day ON app.escalations (recorded_on, child_id);
ALTER TABLE app.escalations ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.escalations USING (kernel.in_scope(area));

-- The windows of villages that were judged, so that a judging that was interrupted goes on where it was.
CREATE TABLE app.judged_windows (
  kind  text NOT NULL,
  opens date NOT NULL,
  area  text NOT NULL,
  PRIMARY KEY (kind, opens, area)
);

-- Every window due before this day was judged, everywhere.
CREATE TABLE app.judged_until (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  day date    NOT NULL
);

CREATE TABLE app.log_imports (
  import_id   uuid        PRIMARY KEY,
  area        text        NOT NULL,
  caller      text        NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  answer      jsonb       NOT NULL,
  -- The last day on which the refused rows, which bear names, may be fetched; null where there are none.
  kept_until  date
);
CREATE INDEX log_imports_kept ON app.log_imports (kept_until) WHERE kept_until IS NOT NULL;
ALTER TABLE app.log_imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.log_imports USING (kernel.in_scope(area));

-- Every row of a paper that was ever seen, by a keyed hash of what it says, and what became of it.
CREATE TABLE app.log_rows (
  row_key  uuid PRIMARY KEY,
  outcome  text NOT NULL,
  visit_id uuid
);
