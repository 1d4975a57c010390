-- A number that waits for somebody to confirm it already means its child: the next paper that has it tells of nobody new.

ALTER TABLE app.learned_ids ADD COLUMN citizen text COLLATE "C";
CREATE INDEX learned_ids_citizen ON app.learned_ids (citizen) WHERE verdict IS NULL;
