-- Appends cost what they write: one event needs no plan for arrays; where events are many their streams are
-- taken first, and they follow by COPY in the same transaction.

-- Append to one stream, in one round trip. p_expected: NULL any version, 0 no stream yet, n exactly n.
-- Returns no version where the version is another or where a later transaction has appended already;
-- the surrounding transaction stays usable.
CREATE OR REPLACE FUNCTION kernel.append(
  p_stream text, p_expected int, p_ids uuid[], p_types text[], p_schema_versions smallint[],
  p_data jsonb[], p_meta jsonb, OUT tx bigint, OUT version int, OUT last_position bigint
) LANGUAGE plpgsql AS $$
DECLARE
  k int := cardinality(p_ids);
BEGIN
  SELECT l.tx_base + pg_current_xact_id()::text::bigint INTO tx FROM kernel.log l;
  IF p_expected > 0 THEN
    UPDATE kernel.streams s SET version = s.version + k, last_tx = append.tx
     WHERE s.stream_id = p_stream AND s.version = p_expected AND s.last_tx <= append.tx
    RETURNING s.version INTO version;
  ELSE
    INSERT INTO kernel.streams AS s (stream_id, version, last_tx) VALUES (p_stream, k, append.tx)
    ON CONFLICT (stream_id) DO UPDATE SET version = s.version + k, last_tx = append.tx
     WHERE p_expected IS NULL AND s.last_tx <= append.tx
    RETURNING s.version INTO version;
  END IF;
  IF NOT FOUND THEN RETURN; END IF;
  IF k = 1 THEN
    INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
    VALUES (append.tx, append.version, p_schema_versions[1], p_ids[1], p_stream, p_types[1], p_data[1], p_meta)
    RETURNING position INTO last_position;
    RETURN;
  END IF;
  WITH written AS (
    INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
    SELECT append.tx, append.version - k + n, sv, id, p_stream, t, d, p_meta
      FROM unnest(p_ids, p_types, p_schema_versions, p_data) WITH ORDINALITY AS u(id, t, sv, d, n)
     ORDER BY n
    RETURNING position
  )
  SELECT max(w.position) INTO last_position FROM written w;
END $$;

-- Move many streams for an append whose events follow in the same transaction, and answer for each: taken,
-- conflict, claimed (somebody else holds a claim it needs) or already (its first event is in the log), and at
-- which version it stood. Claims go first, then streams that exist, then new ones, each in sorted order, so
-- that two callers never wait in a ring.
CREATE FUNCTION kernel.take_streams(
  p_streams text[], p_expected int[], p_counts int[], p_firsts uuid[],
  p_claims text[], p_claim_streams int[], p_releases text[], p_release_streams int[],
  OUT tx bigint, OUT outcomes text[], OUT stood int[]
) LANGUAGE plpgsql AS $$
DECLARE
  already int[];
  claimed int[] := '{}';
  lost int[] := '{}';
  inserted text[];
  locked text[];
  taken int[];
