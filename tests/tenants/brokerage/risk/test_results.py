"""Results by client, partner, book and symbol agree with the deals, with and without what is paid."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from brokerage.bonuses.model import Campaign, Grant
from brokerage.partners.model import Reward
from brokerage.partners.tree import partners
from brokerage.reporting import daily
from brokerage.risk import results
from brokerage.risk.ground import read
from brokerage.trading import queries
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.web.tables.read import Asked, page

NUMBERS = itertools.count(50_000_001)


async def deal(
    desk, account, profit, *, symbol="EURUSD", days_ago=0, kind="sell", entry="out", **more
):
    async with desk.opener()() as work:
        row = await work.get(TradingAccount, account)
        at = work.now - timedelta(days=days_ago)
        made = Deal(
            server=row.server, number=next(NUMBERS), id=uuid7(), account=row.id, client=row.client,
            login=row.login, kind=kind, entry=entry, at=more.get("at", at), symbol=symbol,
            lots=Decimal(more.get("lots", 1)),
            lots_closed=Decimal(more.get("lots_closed", more.get("lots", 1))),
            contract_size=Decimal(100_000), price=Decimal("1.1"), profit=Decimal(profit),
            swap=Decimal(more.get("swap", 0)), commission=Decimal(more.get("commission", 0)),
            currency=row.currency, position=next(NUMBERS), opened_at=more.get("opened_at"),
            comment=more.get("comment", ""), imported_at=work.now,
        )  # fmt: skip
        work.add(made)
    return made


async def listed(desk, by, first="", last=""):
    async with desk.opener()() as work:
        ground = await read(work)
        days = results.period(work, first, last)
        table = results.table(work, ground, days, by)
        shown = await page(work, table, Asked.of(table, {}))
        totals = await results.totals(work, ground, days)
    return {row.key: row.cells for row in shown.rows}, totals, ground


async def test_the_house_earns_what_clients_lose_and_every_cut_agrees(desk):
    a = await desk.account("a", group="real\\raw")
    b = await desk.account("b", currency="EUR")
    await deal(desk, a, "-100", commission="-5", swap="-1")
    await deal(desk, a, "40", symbol="XAUUSD")
    await deal(desk, b, "-10")
    await deal(desk, b, "-500", kind="balance")
    await deal(desk, await desk.account("d", kind="demo"), "-999")

    async with desk.opener()() as work:
        ground = await read(work)
    want = Decimal(-66) * ground.rate("USD") + Decimal(-10) * ground.rate("EUR")
    for by in results.BYS:
        rows, totals, _ = await listed(desk, by)
        assert totals.house == -want
        assert totals.net == totals.house
        assert sum(cells[4].amount for cells in rows.values()) == pytest.approx(
            -want, abs=Decimal("0.02")
        )
    rows, _, _ = await listed(desk, "symbol")
    assert set(rows) == {"EURUSD", "XAUUSD"}


async def test_the_daily_report_and_today_say_what_the_results_say(desk):
    a, b = await desk.account("a"), await desk.account("b", currency="EUR")
    await deal(desk, a, "0", commission="-3.50", entry="in", kind="buy", lots_closed=0)
    await deal(desk, a, "-100", commission="-3.50", swap="-1")
    await deal(desk, b, "40", symbol="XAUUSD", commission="-2")
    await deal(desk, await desk.account("d", kind="demo"), "-999")

    _, totals, ground = await listed(desk, "client")
    async with desk.opener()() as work:
        zone = work.settings(TenantFacts).time_zone
        today = business_day(work.now, zone)
        told = await daily.of(work)
        lots, deals, result = await queries.volume(work, day_bounds(today, zone)[0])

    want = Decimal(-108) * ground.rate("USD") + Decimal(38) * ground.rate("EUR")
    assert (told.deals, told.lots, told.result) == (totals.deals, totals.lots, totals.result)
    assert (deals, lots) == (totals.deals, totals.lots) == (3, 2)
    assert totals.result == want
    assert result == pytest.approx(want, abs=Decimal("1e-9"))


async def test_a_narrow_scope_narrows_the_daily_report_and_today(desk):
    mine, other = await desk.account("mine", desk="east"), await desk.account("other", desk="west")
    await deal(desk, mine, "-10")
    await deal(desk, other, "-500")
    actor = await desk.staff("reports:daily:view", scope="team", team="east")

    async with desk.opener(actor)() as work:
        told = await daily.of(work)
        _, deals, _ = await queries.volume(work, told.start)

    assert told.narrow
    assert (told.clients, told.deals, deals) == (1, 1, 1)


@pytest.mark.parametrize("day", [date.min, date(1999, 12, 31), date.max])
async def test_a_day_that_cannot_have_a_report_is_refused(desk, day):
    async with desk.opener()() as work:
        with pytest.raises(Invalid):
            await daily.of(work, day)


async def test_only_the_days_asked_for_count(desk):
    account = await desk.account("a")
    await deal(desk, account, "-1")
    await deal(desk, account, "-1000", days_ago=40)

    _, totals, _ = await listed(desk, "client")

    assert totals.deals == 1


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-02-30", ""),
        ("2026-03-02", "2026-03-01"),
        ("2020-01-01", "2026-01-01"),
        ("0001-01-01", "0001-01-02"),
        ("9999-12-30", "9999-12-31"),
    ],
)
async def test_days_that_are_none_are_refused(desk, first, last):
    async with desk.opener()() as work:
        with pytest.raises(Invalid):
            results.period(work, first, last)


async def test_rewards_and_bonuses_are_taken_off(desk):
    account = await desk.account("a")
    partner = desk.owners[await desk.account("p")]
    made = await deal(desk, account, "-100")
    async with desk.opener()() as work:
        await partners.enrol(work, partner)
        columns = {column.name for column in Reward.__table__.columns}
        row = {
            "id": uuid7(), "server": made.server, "deal": made.number, "partner": partner, "kind": "lot",
            "client": made.client, "depth": 1, "deal_at": made.at, "symbol": "EURUSD",
            "symbol_group": "fx", "lots": Decimal(1), "base": Decimal(1), "rate": Decimal(7),
            "below": Decimal(0), "income": Decimal(0), "factor": Decimal(1), "fx_rate": Decimal(1),
            "amount": Decimal(7), "currency": "USD", "plan": "p", "plan_version": 1,
            "accrued_at": work.now,
        }  # fmt: skip
        work.add(Reward(**{name: value for name, value in row.items() if name in columns}))
        campaign = Campaign(
            id=uuid7(), code="c", title="C", terms={}, made_at=work.now, changed_at=work.now
        )
        work.add(campaign)
        await work.flush()
        work.add(
            Grant(
                id=uuid7(), reference="B-1", campaign=campaign.id, client=made.client, title="C",
                terms={}, state="released", amount=Decimal(20), released=Decimal(20), currency="USD",
                symbols=[], evidence=[], story=[], made_at=work.now, expires_at=work.now,
                ended_at=work.now,
            )
        )  # fmt: skip

    rows, totals, ground = await listed(desk, "client")
    books, _, _ = await listed(desk, "book")

    rate = ground.rate("USD")
    assert (totals.house, totals.net) == (100 * rate, 73 * rate)
    assert rows[str(made.client)][7].amount == (73 * rate).quantize(Decimal("0.01"))
    assert sum(cells[5].amount for cells in books.values()) == (7 * rate).quantize(Decimal("0.01"))
    async with desk.opener()() as work:
        assert await work.count(select(Deal)) == 1
