-- What was missed in an area is found without those of all others.
CREATE INDEX misses_by_area ON app.misses (area, closes);
