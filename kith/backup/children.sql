-- name: unsaid
-- Children on the forget list of whom the log does not say that they were forgotten.
SELECT c.child_id::text
  FROM app.children c
  JOIN vault.forgotten f ON f.subject_id = c.child_id
 WHERE NOT EXISTS (SELECT FROM kernel.events e
                    WHERE e.event_type = 'ChildForgotten' AND e.data ->> 'child_id' = c.child_id::text)
 ORDER BY 1
