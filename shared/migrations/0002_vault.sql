-- The identity vault: the only place of names, citizen ids, phones and free text. The service reaches
-- it by taking the vault's role for a moment (SET LOCAL ROLE), never by its own rights.

CREATE SCHEMA vault;
GRANT USAGE ON SCHEMA vault TO :service_vault;

CREATE TABLE vault.identities (
  subject_id uuid        PRIMARY KEY,
  data       jsonb       NOT NULL CHECK (jsonb_typeof(data) = 'object'),
  kept_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON vault.identities TO :service_vault;

-- Who looked at whom, when and why: added to, never changed.
CREATE TABLE vault.looks (
  look_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  looked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  caller     text        NOT NULL,
  role       text        NOT NULL,
  subject_id uuid        NOT NULL,
  reason     text        NOT NULL,
  unmasked   boolean     NOT NULL
);
CREATE INDEX looks_subject ON vault.looks (subject_id, look_id);
GRANT SELECT, INSERT ON vault.looks TO :service_vault;

-- Who was forgotten, so that a restore of an older backup cannot bring anybody back.
CREATE TABLE vault.forgotten (
  subject_id   uuid        PRIMARY KEY,
  forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT ON vault.forgotten TO :service_vault;
