-- A visit and a leaving that became known on one day: what was told first mends a miss, whenever the window is judged.
-- *last_visit* is the number (seq) of the child's last visit that had been told when the leaving was; NULL where that was
-- not noted, as before this migration: then the visit counts.
ALTER TABLE app.files ADD COLUMN last_visit bigint;
ALTER TABLE app.former_leavings ADD COLUMN last_visit bigint;
