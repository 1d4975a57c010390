-- What pairing keeps beside its log: carers and pairs as they stand, the children it heard of from the
-- registry, and the ledger of the lists that were taken in. No names of anybody: those are in the vault.

CREATE TABLE app.areas (
  code      text PRIMARY KEY COLLATE "C",
  level     text NOT NULL,
  closed_on date
);

CREATE TABLE app.children (
  child_id  uuid PRIMARY KEY,
  area      text NOT NULL COLLATE "C",
  school    text,
  household text,
  -- The day from which it counts: filed, or returned.
  filed_on  date NOT NULL,
  left_on   date,
  -- Its place in the registry's log: ties between children are broken by it, not by ids made of a secret.
  arrived   bigint NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX children_open ON app.children (area, child_id) WHERE left_on IS NULL;
ALTER TABLE app.children ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.children USING (kernel.in_scope(area));

CREATE TABLE app.carers (
  carer_id uuid PRIMARY KEY,
  kind     text NOT NULL,
  sex      text NOT NULL,
  area     text NOT NULL COLLATE "C",
  capacity int  NOT NULL,
  school   text,
  standing text NOT NULL CHECK (standing IN ('enlisted', 'cleared', 'suspended', 'withdrawn')),
  since    date NOT NULL,
  arrived  bigint NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX carers_by_area ON app.carers (area, carer_id);
ALTER TABLE app.carers ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.carers USING (kernel.in_scope(area));

-- A pair is seen from both its ends: area is the child's village, carer_area where the carer works.
CREATE TABLE app.pairs (
  pair_id    uuid PRIMARY KEY,
  child_id   uuid NOT NULL,
  carer_id   uuid NOT NULL,
  kind       text NOT NULL,
  area       text NOT NULL COLLATE "C",
  carer_area text NOT NULL COLLATE "C",
  started_on date NOT NULL,
  ended_on   date,
  reason     text
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX pairs_one_of_a_kind ON app.pairs (child_id, kind) WHERE ended_on IS NULL;
CREATE INDEX pairs_of_carer ON app.pairs (carer_id) WHERE ended_on IS NULL;
CREATE INDEX pairs_of_child ON app.pairs (child_id, ended_on);
CREATE INDEX pairs_by_area ON app.pairs (area, pair_id);
ALTER TABLE app.pairs ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.pairs USING (kernel.in_scope(area) OR kernel.in_scope(carer_area));

-- One list of carers that was taken in; the workbook of its refused rows lies in the vault under import_id.
CREATE TABLE app.imports (
  import_id  uuid PRIMARY KEY,
  area       text NOT NULL COLLATE "C",
  on_day     date NOT NULL,
  answer     jsonb NOT NULL,
  kept_until date
);
CREATE INDEX imports_kept ON app.imports (kept_until) WHERE kept_until IS NOT NULL;
ALTER TABLE app.imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.imports USING (kernel.in_scope(area));

-- Every row of every list, once: the key is an HMAC of what the row says and which of the identical rows
-- of its paper it is.
CREATE TABLE app.import_rows (
  row_key   text PRIMARY KEY COLLATE "C",
  import_id uuid NOT NULL,
  outcome   text NOT NULL CHECK (outcome IN ('taken', 'duplicate', 'refused')),
  carer_id  uuid
);
