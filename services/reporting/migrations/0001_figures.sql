-- What reporting received, for ever, and two sides of tables made from it: one is live, the other is
-- where a rebuild works until it has caught up.

-- Every event as it came, so that a number leads to its events and a rebuild asks nobody.
CREATE SCHEMA kept;
GRANT USAGE ON SCHEMA kept TO :service;

CREATE TABLE kept.received (
  arrival        bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tx             bigint   NOT NULL,
  position       bigint   NOT NULL,
  event_id       uuid     NOT NULL UNIQUE,
  version        int      NOT NULL,
  schema_version smallint NOT NULL,
  source         text     NOT NULL,
  event_type     text     NOT NULL,
  stream_id      text     NOT NULL,
  area           text     COLLATE "C" NOT NULL,
  data           json     NOT NULL,
  meta           json     NOT NULL
);
ALTER TABLE kept.received SET (autovacuum_vacuum_insert_scale_factor = 0.02);
GRANT SELECT, INSERT ON kept.received TO :service;
ALTER TABLE kept.received ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON kept.received USING (kernel.in_scope(area));
CREATE TRIGGER received_is_immutable BEFORE UPDATE OR DELETE ON kept.received
  FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER received_is_never_emptied BEFORE TRUNCATE ON kept.received
  FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change();

DO $sides$
DECLARE
  side text;
  ddl constant text := $ddl$
CREATE SCHEMA @;
GRANT USAGE ON SCHEMA @ TO :service;

-- The list behind each number: what one event added to or took from measures, at a place and a day.
CREATE TABLE @.facts (
  item        uuid,                        -- NULL: the event itself names those counted
  child_id    uuid,
  event_id    uuid     NOT NULL,
  "on"        date     NOT NULL,
  recorded_on date     NOT NULL,
  amount      int      NOT NULL,
  item_kind   smallint NOT NULL,
  area        text     COLLATE "C" NOT NULL,
  beyond      text     COLLATE "C",        -- the other side of a transfer: areas that hold both see none
  measures    int[]    NOT NULL
);
CREATE INDEX facts_by_area ON @.facts (item_kind, area, "on");

-- The same, summed for every village, township and county.
CREATE TABLE @.tallies (
  area        text   COLLATE "C",
  "on"        date,
  measure     int,
  recorded_on date,
  amount      bigint NOT NULL,
  PRIMARY KEY (area, "on", measure, recorded_on)
) WITH (fillfactor = 80);
CREATE INDEX tallies_by_knowledge ON @.tallies (area, recorded_on);

CREATE TABLE @.month_tallies (
  area           text   COLLATE "C",
  on_month       date,
  measure        int,
  recorded_month date,
  amount         bigint NOT NULL,
  PRIMARY KEY (area, on_month, measure, recorded_month)
) WITH (fillfactor = 80);

-- What must be remembered to say what a later event takes back.
CREATE TABLE @.children (
  child_id uuid  PRIMARY KEY,
  timeline jsonb NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE @.pairs (
  pair_id  uuid  PRIMARY KEY,
  child_id uuid  NOT NULL,
  carer_id uuid  NOT NULL,
  kind     text  NOT NULL,
  timeline jsonb NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX pairs_of_child ON @.pairs (child_id);
CREATE INDEX pairs_of_carer ON @.pairs (carer_id);

CREATE TABLE @.carers (
  carer_id uuid  PRIMARY KEY,
  kind     text  NOT NULL,
  timeline jsonb NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE @.areas (
  area        text COLLATE "C",
  version     int,
  "on"        date NOT NULL,
  recorded_on date NOT NULL,
  name        text,
  level       text,
  parent      text COLLATE "C",
  closed      boolean NOT NULL,
  successor   text COLLATE "C",
  PRIMARY KEY (area, version)
);
CREATE INDEX areas_by_parent ON @.areas (parent);

-- The last day each source has told of.
CREATE TABLE @.days (
  source text PRIMARY KEY,
  day    date NOT NULL
);

GRANT SELECT, INSERT, UPDATE, TRUNCATE ON ALL TABLES IN SCHEMA @ TO :service;

ALTER TABLE @.facts         ENABLE ROW LEVEL SECURITY;
ALTER TABLE @.tallies       ENABLE ROW LEVEL SECURITY;
ALTER TABLE @.month_tallies ENABLE ROW LEVEL SECURITY;
ALTER TABLE @.areas         ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON @.facts         USING (kernel.in_scope(area));
CREATE POLICY scope ON @.tallies       USING (kernel.in_scope(area));
CREATE POLICY scope ON @.month_tallies USING (kernel.in_scope(area));
CREATE POLICY scope ON @.areas         USING (kernel.in_scope(area));
$ddl$;
BEGIN
  FOREACH side IN ARRAY ARRAY['side_a', 'side_b'] LOOP
    EXECUTE replace(ddl, '@', side);
  END LOOP;
END $sides$;

CREATE TABLE app.live_side (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  side text    NOT NULL CHECK (side IN ('side_a', 'side_b'))
);
INSERT INTO app.live_side (side) VALUES ('side_a');

CREATE TABLE app.rebuilds (
  projection text   PRIMARY KEY,
  state      text   NOT NULL CHECK (state IN ('asked', 'running', 'done', 'failed')),
  done       bigint NOT NULL,
  total      bigint NOT NULL,
  error      text
);

CREATE TABLE app.summaries (
  summary_id  uuid PRIMARY KEY,
  area        text COLLATE "C" NOT NULL,
  first_day   date NOT NULL,
  last_day    date NOT NULL,
  known_on    date NOT NULL,
  recorded_on date NOT NULL,
  digest      text NOT NULL
);
CREATE INDEX summaries_of_area ON app.summaries (area, last_day);
ALTER TABLE app.summaries ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.summaries USING (kernel.in_scope(area));
