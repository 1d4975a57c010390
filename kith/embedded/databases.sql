-- name: take_preparing_lock
-- Two processes that prepare at once would trip over each other's roles.
SELECT pg_advisory_lock(hashtext('kith:prepare-databases'));

-- name: role_exists
-- Roles belong to the whole cluster.
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text);

-- name: database_exists
-- Databases too.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1::text);

-- name: make_login_role
-- DDL takes no parameters: the statement is made by the server's own quoting, then run.
SELECT format('CREATE ROLE %I LOGIN', $1::text);

-- name: make_group_role
-- Nobody logs in as the vault: a service becomes it for the length of one statement.
SELECT format('CREATE ROLE %I NOLOGIN', $1::text);

-- name: set_password
-- Set each time, so that the secrets folder and the server never disagree.
SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text);

-- name: grant_vault
-- SET but not INHERIT: reading a name takes a deliberate SET LOCAL ROLE.
SELECT format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', $1::text, $2::text);

-- name: set_on_role
-- A setting every session of the role starts with.
SELECT format('ALTER ROLE %I SET %I = %L', $1::text, $2::text, $3::text);

-- name: set_search_path
-- search_path is a list: each schema is quoted by itself.
SELECT format('ALTER ROLE %I SET search_path = app, kernel', $1::text);

-- name: make_database
-- template0, so that the encoding does not hang on what somebody put into template1.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', $1::text, $2::text);

-- name: close_database
-- PUBLIC may connect to a new database by default: then each service could look for the others' tables.
SELECT format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', $1::text);

-- name: open_database
-- The owner may connect as owner; the service may connect and nothing else until migrations grant it more.
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', $1::text, $2::text);

-- name: grant_statistics
-- Who holds the horizon of readers is seen only by who may read every session's statistics.
SELECT format('GRANT pg_read_all_stats TO %I', $1::text);
