-- name: find_command
-- The first answer to a command, if it was answered.
SELECT fingerprint, answer::text, tx, position FROM kernel.commands WHERE command_id = $1::uuid

-- name: record_command
-- The answer, with the last event this transaction wrote or else the end of the log.
INSERT INTO kernel.commands (command_id, fingerprint, answer, tx, position)
SELECT $1::uuid, $2::bytea, $3::jsonb, coalesce(last.tx, 0), coalesce(last.position, 0)
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (SELECT tx, position FROM kernel.events
                      WHERE tx <= kernel.this_tx() ORDER BY tx DESC, position DESC LIMIT 1) last ON true
RETURNING tx, position
