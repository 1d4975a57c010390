-- What the registry keeps beside its log: the tree of areas, children's files as they stand, the keyed
-- names they are recognised by, and the ledger of the papers that were taken in. No names of anybody:
-- those are in the vault.

CREATE TABLE app.areas (
  code      text NOT NULL COLLATE "C",
  from_on   date NOT NULL,
  until_on  date,
  name      text NOT NULL,
  level     text NOT NULL,
  parent    text,
  successor text,
  PRIMARY KEY (code, from_on)
);
CREATE UNIQUE INDEX areas_present ON app.areas (code) WHERE until_on IS NULL;
ALTER TABLE app.areas ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.areas USING (kernel.in_scope(code));

CREATE TABLE app.children (
  child_id    uuid PRIMARY KEY,
  area        text NOT NULL COLLATE "C",
  birth_date  date NOT NULL,
  sixteen_on  date NOT NULL,
  sex         text NOT NULL,
  file        jsonb NOT NULL,
  filed_on    date NOT NULL,
  opened_on   date NOT NULL,
  recorded_on date NOT NULL,
  left_on     date,
  reason      text,
  merged_into uuid REFERENCES app.children
) WITH (fillfactor = 85);
CREATE INDEX children_by_area ON app.children (area, child_id);
CREATE INDEX children_by_birthday ON app.children (sixteen_on, child_id) WHERE left_on IS NULL;
CREATE INDEX children_merged ON app.children (merged_into) WHERE merged_into IS NOT NULL;
ALTER TABLE app.children ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.children USING (kernel.in_scope(area));

-- The file that a child's visits and rows belong to: itself, or the survivor of its merges.
CREATE FUNCTION app.survivor_of(child uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE line AS (
    SELECT c.child_id, c.merged_into FROM app.children c WHERE c.child_id = child
    UNION ALL
    SELECT c.child_id, c.merged_into FROM line l JOIN app.children c ON c.child_id = l.merged_into
  )
  SELECT l.child_id FROM line l WHERE l.merged_into IS NULL
$$;

-- What a child is recognised by: its name and id number, keyed by HMAC with the vault's secret.
CREATE TABLE app.child_keys (
  child_id uuid PRIMARY KEY REFERENCES app.children,
  name     text COLLATE "C",
  citizen  text COLLATE "C"
);
CREATE UNIQUE INDEX child_keys_citizen ON app.child_keys (citizen) WHERE citizen IS NOT NULL;

-- Every keyed name in every village the child ever had.
CREATE TABLE app.child_names (
  name     text NOT NULL COLLATE "C",
  village  text NOT NULL COLLATE "C",
  child_id uuid NOT NULL REFERENCES app.children,
  PRIMARY KEY (name, village, child_id)
);
CREATE INDEX child_names_of ON app.child_names (child_id);

CREATE TABLE app.likely_duplicates (
  child_id   uuid NOT NULL REFERENCES app.children,
  other_id   uuid NOT NULL REFERENCES app.children,
  area       text NOT NULL COLLATE "C",
  other_area text NOT NULL COLLATE "C",
  why        text NOT NULL,
  found_on   date NOT NULL,
  import_id  uuid,
  verdict    text CHECK (verdict IN ('same', 'different')),
  judged_by  text,
  judged_on  date,
  PRIMARY KEY (child_id, other_id)
);
CREATE INDEX likely_duplicates_open ON app.likely_duplicates (child_id, other_id) WHERE verdict IS NULL;
ALTER TABLE app.likely_duplicates ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.likely_duplicates USING (kernel.in_scope(area) OR kernel.in_scope(other_area));

-- An id number that a later paper gives a child without one; the number itself is in the vault.
CREATE TABLE app.learned_ids (
  learned_id uuid PRIMARY KEY,
  child_id   uuid NOT NULL REFERENCES app.children,
  area       text NOT NULL COLLATE "C",
  found_on   date NOT NULL,
  import_id  uuid,
  verdict    text CHECK (verdict IN ('confirmed', 'dismissed')),
  judged_by  text,
  judged_on  date
);
CREATE INDEX learned_ids_of ON app.learned_ids (child_id) WHERE verdict IS NULL;
ALTER TABLE app.learned_ids ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.learned_ids USING (kernel.in_scope(area));

CREATE TABLE app.imports (
  import_id  uuid PRIMARY KEY,
  kind       text NOT NULL,
  area       text NOT NULL COLLATE "C",
  file_key   text NOT NULL,
  on_day     date NOT NULL,
  caller     text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state      text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'interrupted')),
  rows       int  NOT NULL,
  answer     jsonb,
  -- The last day on which the refused rows are kept for download; they lie in the vault under import_id.
  kept_until date
);
CREATE INDEX imports_kept ON app.imports (kept_until) WHERE kept_until IS NOT NULL;
ALTER TABLE app.imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.imports USING (kernel.in_scope(area));

-- Every row of every roster, once: the key is an HMAC of what the row says and which of the identical
-- rows of its paper it is.
CREATE TABLE app.import_rows (
  row_key   text PRIMARY KEY COLLATE "C",
  import_id uuid NOT NULL REFERENCES app.imports,
  area      text NOT NULL COLLATE "C",
  number    int  NOT NULL,
  outcome   text NOT NULL CHECK (outcome IN ('taken', 'put_right', 'duplicate', 'refused')),
  code      text,
  likely    boolean NOT NULL DEFAULT false,
  child_id  uuid,
  counted   boolean NOT NULL DEFAULT false,
  -- Whether it was counted as refused before it became acceptable: then that count is taken back.
  taken_back boolean NOT NULL DEFAULT false
);
CREATE INDEX import_rows_uncounted ON app.import_rows (area) WHERE NOT counted;
