-- Long appends are planned for what they hold, and find an event's stream by a join: the n-th of an array of
-- texts is found by walking the array.

-- Append to many streams in one statement and answer for each: taken, conflict, claimed (somebody
-- else holds a claim it needs) or already (its first event is in the log). Claims go first, then
-- streams that exist, then new ones, each in sorted order, so that two callers never wait in a ring.
CREATE OR REPLACE FUNCTION kernel.append_many(
  p_streams text[], p_expected int[], p_counts int[],
  p_claims text[], p_claim_streams int[], p_releases text[], p_release_streams int[],
  p_ids uuid[], p_types text[], p_schema_versions smallint[], p_data jsonb[],
  p_event_streams int[], p_event_numbers int[], p_meta jsonb
) RETURNS TABLE (n int, outcome text, version int, tx bigint, last_position bigint) LANGUAGE plpgsql AS $$
DECLARE
  writing bigint := kernel.this_tx();
  already int[];
  claimed int[] := '{}';
  lost int[] := '{}';
  inserted text[];
  taken int[];
  stood int[];
  newest bigint;
BEGIN
  IF cardinality(p_ids) > 50 THEN
    -- A plan made for any arrays takes them for short ones and scans them for each row.
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
  END IF;

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
  IF cardinality(p_claims) > 0 THEN
    -- A stream that held a claim may have given it back while this append waited for the stream.
    SELECT coalesce(array_agg(DISTINCT c.s), '{}') INTO lost
      FROM unnest(p_claims, p_claim_streams) AS c(key, s)
      LEFT JOIN kernel.claims k ON k.key = c.key
     WHERE c.s <> ALL (already) AND k.stream_id IS DISTINCT FROM p_streams[c.s];
  END IF;
  WITH wanted AS (
    SELECT w.s::int AS s, w.stream, w.expected, w.k
      FROM unnest(p_streams, p_expected, p_counts) WITH ORDINALITY AS w(stream, expected, k, s)
     WHERE w.s <> ALL (already) AND w.s <> ALL (claimed) AND w.s <> ALL (lost)
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
    SELECT writing, t.stood + u.i, u.sv, u.id, w.stream, u.t, u.d, p_meta
      FROM unnest(p_ids, p_types, p_schema_versions, p_data, p_event_streams, p_event_numbers)
           WITH ORDINALITY AS u(id, t, sv, d, s, i, nth)
      JOIN unnest(taken, stood) AS t(s, stood) ON t.s = u.s
      JOIN unnest(p_streams) WITH ORDINALITY AS w(stream, s) ON w.s = u.s
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
