"""Hot wallets: told once when out of bounds, payouts that wait, and sweeps in the books once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from brokerage.ledger.model import LedgerAccount, Leg
from brokerage.payments import shown
from brokerage.payments.hot import watching
from brokerage.payments.hot.settings import Hot
from brokerage.payments.hot.watching import Standing
from brokerage.payments.permissions import Payments
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.settings import PaymentsSettings, Psp
from brokerage.payments.withdrawing import placing
from brokerage.payments.withdrawing.model import QUEUED
from brokerage.payments.withdrawing.queueing import WHY
from brokerage.recon import banks, sweeping
from brokerage.recon.permissions import Recon
from stoa.connectors.outside import Outside
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.notices.model import Notice
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from stoa.vault import credentials
from support.fixtures import House
from support.people import make_staff
from support.psp.rig import Rig, running
from support.psp.setups import SETUPS
from support.web import signed_in

BOUNDS = Hot(currency="BTC", floor=Decimal("0.5"), ceiling=Decimal(2))


@dataclass
class Place:
    house: House
    tenant: Any
    rig: Rig

    def opener(self, *permissions: str) -> Any:
        if not permissions:
            return self.house.door.opener(self.tenant, purpose="test")
        actor = Actor(Kind.STAFF, uuid7(), "Fin Ance", frozenset(permissions))
        return self.house.door.opener(self.tenant, actor=actor, purpose="test")

    async def holds(self, amount: str) -> None:
        await self.rig.control("switch", holds=amount)
        assert await watching.ask(self.opener(), "psp")

    async def stand(self) -> watching.Stand:
        async with self.opener()() as work:
            (one,) = await watching.stands(work)
            return one

    async def held(self, amount: str) -> str:
        async with self.opener()() as work:
            held = await placing.held_back(work, "psp", Money(Decimal(amount), "BTC"))
            return held.code if held is not None else ""


@pytest.fixture
async def place(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    setup = SETUPS["b2binpay"]
    async with running(setup) as rig:
        way = Outside(replace(house.config, services={"psp": rig.url}))
        monkeypatch.setattr("brokerage.payments.psp.providers.outside", lambda: way)
        tenant = await house.tenant()
        told = {name: value for name, value in setup.settings.items() if name != "callback_url"}
        psp = Psp(
            code="psp",
            connector="b2binpay",
            settings=told | {"base_url": "service:psp"},
            hot=(BOUNDS,),
        )
        async with house.door.open(tenant, purpose="test") as work:
            changed = msgspec.structs.replace(
                work.settings(PaymentsSettings), psps=(psp,), routes=(), payout_routes=()
            )
            await settings.put(work, "payments", changed, why="bounds for its coin")
            for name, value in setup.secrets.items():
                await credentials.put(work, name, value)
            await make_staff(work, (str(Payments.PSPS),))
        yield Place(house, tenant, rig)
        await way.aclose()


async def told(place: Place) -> int:
    async with place.opener()() as work:
        return await work.count(
            select(Notice.id).where(Notice.title.in_(list(watching.TOLD.values())))
        )


async def test_out_of_bounds_is_told_once_and_shown_on_finances_day(place: Place) -> None:
    await place.holds("1.00000000")
    assert (await place.stand()).standing == Standing.WITHIN and await told(place) == 0

    await place.holds("3.50000000")
    await place.holds("3.40000000")

    one = await place.stand()
    assert (one.standing, one.excess) == (Standing.HIGH, Money(Decimal("1.4"), "BTC"))
    assert await told(place) == 1
    async with place.opener(Payments.DEPOSITS, Payments.PSPS)() as work:
        cards = {card.key: card for card in await shown.today(work)}
    assert cards["hot-wallets"].items[0].status == "needs_you"
    await place.holds("1.00000000")
    async with place.opener(Payments.DEPOSITS, Payments.PSPS)() as work:
        assert "hot-wallets" not in {card.key for card in await shown.today(work)}


async def test_payouts_wait_where_too_little_lies_and_are_never_refused_for_it(
    place: Place,
) -> None:
    assert await place.held("1") == ""
    await place.holds("0.70000000")
    assert await place.held("0.6") == ""
    assert await place.held("0.8") == "hot-low"
    await place.holds("0.40000000")
    assert await place.held("0.1") == "hot-low"
    assert "hot-low" in QUEUED and "hot-low" in WHY

    async with place.opener()() as work:
        row = await work.lock(ProviderState, "psp")
        row.holdings_at = work.now - timedelta(minutes=31)
    assert await place.held("0.1") == ""


async def test_a_provider_that_does_not_tell_leaves_what_was_known(place: Place) -> None:
    await place.holds("0.40000000")
    await place.rig.fault("error-503", "/wallet", "GET")

    assert not await watching.ask(place.opener(), "psp")

    assert (await place.stand()).amount == Money(Decimal("0.4"), "BTC")
    await watching.sweep(place.opener())
    assert (await place.stand()).standing == Standing.LOW


async def test_a_sweep_is_in_the_books_once_between_named_accounts(place: Place) -> None:
    async with place.opener(Recon.ACCOUNTS)() as work:
        cold = await banks.register(
            work, code="btc-cold", name="Vault", number="bc1qvault", currency="BTC",
            purpose="client",
        )  # fmt: skip
        other = await banks.register(
            work, code="eur-house", name="House", number="12345678", currency="EUR",
            purpose="house",
        )  # fmt: skip
    money = Money(Decimal("1.4"), "BTC")
    opener = place.opener(Recon.MATCH)

    async with opener() as work:
        await sweeping.moved(work, "psp", cold.id, money, reference="a1b2c3d4e5", note="weekly")
    with pytest.raises(Conflict):
        async with opener() as work:
            await sweeping.moved(work, "psp", cold.id, money, reference="a1b2c3d4e5", note="again")
    for account, reference in ((other.id, "a1b2c3d4e6"), (cold.id, "short")):
        with pytest.raises(Invalid):
            async with opener() as work:
                await sweeping.moved(work, "psp", account, money, reference=reference, note="x")
    async with opener() as work:
        await sweeping.moved(
            work, "psp", cold.id, Money(Decimal("0.4"), "BTC"), reference="f00df00d",
            note="payouts wait", back=True,
        )  # fmt: skip

    async with place.opener()() as work:
        rows = await work.table(
            select(LedgerAccount.code, func.sum(Leg.amount))
            .join(Leg, Leg.account == LedgerAccount.id)
            .where(LedgerAccount.currency == "BTC")
            .group_by(LedgerAccount.code)
        )
    assert dict(rows) == {"psp:psp": Decimal(-1), "bank:btc-cold": Decimal(1)}


async def test_the_page_shows_the_bounds_and_takes_a_transfer(place: Place) -> None:
    await place.holds("3.50000000")
    async with place.opener(Recon.ACCOUNTS)() as work:
        cold = await banks.register(
            work, code="btc-cold", name="Vault", number="bc1qvault", currency="BTC",
            purpose="client",
        )  # fmt: skip
    async with place.opener()() as work:
        person, _ = await make_staff(work, (str(Recon.VIEW), str(Recon.MATCH)))
    desk = await signed_in(place.house, place.tenant, person, "desk")

    shown_page = await desk.get("/desk/recon/hot")
    assert shown_page.status_code == 200, shown_page.text[:300]
    assert "Vault" in shown_page.text and "More than you allow" in shown_page.text
    form = {
        "wallet": "psp|BTC", "way": "out", "account": str(cold.id), "amount": "1.5",
        "reference": "a1b2c3d4e5f6", "note": "weekly sweep",
    }  # fmt: skip
    for typed in ("NaN", "1e1", "-1", "١", "1_0", "Infinity", "0.000000001"):  # T53
        refused = await desk.post("/desk/recon/hot", form | {"amount": typed})
        assert refused.status_code == 422, typed
        assert refused.json()["problems"][0]["field"] == "amount"
    kept = await desk.post("/desk/recon/hot", form)
    assert kept.status_code in {204, 303}, kept.text[:300]
    asked = await desk.post("/desk/recon/hot/ask", {})
    assert asked.status_code in {204, 303}


def test_where_an_amount_stands() -> None:
    assert watching.standing(Decimal("0.4"), BOUNDS) is Standing.LOW
    assert watching.standing(Decimal("0.5"), BOUNDS) is Standing.WITHIN
    assert watching.standing(Decimal(2), BOUNDS) is Standing.WITHIN
    assert watching.standing(Decimal("2.1"), BOUNDS) is Standing.HIGH
    for bad in (
        {"floor": Decimal(3), "ceiling": Decimal(2)},
        {"floor": Decimal(-1)},
        {"floor": Decimal("NaN")},
    ):
        with pytest.raises(ValueError, match="floor"):
            Hot(currency="BTC", **bad)
