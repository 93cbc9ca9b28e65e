"""A closed month takes nothing more; what was wrong in it is corrected in the open, by name (T66)."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from brokerage.ledger import accounts, invariants, periods, posting, wallets
from brokerage.ledger.model import Entry
from brokerage.ledger.permissions import Ledger
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid
from support.fixtures import staff
from support.ledger import eur
from support.people import make_staff
from support.web import signed_in

CLOSER = (Ledger.CLOSE, Ledger.SIGN)


@pytest.fixture
async def broker(house):
    return await house.tenant(base_currency="EUR")


def opened(house, broker, actor=None):
    more = {"actor": actor} if actor is not None else {}
    return house.door.open(broker, purpose="test", **more)


async def entered(work, amount: str = "50", **more) -> posting.Posted:
    bank, fees = (accounts.house(work, code, "EUR") for code in ("bank", "fees"))
    return await posting.post(
        work,
        operation=more.pop("operation", f"test:{uuid7()}"),
        kind="fee",
        legs=posting.moving(bank, fees, eur(amount)),
        **more,
    )


async def test_nothing_is_posted_into_a_closed_day_and_a_correction_names_it(house, broker):
    async with opened(house, broker) as work:
        now = work.now
        work.now = now - timedelta(days=40)
        old = await entered(work)
        month = periods.month_of(work, work.now)
        work.now = now
        allowed = await entered(work, effective_at=now - timedelta(days=40))
    assert allowed.entry != old.entry
    closer = staff(*CLOSER)
    async with opened(house, broker, closer) as work:
        row = await periods.close(work, month, "Compared with the bank")
    assert {one[1] for one in row.balances} == {"bank", "fees"} and len(row.hash) == 64

    for late in ({}, {"operation": "test:again"}):
        with pytest.raises(Conflict) as why:
            async with opened(house, broker) as work:
                await entered(work, effective_at=now - timedelta(days=40), **late)
        assert why.value.code == "period-closed" and why.value.status == 409
    with pytest.raises(Conflict):
        async with opened(house, broker) as work:
            bank, fees = (accounts.house(work, code, "EUR") for code in ("bank", "fees"))
            one = posting.Posting(
                operation="test:batch",
                kind="fee",
                legs=posting.moving(bank, fees, eur("1")),
                effective_at=now - timedelta(days=40),
            )
            await posting.post_many(work, [one])
    async with opened(house, broker) as work:
        undone = await posting.reverse(work, old.entry, operation="test:undo", reason="Wrong fee")
        again = await posting.reverse(work, old.entry, operation="test:undo", reason="Wrong fee")
        entry = await work.get(Entry, undone.entry)
        for law in invariants.ALWAYS:
            assert await invariants.broken(work, law) == [], law.name
    assert again.entry == undone.entry and again.replayed
    assert entry.reverses == old.entry
    assert f"corrects {month:%Y-%m}, closed" in (entry.reason or "")
    assert periods.first_of(entry.effective_at.date()) != month


async def test_a_month_is_closed_once_in_order_when_it_is_over_and_signed_by_another(house, broker):
    async with opened(house, broker) as work:
        now = work.now
        work.now = now - timedelta(days=75)
        await entered(work)
        first = periods.month_of(work, work.now)
    second = periods.following(first)
    one, other = staff(*CLOSER), staff(*CLOSER)

    for month, error in (
        (second, Conflict),
        (now.date().replace(day=1), Conflict),
        (first.replace(day=2), Invalid),
    ):
        with pytest.raises(error):
            async with opened(house, broker, one) as work:
                await periods.close(work, month)
    with pytest.raises(Denied):
        async with opened(house, broker, staff()) as work:
            await periods.close(work, first)

    async def close() -> str:
        try:
            async with opened(house, broker, one) as work:
                await periods.close(work, first)
        except Conflict as why:
            return why.code
        return "closed"

    answers = await asyncio.gather(*(close() for _ in range(5)))
    assert sorted(answers).count("closed") == 1
    async with opened(house, broker, one) as work:
        await periods.close(work, second)
    with pytest.raises(Denied):
        async with opened(house, broker, one) as work:
            await periods.sign(work, first)
    async with opened(house, broker, other) as work:
        await periods.sign(work, first)
    with pytest.raises(Conflict):
        async with opened(house, broker, staff(*CLOSER)) as work:
            await periods.sign(work, first)
    async with opened(house, broker) as work:
        states = {row.month: row.state for row in await periods.months(work)}
    assert (states[first], states[second]) == ("period signed", "period closed")


async def test_finance_closes_a_month_on_its_page(house, broker):
    async with opened(house, broker) as work:
        now = work.now
        work.now = now - timedelta(days=40)
        await entered(work)
        month = periods.month_of(work, work.now)
        person, _ = await make_staff(work, ("Head of finance",))
        other, _ = await make_staff(work, ("Head of finance",))
    browser = await signed_in(house, broker, person, "desk")
    second = await signed_in(house, broker, other, "desk")

    page = await browser.get("/desk/ledger/periods")
    assert page.status_code == 200 and f"{month:%Y-%m}" in page.text
    form = {"month": month.isoformat(), "reason": "Compared with the bank"}
    assert (await browser.post("/desk/ledger/periods/close", form)).status_code == 204
    assert (await browser.post("/desk/ledger/periods/sign", form)).status_code == 403
    await second.get("/desk/ledger/periods")
    assert (await second.post("/desk/ledger/periods/sign", form)).status_code == 204
    assert (await browser.post("/desk/ledger/periods/close", form)).status_code == 409


async def test_a_past_balance_of_an_account_with_many_postings_is_told_at_once(house, broker):
    """LED-11: 20,000 postings here; the newest leg before an instant is one look into an index."""
    async with opened(house, broker) as work:
        client = uuid7()
        wallet = accounts.client_wallet(work, client, "EUR")
        bank = accounts.house(work, "bank", "EUR")
        await accounts.ensure(work, [wallet, bank])
        for batch in range(20):
            await posting.post_many(
                work,
                [
                    posting.Posting(
                        operation=f"many:{batch}:{n}",
                        kind="deposit",
                        legs=posting.moving(bank, wallet, eur("1")),
                    )
                    for n in range(1000)
                ],
            )
        at = work.now + timedelta(seconds=1)
        told = await wallets.as_of(work, wallet, at)
        house_told = await wallets.as_of(work, bank, at)
        await work.run(text("analyze leg"))
        asked = wallets.AS_OF.params(account=wallet.id, instant=at).compile(
            dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
        )
        plan = await work.value(text(f"explain (format json) {asked}"))

    assert told == eur("20000") and house_told == eur("-20000")
    # Sorted further within one instant only, which all of these legs share.
    assert "Index Scan" in str(plan) and "Seq Scan" not in str(plan), plan
