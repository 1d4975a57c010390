-- name: open_names
-- The areas in use of some counties. Each county is looked up by itself, to an end that is a value by then: row
-- security must not let || see a row's code before its own check, and the index would be read from the county on to
-- the last of all.
WITH counties AS MATERIALIZED (
  SELECT county, county || ':' AS beyond FROM unnest($1::text[]) AS c(county)
)
SELECT a.code, a.name
  FROM counties c
 CROSS JOIN LATERAL (
   SELECT code, name FROM app.areas WHERE code >= c.county AND code < c.beyond AND until_on IS NULL OFFSET 0
 ) a
 ORDER BY a.code

-- name: is_open
-- Whether a code is in use.
SELECT EXISTS (SELECT FROM app.areas WHERE code = $1::text AND until_on IS NULL)

-- name: open_below
-- Open areas and open files under a code.
SELECT (SELECT count(*) FROM app.areas WHERE code ^@ $1::text AND code <> $1::text AND until_on IS NULL)::int
     + (SELECT count(*) FROM app.children WHERE area ^@ $1::text AND left_on IS NULL)::int

-- name: list_versions
-- Areas with all their versions, in order of code.
SELECT code, name, level, parent, from_on, until_on, successor FROM app.areas
 WHERE code ^@ $1::text AND code >= $2::text AND (code > $2::text OR from_on::text > $3::text)
 ORDER BY code, from_on LIMIT $4::int
