-- Imports that run are found without looking at all that ever ran.

CREATE INDEX imports_running ON app.imports (area) WHERE state = 'running';
