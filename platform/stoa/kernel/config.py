"""What an installation may decide, read from STOA_* variables and from what `stoa up` wrote down."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from stoa.kernel import where

RUN_FILE = "run.json"
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigProblem(ValueError):
    """The installation is told something impossible; the command stops with exit code 78."""


class Role(StrEnum):
    """The logins of the product, least power last but one: the relay only reads outboxes."""

    ADMIN = "stoa_admin"
    OWNER = "stoa_owner"
    CONTROL = "stoa_control"
    APP = "stoa_app"
    RELAY = "stoa_relay"


def _told(variable: str, meaning: str) -> dict[str, str]:
    return {"variable": variable, "meaning": meaning}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One reading of the environment; nothing else reads STOA_* variables but `faultpoints`."""

    state: Path = field(
        metadata=_told(
            "STOA_STATE", "Directory for databases, secrets and files. Default: `.stoa` here."
        )
    )
    secrets: Path = field(
        metadata=_told(
            "STOA_SECRETS",
            "Directory with one file per secret (`stoa_app`, `redis`, `kek` ...), as container "
            "platforms mount them. Default: `secrets` in the state directory.",
        )
    )
    database_host: str = field(
        default="127.0.0.1",
        metadata=_told(
            "STOA_DATABASE_URL",
            "PostgreSQL 15 or newer in place of the embedded one, as "
            "`postgresql://user:password@host:port/name`. The login named here prepares the "
            "database (it creates roles); leave the login out where that is done.",
        ),
    )
    database_port: int = 5432
    database_name: str = "stoa"
    database_options: tuple[tuple[str, str], ...] = ()
    database_admin: str = Role.ADMIN.value
    database_direct: str | None = field(
        default=None,
        metadata=_told(
            "STOA_DATABASE_DIRECT",
            "`host:port` of PostgreSQL itself when STOA_DATABASE_URL is a PgBouncer: listening "
            "and migrations need it.",
        ),
    )
    database_pooled: bool = field(
        default=False,
        metadata=_told(
            "STOA_DATABASE_POOLED",
            "`1` when STOA_DATABASE_URL is a PgBouncer in transaction mode.",
        ),
    )
    passwords: Mapping[Role, str] = field(
        default_factory=dict[Role, str],
        repr=False,
        metadata=_told(
            "STOA_DATABASE_<ROLE>_PASSWORD",
            "Password of `stoa_owner`, `stoa_control`, `stoa_app` or `stoa_relay` (ROLE is OWNER, "
            "CONTROL, APP, RELAY). Default: the file of that name in STOA_SECRETS.",
        ),
    )
    redis_url: str = field(
        default="",
        repr=False,
        metadata=_told(
            "STOA_REDIS_URL",
            "Redis 6.2+ or Valkey in place of the embedded one, as `redis://:password@host:port/0`.",
        ),
    )
    kek_file: Path = field(
        metadata=_told(
            "STOA_KEK_FILE",
            "File with the key that wraps every tenant's keys. Default: `kek` in STOA_SECRETS.",
        )
    )
    domain: str = field(
        default="localhost",
        metadata=_told(
            "STOA_DOMAIN",
            "Base domain: the control plane is `control.<domain>`, a tenant `<slug>.<domain>`.",
        ),
    )
    scheme: str = field(
        default="http",
        metadata=_told("STOA_SCHEME", "`http` or `https`, as browsers see the product."),
    )
    bind: str = field(
        default="127.0.0.1", metadata=_told("STOA_BIND", "Address the web process listens on.")
    )
    port: int = field(default=8000, metadata=_told("STOA_PORT", "Port the web process listens on."))
    public_port: int | None = field(
        default=None,
        metadata=_told(
            "STOA_PUBLIC_PORT",
            "Port in the addresses people see. Default: none with https, STOA_PORT with http.",
        ),
    )
    trusted_proxies: tuple[Network, ...] = field(
        default=(),
        metadata=_told(
            "STOA_TRUSTED_PROXIES",
            "Networks whose X-Forwarded-For and X-Forwarded-Proto are believed, comma separated.",
        ),
    )
    production: bool = field(
        default=False,
        metadata=_told(
            "STOA_PRODUCTION",
            "`1` on a real installation: https only, no demo, no sandbox, unsafe settings refuse.",
        ),
    )
    demo: bool = field(
        default=True,
        metadata=_told(
            "STOA_DEMO",
            "`0` starts `stoa up` empty, beside the stand-in outside world but without the two "
            "demo sub-brokers. Default: 1.",
        ),
    )
    smtp_url: str = field(
        default="",
        repr=False,
        metadata=_told(
            "STOA_SMTP_URL",
            "Mail server for all letters, as `smtp://user:password@host:587` (STARTTLS where "
            "offered; demanded with a password) or `smtps://...:465`. A tenant may name its own.",
        ),
    )
    faults: str = field(
        default="",
        metadata=_told(
            "STOA_FAULTS",
            "For proofs only: directory in which `stoa faults run` names the places where a process "
            "dies. Refused with STOA_PRODUCTION.",
        ),
    )
    services: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read variables first, then the running supervisor's notes, then the defaults.

        Raises:
            ConfigProblem: a variable has no meaning, or two contradict.
        """
        state = where.state(environ)
        run = _run_file(state)
        secrets = Path(environ.get("STOA_SECRETS") or run.get("secrets") or state / "secrets")
        web = cast("dict[str, Any]", run.get("web") or {})
        scheme = environ.get("STOA_SCHEME", "http")
        if scheme not in {"http", "https"}:
            raise ConfigProblem(f"STOA_SCHEME is http or https, not {scheme!r}")
        port = _port("STOA_PORT", environ.get("STOA_PORT")) or int(web.get("port", 8000))
        shown = _port("STOA_PUBLIC_PORT", environ.get("STOA_PUBLIC_PORT"))
        production = _flag(environ, "STOA_PRODUCTION")
        services = cast("dict[str, str]", run.get("services") or {})
        if production and scheme != "https":
            raise ConfigProblem("STOA_PRODUCTION needs STOA_SCHEME=https")
        if production and environ.get("STOA_FAULTS"):
            raise ConfigProblem("STOA_FAULTS makes processes die; it is not for STOA_PRODUCTION")
        return cls(
            state=state,
            secrets=secrets,
            **_database(environ, run, secrets),
            redis_url=_redis(environ, run, secrets),
            kek_file=Path(environ.get("STOA_KEK_FILE") or secrets / "kek"),
            domain=environ.get("STOA_DOMAIN", "localhost").strip(".").lower(),
            scheme=scheme,
            bind=environ.get("STOA_BIND", "127.0.0.1"),
            port=port,
            public_port=shown or (port if scheme == "http" else None),
            trusted_proxies=_networks(environ.get("STOA_TRUSTED_PROXIES", "")),
            production=production,
            demo=_flag(environ, "STOA_DEMO", "1"),
            smtp_url=_smtp(environ, services),
            faults=environ.get("STOA_FAULTS", ""),
            services=services,
        )

    def dsn(self, role: Role, *, database: str | None = None, direct: bool = False) -> str:
        """The URL asyncpg takes for `role`; `direct` goes past a pooler.

        Raises:
            ConfigProblem: no password is known for the role.
        """
        return f"postgresql://{self._address(role, database, direct)}{self._options(direct)}"

    def sqlalchemy_url(
        self, role: Role, *, database: str | None = None, direct: bool = False
    ) -> str:
        """The URL for SQLAlchemy's asyncpg dialect, which spells `sslmode` as `ssl`."""
        options = self._options(direct, sslmode="ssl")
        return f"postgresql+asyncpg://{self._address(role, database, direct)}{options}"

    def password(self, role: Role) -> str:
        """The password of one login.

        Raises:
            ConfigProblem: none is set and none lies in the secrets directory.
        """
        if known := self.passwords.get(role):
            return known
        raise ConfigProblem(
            f"no password for {role}: set STOA_DATABASE_{role.name}_PASSWORD or put it into "
            f"the file {self.secrets / role}"
        )

    @property
    def control_host(self) -> str:
        """The host of the operator's own plane."""
        return f"control.{self.domain}"

    def tenant_host(self, slug: str) -> str:
        """The host a tenant has before it brings a domain of its own."""
        return f"{slug}.{self.domain}"

    def url(self, host: str, path: str = "/") -> str:
        """The address of `path` on `host` as a browser has to write it."""
        usual = {"http": 80, "https": 443}[self.scheme]
        port = "" if self.public_port in {None, usual} else f":{self.public_port}"
        return f"{self.scheme}://{host}{port}{path}"

    def _address(self, role: Role, database: str | None, direct: bool) -> str:
        user = self.database_admin if role is Role.ADMIN else role.value
        place = self.database_direct if direct and self.database_direct else None
        host = f"[{self.database_host}]" if ":" in self.database_host else self.database_host
        place = place or ("" if self._by_socket(direct) else f"{host}:{self.database_port}")
        name = database or self.database_name
        return f"{quote(user, safe='')}:{quote(self.password(role), safe='')}@{place}/{name}"

    def _by_socket(self, direct: bool) -> bool:
        return self.database_host.startswith("/") and not (direct and self.database_direct)

    def _options(self, direct: bool, *, sslmode: str = "sslmode") -> str:
        """What follows the database's name; the folder of a socket has no other place in a URL."""
        told = [(sslmode if key == "sslmode" else key, of) for key, of in self.database_options]
        if self._by_socket(direct):
            told += [("host", self.database_host), ("port", str(self.database_port))]
        return f"?{urlencode(told)}" if told else ""


