-- Escalations in an area are found without those of all others.
CREATE INDEX escalations_by_area ON app.escalations (area, recorded_on);
