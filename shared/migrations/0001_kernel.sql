-- The event store, the readers' checkpoints, and what makes a command count once.

CREATE SCHEMA kernel;
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA kernel, app TO :service;

-- One row: who this log is. tx_base is raised once after a restore into another cluster, whose
-- transaction ids start lower, so that the order of events never turns back.
CREATE TABLE kernel.log (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  store_id uuid   NOT NULL DEFAULT gen_random_uuid(),
  tx_base  bigint NOT NULL DEFAULT 0
);
INSERT INTO kernel.log DEFAULT VALUES;
ANALYZE kernel.log;
GRANT SELECT ON kernel.log TO :service;

CREATE TABLE kernel.streams (
  stream_id  text   PRIMARY KEY,
  version    int    NOT NULL,
  last_tx    bigint NOT NULL
) WITH (fillfactor = 80);
GRANT SELECT, INSERT, UPDATE ON kernel.streams TO :service;

CREATE TABLE kernel.events (
  tx             bigint      NOT NULL,
  position       bigint      GENERATED ALWAYS AS IDENTITY,
  stored_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  version        int         NOT NULL,
  schema_version smallint    NOT NULL,
  event_id       uuid        NOT NULL,
  stream_id      text        NOT NULL,
  event_type     text        NOT NULL,
  data           jsonb       NOT NULL,
  meta           jsonb       NOT NULL,
  CONSTRAINT events_stream PRIMARY KEY (stream_id, version),
  CONSTRAINT events_id     UNIQUE (event_id),
  CONSTRAINT events_order  UNIQUE (tx, position)
);
ALTER TABLE kernel.events SET (autovacuum_vacuum_insert_scale_factor = 0.02);
GRANT SELECT, INSERT ON kernel.events TO :service;

CREATE FUNCTION kernel.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are never changed: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER events_are_immutable BEFORE UPDATE OR DELETE ON kernel.events
  FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER events_are_never_emptied BEFORE TRUNCATE ON kernel.events
  FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change();

