-- Lists of an area go along an index and not through the whole land, whose areas sort by code point as elsewhere; the
-- caller's areas are read once a scan and not once a row. Nobody sees more or less than by kernel.in_scope: every
-- text begins with '', and without a scope there is no area.
DO $collate$
DECLARE
  of_areas text;
BEGIN
  FOREACH of_areas IN ARRAY ARRAY['children', 'visits', 'misses', 'escalations'] LOOP
    EXECUTE format('DROP POLICY scope ON app.%I', of_areas);
    EXECUTE format('ALTER TABLE app.%I ALTER COLUMN area TYPE text COLLATE "C"', of_areas);
    EXECUTE format($ddl$
      CREATE POLICY scope ON app.%I USING (area ^@ ANY ((
        SELECT CASE WHEN current_setting('kith.scope', true) = '*' THEN ARRAY['']
                    ELSE string_to_array(nullif(current_setting('kith.scope', true), ''), ',') END)::text[]))
      $ddl$, of_areas);
  END LOOP;
END $collate$;

-- A work list looks at children who left as well: their window may have closed before.
DROP INDEX app.children_area;
CREATE INDEX children_area ON app.children (area, child_id);
CREATE INDEX visits_area ON app.visits (area, on_day);
CREATE INDEX misses_area ON app.misses (area, closes);
CREATE INDEX escalations_area ON app.escalations (area, recorded_on);
