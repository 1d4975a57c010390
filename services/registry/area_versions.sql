-- name: open_names
-- The areas in use of some counties.
SELECT a.code, a.name
  FROM unnest($1::text[]) AS c(county)
  JOIN app.areas a ON a.code >= c.county AND a.code < c.county || ':' AND a.until_on IS NULL
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