-- A claim makes a rule hold that spans streams: the key can be taken by one stream at a time.
CREATE TABLE kernel.claims (
  key       text PRIMARY KEY,
  stream_id text NOT NULL
);
CREATE INDEX claims_stream ON kernel.claims (stream_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.claims TO :service;

CREATE TABLE kernel.commands (
  command_id  uuid        PRIMARY KEY,
  fingerprint bytea       NOT NULL,
  answer      jsonb       NOT NULL,
  tx          bigint      NOT NULL,
  position    bigint      NOT NULL,
  answered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT ON kernel.commands TO :service;

CREATE TABLE kernel.day (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  day date    NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON kernel.day TO :service;

-- Where a reader is in its source's log. The stream's sequence is a hint, valid for one creation
-- of the stream; the truth is (store_id, tx, position).
CREATE TABLE kernel.checkpoints (
  reader         text        PRIMARY KEY,
  store_id       uuid,
  tx             bigint      NOT NULL DEFAULT 0,
  position       bigint      NOT NULL DEFAULT 0,
  stream_seq     bigint      NOT NULL DEFAULT 0,
  stream_created timestamptz,
  event_time     timestamptz,
  moved_at       timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON kernel.checkpoints TO :service;

CREATE TABLE kernel.leases (
  name       text        PRIMARY KEY,
  holder     uuid        NOT NULL,
  held_until timestamptz NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.leases TO :service;

CREATE TABLE kernel.parked_events (
  parked_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reader         text        NOT NULL,
  source         text        NOT NULL,
  store_id       uuid        NOT NULL,
  tx             bigint      NOT NULL,
  position       bigint      NOT NULL,
  stream_id      text        NOT NULL,
  version        int         NOT NULL,
  event_id       text        NOT NULL,
  event_type     text        NOT NULL,
  schema_version int         NOT NULL,
  data           bytea       NOT NULL,
  meta           jsonb       NOT NULL,
  error          text        NOT NULL,
  attempts       int         NOT NULL,
  parked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (reader, tx, position)
);
CREATE INDEX parked_stream ON kernel.parked_events (reader, stream_id, tx, position);
GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.parked_events TO :service;

-- The caller's areas, applied below every query: row security policies call this with a row's area.
CREATE FUNCTION kernel.in_scope(area text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT current_setting('kith.scope', true) = '*'
      OR area ^@ ANY (string_to_array(nullif(current_setting('kith.scope', true), ''), ','))
$$;

CREATE FUNCTION kernel.this_tx() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT l.tx_base + pg_current_xact_id()::text::bigint FROM kernel.log l
$$;

-- Below this transaction number nothing new can become visible, so readers may go up to it.
CREATE FUNCTION kernel.horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT l.tx_base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM kernel.log l
$$;

-- Append to one stream, in one round trip. p_expected: NULL any version, 0 no stream yet, n exactly n.
-- Returns no version where the version is another or where a later transaction has appended already;
-- the surrounding transaction stays usable.
CREATE FUNCTION kernel.append(
  p_stream text, p_expected int, p_ids uuid[], p_types text[], p_schema_versions smallint[],
  p_data jsonb[], p_meta jsonb, OUT tx bigint, OUT version int, OUT last_position bigint
) LANGUAGE plpgsql AS $$
DECLARE
  k int := cardinality(p_ids);
  stood int;
BEGIN
  tx := kernel.this_tx();
  INSERT INTO kernel.streams AS s (stream_id, version, last_tx)
  SELECT p_stream, k, append.tx
   WHERE coalesce(p_expected, 0) = 0 OR EXISTS (SELECT FROM kernel.streams e WHERE e.stream_id = p_stream)
  ON CONFLICT (stream_id) DO UPDATE SET version = s.version + k, last_tx = append.tx
   WHERE (p_expected IS NULL OR s.version = p_expected) AND s.last_tx <= append.tx
  RETURNING s.version - k INTO stood;
  IF NOT FOUND THEN RETURN; END IF;
  WITH written AS (
    INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
    SELECT append.tx, stood + n, sv, id, p_stream, t, d, p_meta
      FROM unnest(p_ids, p_types, p_schema_versions, p_data) WITH ORDINALITY AS u(id, t, sv, d, n)
     ORDER BY n
    RETURNING position
  )
  SELECT stood + k, max(w.position) INTO version, last_position FROM written w;
END $$;

-- Append to many streams in one statement and answer for each: taken, conflict, claimed (somebody
-- else holds a claim it needs) or already (its first event is in the log). Claims go first, then
-- streams that exist, then new ones, each in sorted order, so that two callers never wait in a ring.
CREATE FUNCTION kernel.append_many(
  p_streams text[], p_expected int[], p_counts int[],
  p_claims text[], p_claim_streams int[], p_releases text[], p_release_streams int[],
  p_ids uuid[], p_types text[], p_schema_versions smallint[], p_data jsonb[],
  p_event_streams int[], p_event_numbers int[], p_meta jsonb
) RETURNS TABLE (n int, outcome text, version int, tx bigint, last_position bigint) LANGUAGE plpgsql AS $$
DECLARE
  writing bigint := kernel.this_tx();
  already int[];
  claimed int[] := '{}';
  inserted text[];
  taken int[];
  stood int[];
  newest bigint;
BEGIN
  SELECT coalesce(array_agg(DISTINCT u.s), '{}') INTO already
    FROM unnest(p_ids, p_event_streams, p_event_numbers) AS u(id, s, i)
    JOIN kernel.events e ON e.event_id = u.id
   WHERE u.i = 1;

  IF cardinality(p_claims) > 0 THEN
    WITH ins AS (
      INSERT INTO kernel.claims (key, stream_id)
      SELECT c.key, p_streams[c.s]
        FROM unnest(p_claims, p_claim_streams) AS c(key, s)
       WHERE c.s <> ALL (already)
       ORDER BY c.key, c.s
      ON CONFLICT (key) DO NOTHING
      RETURNING key
    )
    SELECT coalesce(array_agg(key), '{}') INTO inserted FROM ins;
    SELECT coalesce(array_agg(DISTINCT c.s), '{}') INTO claimed
      FROM unnest(p_claims, p_claim_streams) AS c(key, s)
      LEFT JOIN kernel.claims k ON k.key = c.key
     WHERE c.s <> ALL (already) AND k.stream_id IS DISTINCT FROM p_streams[c.s];
  END IF;

  PERFORM 1 FROM (
    SELECT st.stream_id FROM kernel.streams st
     WHERE st.stream_id = ANY (p_streams) ORDER BY st.stream_id FOR UPDATE
  ) locked;
  WITH wanted AS (
    SELECT w.s::int AS s, w.stream, w.expected, w.k
      FROM unnest(p_streams, p_expected, p_counts) WITH ORDINALITY AS w(stream, expected, k, s)
     WHERE w.s <> ALL (already) AND w.s <> ALL (claimed)
  ), moved AS (
    UPDATE kernel.streams st SET version = st.version + w.k, last_tx = writing
      FROM wanted w
     WHERE st.stream_id = w.stream AND (w.expected IS NULL OR st.version = w.expected) AND st.last_tx <= writing
    RETURNING w.s, st.version - w.k AS stood
  ), made AS (
    INSERT INTO kernel.streams (stream_id, version, last_tx)
    SELECT w.stream, w.k, writing FROM wanted w
     WHERE coalesce(w.expected, 0) = 0 ORDER BY w.stream
    ON CONFLICT (stream_id) DO NOTHING
    RETURNING stream_id
  ), won AS (
    SELECT m.s, m.stood FROM moved m
    UNION ALL
    SELECT w.s, 0 FROM made m JOIN wanted w ON w.stream = m.stream_id
  )
  SELECT coalesce(array_agg(won.s), '{}'), coalesce(array_agg(won.stood), '{}') INTO taken, stood FROM won;

  IF cardinality(p_claims) > 0 THEN
    DELETE FROM kernel.claims k
     USING unnest(p_claims, p_claim_streams) AS c(key, s)
     WHERE k.key = c.key AND k.key = ANY (inserted) AND c.s <> ALL (taken) AND k.stream_id = p_streams[c.s];
  END IF;
  IF cardinality(p_releases) > 0 THEN
    DELETE FROM kernel.claims k
     USING unnest(p_releases, p_release_streams) AS r(key, s)
     WHERE k.key = r.key AND r.s = ANY (taken) AND k.stream_id = p_streams[r.s];
  END IF;

  WITH written AS (
    INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
    SELECT writing, t.stood + u.i, u.sv, u.id, p_streams[u.s], u.t, u.d, p_meta
      FROM unnest(p_ids, p_types, p_schema_versions, p_data, p_event_streams, p_event_numbers)
           WITH ORDINALITY AS u(id, t, sv, d, s, i, nth)
      JOIN unnest(taken, stood) AS t(s, stood) ON t.s = u.s
     ORDER BY u.nth
    RETURNING position
  )
  SELECT max(w.position) INTO newest FROM written w;

  RETURN QUERY
  SELECT w.s::int,
         CASE WHEN w.s = ANY (already) THEN 'already' WHEN w.s = ANY (claimed) THEN 'claimed'
              WHEN t.s IS NOT NULL THEN 'taken' ELSE 'conflict' END,
         t.stood + w.k, writing, newest
    FROM unnest(p_streams, p_counts) WITH ORDINALITY AS w(stream, k, s)
    LEFT JOIN unnest(taken, stood) AS t(s, stood) ON t.s = w.s
   ORDER BY w.s;
END $$;
