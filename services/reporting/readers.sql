-- name: keep
-- Each event as it came; arrival numbers follow the order of the batch.
INSERT INTO kept.received (source, tx, position, event_id, version, schema_version, event_type, stream_id,
                           area, data, meta)
SELECT u.source, u.tx, u.position, u.event_id, u.version, u.schema_version, u.event_type, u.stream_id,
       u.area, u.data::json, u.meta::json
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::uuid[], $5::int[], $6::smallint[], $7::text[],
              $8::text[], $9::text[], $10::text[], $11::text[]) WITH ORDINALITY
       AS u (source, tx, position, event_id, version, schema_version, event_type, stream_id, area, data,
             meta, nth)
 ORDER BY u.nth
