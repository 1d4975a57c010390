-- What a merge gave the survivor and its undoing took back had kept windows until then: it stays, with both days.

ALTER TABLE app.keeping ADD COLUMN until_on date NOT NULL DEFAULT 'infinity';
ALTER TABLE app.keeping DROP CONSTRAINT keeping_pkey;
ALTER TABLE app.keeping ADD PRIMARY KEY (child_id, kind, on_day, visit_id, known_on) INCLUDE (until_on, seq);
