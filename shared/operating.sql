-- name: tail
-- A stretch of the log of bounded length, and of it the events that fit; the last row says how far was looked.
WITH stretch AS (
  SELECT tx, position, version, schema_version, event_id, stream_id, event_type, data, meta, stored_at
    FROM kernel.events
   WHERE (tx, position) > ($1::bigint, $2::bigint) AND tx < (SELECT kernel.horizon())
     AND ($3::text IS NULL OR stream_id = $3::text)
   ORDER BY tx, position LIMIT $8::int
), fitting AS (
  SELECT s.* FROM stretch s
   WHERE s.data ->> 'area' ^@ ANY ($4::text[])
     AND ($5::text IS NULL OR s.event_type = $5::text)
     AND ($6::text IS NULL OR s.event_type ~ $6::text)
     AND ($7::text IS NULL OR s.data ->> 'area' ~ $7::text)
   ORDER BY s.tx, s.position LIMIT $9::int
)
SELECT f.tx, f.position, f.version, f.schema_version, f.event_id, f.stream_id, f.event_type, f.data::text, f.meta::text,
       f.stored_at, true AS fits
  FROM fitting f
UNION ALL
(SELECT s.tx, s.position, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, false FROM stretch s
  ORDER BY s.tx DESC, s.position DESC LIMIT 1)
ORDER BY fits DESC, tx, position

-- name: readers
-- Each reader's place in its source's log and how many events are parked, whichever replica reads.
SELECT r.reader, coalesce(c.tx, 0) AS tx, coalesce(c.position, 0) AS position,
       (SELECT count(*) FROM kernel.parked_events p WHERE p.reader = r.reader) AS parked
  FROM unnest($1::text[]) WITH ORDINALITY AS r (reader, n)
  LEFT JOIN kernel.checkpoints c ON c.reader = r.reader
 ORDER BY r.n
