-- Whether a first event is in the log is asked only where a stream exists: for many new streams PostgreSQL looked
-- through the whole log, and the longer it was, the longer that took.

-- Move many streams for an append whose events follow in the same transaction, and answer for each: taken,
-- conflict, claimed (somebody else holds a claim it needs) or already (its stream exists and its first event is in the
-- log), and at which version it stood; of two that begin one stream at the same moment, the later fails with a
-- unique_violation. Claims go first, then locks of streams that exist, then new ones, each in sorted order; what was
-- locked is moved last. Two callers never wait in a ring: a new stream that somebody has locked and not moved yet
-- is a unique_violation at once, one that he has moved already would be waited for, until he is through.
CREATE OR REPLACE FUNCTION kernel.take_streams(
  p_streams text[], p_expected int[], p_counts int[], p_firsts uuid[],
  p_claims text[], p_claim_streams int[], p_releases text[], p_release_streams int[],
  OUT tx bigint, OUT outcomes text[], OUT stood int[]
) LANGUAGE plpgsql AS $$
DECLARE
  already int[] := '{}';
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

  IF EXISTS (SELECT FROM kernel.streams st WHERE st.stream_id = ANY (p_streams)) THEN
    SELECT coalesce(array_agg(u.s), '{}') INTO already
      FROM unnest(p_firsts) WITH ORDINALITY AS u(id, s)
      JOIN kernel.events e ON e.event_id = u.id;
  END IF;

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
     WHERE coalesce(w.expected, 0) = 0 AND w.stream <> ALL (locked)  -- one begun since then is a unique_violation
     ORDER BY w.stream
    RETURNING stream_id
  ), won AS (  -- in this order, in which both are done
    SELECT w.s, 0 AS stood FROM made m JOIN wanted w ON w.stream = m.stream_id
    UNION ALL
    SELECT m.s, m.stood FROM moved m
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