def variables() -> list[tuple[str, str]]:
    """Every STOA_* variable with its meaning, in the order worth reading."""
    told = [one.metadata for one in fields(Config) if one.metadata]
    # Read before anything else is, by what sets up a process's logs.
    logs = (
        ("STOA_LOG", "Least of what is logged: `debug` (polls of providers), `info`, `warning`."),
        ("STOA_LOG_JSON", "`1` for one JSON line for each thing logged, as collectors read them."),
    )
    return [*((str(one["variable"]), str(one["meaning"])) for one in told), *logs]


def secret(directory: Path, name: str) -> str | None:
    """What the file of one secret says; None where there is no such file."""
    try:
        return (directory / name).read_text().strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ConfigProblem(f"the secret {directory / name} may not be read") from error


def _run_file(state: Path) -> dict[str, Any]:
    try:
        written = json.loads((state / RUN_FILE).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, PermissionError) as error:
        raise ConfigProblem(f"{state / RUN_FILE} cannot be read: {error}") from error
    return cast("dict[str, Any]", written) if isinstance(written, dict) else {}


def _database(environ: Mapping[str, str], run: Mapping[str, Any], secrets: Path) -> dict[str, Any]:
    passwords: dict[Role, str] = {}
    for role in Role:
        own = environ.get(f"STOA_DATABASE_{role.name}_PASSWORD") or secret(secrets, role)
        if own:
            passwords[role] = own
    found: dict[str, Any] = {
        "passwords": passwords,
        "database_direct": environ.get("STOA_DATABASE_DIRECT") or None,
        "database_pooled": _flag(environ, "STOA_DATABASE_POOLED"),
    }
    if not (url := environ.get("STOA_DATABASE_URL")):
        noted = cast("dict[str, Any]", run.get("database") or {})
        return found | {f"database_{key}": value for key, value in noted.items()}
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = parts.hostname or options.pop("host", "")
    if parts.scheme not in {"postgresql", "postgres"} or not host:
        raise ConfigProblem(
            "STOA_DATABASE_URL looks like postgresql://user:password@host:5432/name"
        )
    if parts.username:
        found["database_admin"] = unquote(parts.username)
    if parts.password:
        passwords[Role.ADMIN] = unquote(parts.password)
    return found | {
        "database_host": host,
        "database_port": parts.port or int(options.pop("port", 5432)),
        "database_name": parts.path.strip("/") or "stoa",
        "database_options": tuple(options.items()),
    }


