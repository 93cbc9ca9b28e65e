"""Makes a database ready for the product: logins, hardening, and the platform schema."""

from typing import Final

import asyncpg

LOGINS: Final = {
    "stoa_owner": "LOGIN CREATEROLE",
    "stoa_control": "LOGIN",
    "stoa_app": "LOGIN NOINHERIT",
    "stoa_relay": "LOGIN NOINHERIT",
}

HARDEN: Final = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)
    TO stoa_app, stoa_relay, stoa_owner, stoa_control;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql TO stoa_owner;
REVOKE UPDATE ON pg_settings FROM PUBLIC;
GRANT SET ON PARAMETER app.tenant TO stoa_owner;
"""


async def prepare(admin: asyncpg.Connection, *, database: str, passwords: dict[str, str]) -> None:
    """Create the logins and the database if they are missing; safe to repeat.

    `admin` is a superuser's connection to any database of the server.
    """
    for login, attributes in LOGINS.items():
        exists = await admin.fetchval("select 1 from pg_roles where rolname = $1", login)
        verb = "ALTER" if exists else "CREATE"
        await admin.execute(f"{verb} ROLE {login} {attributes} PASSWORD '{passwords[login]}'")
        await admin.execute(f"ALTER ROLE {login} SET search_path = pg_catalog")
    if not await admin.fetchval("select 1 from pg_database where datname = $1", database):
        await admin.execute(f'CREATE DATABASE "{database}" OWNER stoa_owner')


async def harden(admin: asyncpg.Connection, *, database: str) -> None:
    """Once per database, by a superuser connected to that database; safe to repeat."""
    await admin.execute(
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC; '
        f'GRANT CONNECT ON DATABASE "{database}" TO stoa_owner, stoa_control, stoa_app, stoa_relay;'
        # Each tenant's role connects by itself in login mode; it inherits this from its owner.
        f'GRANT CONNECT, CREATE ON DATABASE "{database}" TO stoa_owner WITH GRANT OPTION;' + HARDEN
    )
    await admin.execute(
        "ALTER ROLE stoa_app SET idle_in_transaction_session_timeout = '10s'; "
        "ALTER ROLE stoa_app SET statement_timeout = '30s'; "
        "ALTER ROLE stoa_app SET lock_timeout = '8s'; "
        "ALTER ROLE stoa_relay SET idle_in_transaction_session_timeout = '30s'; "
        "ALTER ROLE stoa_control SET idle_in_transaction_session_timeout = '10s'; "
        "ALTER ROLE stoa_control SET search_path = platform; "
        "CREATE SCHEMA IF NOT EXISTS platform AUTHORIZATION stoa_owner;"
    )
