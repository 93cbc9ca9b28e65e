"""How the ledger joins the product."""

from typing import Final

from brokerage.ledger import (
    accounts,
    closing,
    corrections,
    desk,
    events,
    fx,
    jobs,
    model,
    rates,
    rates_desk,
    room,
    shared,
)
from brokerage.ledger.labels import LABELS
from brokerage.ledger.permissions import ROLES, Ledger
from brokerage.ledger.settings import LedgerSettings
from stoa.product import Every, Module, NavItem
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SINGLE: Final = (
    "bank",
    "suspense",
    "house-bank",
    "fees",
    "fx",
    "partners",
    "bonus",
    "trading",
    "negative-balance",
    "chargebacks",
    "write-offs",
    "adjustments",
)
"""House accounts every tenant starts with, in each of its currencies."""


async def seed(work: Work) -> None:
    """The house's accounts and the first rates of a new tenant."""
    offered = work.settings(LedgerSettings).offered(work.settings(TenantFacts))
    await accounts.ensure(
        work, [accounts.house(work, code, currency) for code in SINGLE for currency in offered]
    )
    await rates.store_manual(work)


MODULE = Module(
    name="ledger",
    settings=LedgerSettings,
    labels=LABELS,
    permissions=Ledger,
    roles=ROLES,
    web=[*room.WEB, *desk.WEB, *corrections.WEB, *closing.WEB, *rates_desk.WEB],
    seed=seed,
    pulse=shared.pulse,
    nav=[
        NavItem("room", N_("Money"), "/money", "wallet", Ledger.WALLETS_OWN, order=20, key="m"),
        NavItem("desk", N_("Ledger"), "/desk/ledger", "scale", Ledger.ACCOUNTS_VIEW, order=65),
    ],
    search=shared.search,
    today=rates_desk.today,
    mine=shared.mine,
    tabs=desk.TABS,
    moments=shared.moments,
    schedule=[
        Every(60, jobs.refresh_rates, lane="money"),
        Every(3600, jobs.forget_unused_quotes),
    ],
)

__all__ = ["MODULE", "events", "fx", "model"]
