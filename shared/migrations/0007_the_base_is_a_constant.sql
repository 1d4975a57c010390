-- Where a log begins to count changes with a restore, if ever, and every append and every look at the log asks
-- for it. A function that gives it as a constant costs a plan nothing, where its row cost a scan; the row stays
-- the truth, and whoever changes it makes the function anew, which ends all plans that hold the old one. STABLE,
-- since what is IMMUTABLE becomes part of plans that nobody remembers to end.
CREATE FUNCTION kernel.keep_tx_base() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'CREATE OR REPLACE FUNCTION kernel.tx_base() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS %L',
    format('SELECT %s::bigint', NEW.tx_base));
  RETURN NULL;
END $$;
CREATE TRIGGER log_keeps_tx_base AFTER INSERT OR UPDATE OF tx_base ON kernel.log
  FOR EACH ROW EXECUTE FUNCTION kernel.keep_tx_base();
UPDATE kernel.log SET tx_base = tx_base;

-- Neither has a table any more, so that a plan takes each for the expression that it is.
CREATE OR REPLACE FUNCTION kernel.this_tx() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT kernel.tx_base() + pg_current_xact_id()::text::bigint
$$;
CREATE OR REPLACE FUNCTION kernel.horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT kernel.tx_base() + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
$$;