def _redis(environ: Mapping[str, str], run: Mapping[str, Any], secrets: Path) -> str:
    if url := environ.get("STOA_REDIS_URL"):
        if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
            raise ConfigProblem("STOA_REDIS_URL looks like redis://:password@host:6379/0")
        return url
    noted = cast("dict[str, Any]", run.get("redis") or {})
    if not noted:
        return ""
    password = quote(secret(secrets, "redis") or "", safe="")
    return f"redis://:{password}@{noted['host']}:{noted['port']}/0"


def _smtp(environ: Mapping[str, str], services: Mapping[str, str]) -> str:
    if not (url := environ.get("STOA_SMTP_URL")):
        return f"smtp://{services['smtp']}" if "smtp" in services else ""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ConfigProblem("STOA_SMTP_URL looks like smtp://user:password@host:587")
    return url


def _flag(environ: Mapping[str, str], variable: str, usual: str = "0") -> bool:
    said = environ.get(variable, usual).strip().lower()
    if said not in TRUE | FALSE:
        raise ConfigProblem(f"{variable} is 1 or 0, not {said!r}")
    return said in TRUE


def _port(variable: str, said: str | None) -> int | None:
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and 0 < int(said) < 65536):
        raise ConfigProblem(f"{variable} is a port number, not {said!r}")
    return int(said)


def _networks(said: str) -> tuple[Network, ...]:
    try:
        named = [part.strip() for part in said.split(",") if part.strip()]
        return tuple(ipaddress.ip_network(part, strict=False) for part in named)
    except ValueError as error:
        raise ConfigProblem(f"STOA_TRUSTED_PROXIES: {error}") from error
