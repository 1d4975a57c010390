-- name: figures_as
-- What a scope sees of an area and its sums, in a statement of its own (migration 0003).
SELECT as_of, area, name, level, parent, closed_on, successor, measures, standing, until_last, before
  FROM app.figures_as($1::text, $2::text, $3::date, $4::date, $5::date, $6::date, $7::date)
