-- name: applied
-- What this database has had. The ledger of an early release has no column `needs`.
SELECT a.name, a.checksum, to_jsonb(a) ->> 'needs' AS needs FROM migrations.applied a
