"""A broker with both providers and a bank account, and its finance desk."""

import httpx2

from brokerage.payments.permissions import Payments
from brokerage.recon import banks, files, jobs
from brokerage.recon.events import FileBrought
from brokerage.recon.model import BankAccount, OutsideFile
from brokerage.recon.permissions import Recon
from stoa.kernel.ids import uuid7
from stoa.tenancy.actor import Actor, Kind

from ..payments.conftest import (  # noqa: TID252 - the broker of the payment tests
    Market,
    customer,
    desk,
    market,
    providers,
)

__all__ = ["Market", "customer", "desk", "market", "providers"]

IBAN = "CY17002001280000001200527600"


def finance(*, without=()) -> Actor:
    """Somebody new of the finance desk, who may do everything about proof."""
    may = {str(one) for one in (*Recon, *Payments) if not one.endswith(":own")}
    more = {"clients:client:view", "ledger:adjustments:ask", "ledger:entries:view"}
    held = frozenset((may | more) - set(without))
    return Actor(Kind.STAFF, uuid7(), "Fin Ance", held, scope="all")


async def settlement_file(shop, **asked) -> bytes:
    """The provider's own file about one merchant."""
    http: httpx2.AsyncClient = shop.at.http
    answer = await http.get("/_sandbox/settlement", params={"merchant": shop.id, **asked})
    assert answer.status_code == 200, answer.text
    return answer.content


async def bring(market, content: bytes, **how) -> OutsideFile:
    """Bring a file as finance does, and let the job run."""
    async with market.opener(finance())() as work:
        row = await files.bring(work, content, name=how.pop("name", "file"), **how)
    await jobs.take_in(market.opener(), FileBrought(file=row.id))
    async with market.opener()() as work:
        return await work.get(OutsideFile, row.id)


async def a_bank(market, **more) -> BankAccount:
    asked = {
        "code": "usd-clients",
        "name": "Client money",
        "number": IBAN,
        "currency": "USD",
        "purpose": "client",
        "bic": "BCYPCY2N",
        "bank": "Bank of Cyprus",
    } | more
    async with market.opener(finance())() as work:
        return await banks.register(work, **asked)
