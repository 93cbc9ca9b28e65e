#!/bin/sh
# Run once, when the database server is made: lets PgBouncer look up the product's own logins, and
# no superuser's. In `postgres` and not in `stoa`: logins belong to the whole server.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres \
     -v secret="$(cat /run/secrets/stoa_pooler)" <<'SQL'
CREATE ROLE stoa_pooler LOGIN PASSWORD :'secret';
CREATE SCHEMA pooler;
CREATE FUNCTION pooler.lookup(wanted text) RETURNS TABLE (name text, secret text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT rolname::text, rolpassword FROM pg_authid
    WHERE rolname = wanted AND rolcanlogin AND NOT rolsuper AND NOT rolreplication
$$;
REVOKE ALL ON FUNCTION pooler.lookup(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA pooler TO stoa_pooler;
GRANT EXECUTE ON FUNCTION pooler.lookup(text) TO stoa_pooler;
SQL
