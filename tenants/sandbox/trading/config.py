"""The server's own settings: a TOML file in its state directory, made on first start."""

import os
import secrets
from pathlib import Path

import msgspec

from sandbox.trading.symbols import digits_of

_FIRST_MANAGER = 1000


class Manager(msgspec.Struct):
    """Who may speak the Web API: a login, a password, and the groups it sees (a mask)."""

    login: int
    password: str
    name: str = "Manager"
    groups: str = "*"
    enabled: bool = True
    configured: bool = True
    addresses: list[str] = msgspec.field(default_factory=list)


class Group(msgspec.Struct):
    """Conditions of one client group. Commission is money a lot and side, as decimal text."""

    name: str
    currency: str = "USD"
    company: str = "Sandbox Markets Ltd"
    leverage: int = 100
    leverage_max: int = 500
    margin_call: int = 100
    stop_out: int = 50
    netting: bool = False
    commission: str = "0"
    markup: int = 0
    swap_free: bool = False
    protected: bool = False
    password_min: int = 8
    login_from: int = 200_000
    login_to: int = 999_999
    symbols: str = "*"

    @property
    def digits(self) -> int:
        return digits_of(self.currency)

    @property
    def demo(self) -> bool:
        return self.name.lower().startswith("demo\\")


class Config(msgspec.Struct):
    """Everything a person may tune. Times on the wire are UTC plus ``time_zone_min``."""

    name: str = "Sandbox-Trade"
    company: str = "Sandbox Markets Ltd"
    time_zone_min: int = 120
    closed_weekends: bool = False
    page_limit: int = 100
    packet_bytes: int = 65_535
    managers: list[Manager] = msgspec.field(default_factory=list)
    groups: list[Group] = msgspec.field(default_factory=list)

    def group(self, name: str) -> Group | None:
        wanted = name.lower()
        return next((group for group in self.groups if group.name.lower() == wanted), None)

    def manager(self, login: int) -> Manager | None:
        return next((manager for manager in self.managers if manager.login == login), None)


def load(path: Path) -> Config:
    """Read the settings, filling in what is missing; write them back when they were incomplete."""
    config = msgspec.toml.decode(path.read_bytes(), type=Config) if path.exists() else Config()
    complete = path.exists() and config.managers and config.groups
    config.managers = config.managers or [
        Manager(login=_FIRST_MANAGER, password=new_password(), name="Back office")
    ]
    config.groups = config.groups or _groups()
    if not complete:
        save(config, path)
    return config


def save(config: Config, path: Path) -> None:
    """Replace the file in one step; it holds passwords, so only its owner reads it."""
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.toml.encode(config))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def new_password() -> str:
    return f"{secrets.token_hex(4)}-{secrets.token_hex(3).upper()}x7"


def _groups() -> list[Group]:
    demo = (5_000_000, 5_999_999)
    return [
        _group("demo\\standard", demo, margin_call=50, stop_out=20),
        _group("demo\\standard-eur", demo, currency="EUR", margin_call=50, stop_out=20),
        _group("demo\\eu-retail-eur", demo, currency="EUR", leverage=30, leverage_max=30),
        _group("real\\standard-usd", markup=4),
        _group("real\\standard-eur", currency="EUR", markup=4),
        _group("real\\standard-gbp", currency="GBP", markup=4),
        _group("real\\standard-jpy", currency="JPY", markup=4),
        _group(
            "real\\eu-retail-eur",
            currency="EUR",
            leverage=30,
            leverage_max=30,
            markup=3,
            protected=True,
        ),
        _group("real\\raw-usd", commission="3.50"),
        _group("real\\raw-eur", currency="EUR", commission="3.25"),
        _group("real\\islamic-usd", swap_free=True, markup=8),
        _group("real\\netting-usd", netting=True),
    ]


def _group(
    name: str,
    logins: tuple[int, int] = (200_000, 999_999),
    *,
    currency: str = "USD",
    leverage: int = 100,
    leverage_max: int = 500,
    margin_call: int = 100,
    stop_out: int = 50,
    markup: int = 0,
    commission: str = "0",
    swap_free: bool = False,
    netting: bool = False,
    protected: bool = False,
) -> Group:
    return Group(
        name=name,
        currency=currency,
        leverage=leverage,
        leverage_max=leverage_max,
        margin_call=margin_call,
        stop_out=stop_out,
        markup=markup,
        commission=commission,
        swap_free=swap_free,
        netting=netting,
        protected=protected,
        login_from=logins[0],
        login_to=logins[1],
    )
