-- A leaving that was found to have been earlier: what was known before stays, so that judging late uses what was
-- known in time. *superseded_on* is the day on which the earlier day was learned.

CREATE TABLE app.former_leavings (
  spell_id      uuid   NOT NULL,
  seq           bigint GENERATED ALWAYS AS IDENTITY,
  child_id      uuid   NOT NULL,
  filed_on      date   NOT NULL,
  left_on       date   NOT NULL,
  left_known_on date   NOT NULL,
  reason        text   NOT NULL,
  superseded_on date   NOT NULL,
  PRIMARY KEY (spell_id, seq)
);
CREATE INDEX former_leavings_child ON app.former_leavings (child_id);
