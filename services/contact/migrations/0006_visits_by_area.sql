-- Visits in an area are found without those of all others.
CREATE INDEX visits_by_area ON app.visits (area, on_day);
