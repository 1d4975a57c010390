-- name: names
-- What areas were called on a day, or first called where that was later.
SELECT DISTINCT ON (a.area) a.area, a.name
  FROM areas a
 WHERE a.area = ANY ($1::text[]) AND a.name IS NOT NULL AND a.recorded_on <= $3::date
 ORDER BY a.area, (a."on" <= $2::date) DESC,
          CASE WHEN a."on" <= $2::date THEN a.version ELSE -a.version END DESC
