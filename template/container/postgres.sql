-- Runs once, on an empty volume: a role and a database for the app. The role owns its database and nothing else.
-- A statement that fails would be logged, with the password in it.
SET log_min_error_statement = panic;
\set password `cat /run/secrets/postgres_password`
CREATE ROLE app LOGIN PASSWORD :'password';
CREATE DATABASE app OWNER app;
-- The superuser comes in through the socket inside the container, and from nowhere else.
ALTER ROLE postgres PASSWORD NULL;