BEGIN
  tx := kernel.this_tx();
  IF cardinality(p_streams) > 50 THEN
    -- A plan made for any arrays takes them for short ones and scans them for each row.
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
  END IF;

  SELECT coalesce(array_agg(u.s), '{}') INTO already
    FROM unnest(p_firsts) WITH ORDINALITY AS u(id, s)
    JOIN kernel.events e ON e.event_id = u.id;

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

  SELECT coalesce(array_agg(held.stream_id), '{}') INTO locked FROM (
    SELECT st.stream_id FROM kernel.streams st
     WHERE st.stream_id = ANY (p_streams) ORDER BY st.stream_id FOR UPDATE
  ) held;
  IF cardinality(p_claims) > 0 THEN
    -- A stream that held a claim may have given it back while this append waited for the stream.
    SELECT coalesce(array_agg(DISTINCT c.s), '{}') INTO lost
      FROM unnest(p_claims, p_claim_streams) AS c(key, s)
      LEFT JOIN kernel.claims k ON k.key = c.key
     WHERE c.s <> ALL (already) AND k.stream_id IS DISTINCT FROM p_streams[c.s];
  END IF;

  WITH wanted AS MATERIALIZED (
    SELECT w.s::int AS s, w.stream, w.expected, w.k
      FROM unnest(p_streams, p_expected, p_counts) WITH ORDINALITY AS w(stream, expected, k, s)
     WHERE w.s <> ALL (already) AND w.s <> ALL (claimed) AND w.s <> ALL (lost)
  ), moved AS (
    UPDATE kernel.streams st SET version = st.version + w.k, last_tx = take_streams.tx
      FROM wanted w
     WHERE st.stream_id = w.stream AND w.stream = ANY (locked)  -- one made since then is not ours in order
       AND (w.expected IS NULL OR st.version = w.expected) AND st.last_tx <= take_streams.tx
    RETURNING w.s, st.version - w.k AS stood
  ), made AS (
    INSERT INTO kernel.streams (stream_id, version, last_tx)
    SELECT w.stream, w.k, take_streams.tx FROM wanted w
     WHERE coalesce(w.expected, 0) = 0 ORDER BY w.stream
    ON CONFLICT (stream_id) DO NOTHING
    RETURNING stream_id
  ), won AS (
    SELECT m.s, m.stood FROM moved m
    UNION ALL
    SELECT w.s, 0 FROM made m JOIN wanted w ON w.stream = m.stream_id
  )
  SELECT coalesce(array_agg(won.s) FILTER (WHERE won.s IS NOT NULL), '{}'),
         array_agg(won.stood ORDER BY u.s),
         array_agg(CASE WHEN won.s IS NOT NULL THEN 'taken' WHEN u.s = ANY (already) THEN 'already'
                        WHEN u.s = ANY (claimed) THEN 'claimed' ELSE 'conflict' END ORDER BY u.s)
    INTO taken, stood, outcomes
    FROM generate_series(1, cardinality(p_streams)) AS u(s) LEFT JOIN won ON won.s = u.s;

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
END $$;

-- The same in one statement for events that are few.
CREATE OR REPLACE FUNCTION kernel.append_many(
  p_streams text[], p_expected int[], p_counts int[],
  p_claims text[], p_claim_streams int[], p_releases text[], p_release_streams int[],
  p_ids uuid[], p_types text[], p_schema_versions smallint[], p_data jsonb[],
  p_event_streams int[], p_event_numbers int[], p_meta jsonb
) RETURNS TABLE (n int, outcome text, version int, tx bigint, last_position bigint) LANGUAGE plpgsql AS $$
DECLARE
  took record;
  newest bigint;
BEGIN
  SELECT t.tx, t.outcomes, t.stood INTO took
    FROM kernel.take_streams(
           p_streams, p_expected, p_counts,
           (SELECT array_agg(u.id ORDER BY u.s) FROM unnest(p_ids, p_event_streams, p_event_numbers) AS u(id, s, i)
             WHERE u.i = 1),
           p_claims, p_claim_streams, p_releases, p_release_streams) AS t;
  WITH written AS (
    INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
    SELECT took.tx, s.stood + u.i, u.sv, u.id, s.stream, u.t, u.d, p_meta
      FROM unnest(p_ids, p_types, p_schema_versions, p_data, p_event_streams, p_event_numbers)
           WITH ORDINALITY AS u(id, t, sv, d, s, i, nth)
      JOIN unnest(p_streams, took.outcomes, took.stood) WITH ORDINALITY AS s(stream, outcome, stood, s) ON s.s = u.s
     WHERE s.outcome = 'taken'
     ORDER BY u.nth
    RETURNING position
  )
  SELECT max(w.position) INTO newest FROM written w;

  RETURN QUERY
  SELECT w.s::int, w.outcome, w.stood + w.k, took.tx, newest
    FROM unnest(took.outcomes, took.stood, p_counts) WITH ORDINALITY AS w(outcome, stood, k, s)
   ORDER BY w.s;
END $$;
