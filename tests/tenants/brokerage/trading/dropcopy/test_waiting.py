"""What cannot be booked waits in its order or is put aside with its reason; nothing else changes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from brokerage.trading.dropcopy import attendant
from brokerage.trading.settings import TradingSettings
from stoa.tenancy import settings
from support.fix_desk import CODE, net_lots


def stamped(**ahead: int) -> str:
    return f"{datetime.now(UTC) + timedelta(**ahead):%Y%m%d-%H:%M:%S}"


async def caught_up(copy) -> int:
    """The sweep's turn, as if it had not looked a moment ago."""
    async with copy.opener()() as work:
        row = await attendant.session_of(work, CODE)
        row.waiting = {
            name: {key: value for key, value in one.items() if key != "tried"}
            for name, one in row.waiting.items()
        }
        server = work.settings(TradingSettings).server(CODE)
    return await attendant.catch_up(copy.opener(), server)


async def test_an_account_nobody_knows_waits_and_is_filled_in_its_order(copy):
    await copy.adopt("KNOWN")
    await copy.listen()
    first = await copy.fill("LATE", "1", 100_000, "1.10000")
    await copy.fill("LATE", "2", 100_000, "1.10500")
    await copy.fill("KNOWN", "1", 50_000, "1.10000")
    await copy.lever("/cancel", exec_id=first)
    await copy.fill("LATE", "2", 30_000, "1.10500")
    row = await copy.in_step()

    waiting = row.waiting["LATE"]
    assert (waiting["count"], waiting["why"]) == (4, "no trading account here bears this name")
    assert await copy.deals("LATE") == []
    assert len(await copy.deals("KNOWN")) == 1

    await copy.adopt("LATE")
    assert await caught_up(copy) > 0
    await copy.fill("LATE", "1", 10_000, "1.10000")
    row = await copy.in_step()

    assert row.waiting == {}
    held = await copy.position("LATE")
    truth = net_lots(await copy.truth(), "LATE")
    assert (held.side, held.lots) == ("sell", -truth) == ("sell", Decimal("1.2"))
    assert await copy.laws() == []


async def test_a_symbol_nobody_listed_holds_what_follows_until_it_is(copy):
    await copy.adopt("A")
    await copy.listen()
    await copy.fill("A", "1", 100_000, "1.10000")
    await copy.fill("A", "1", 1_000, "85.5", symbol="ZZTOP")
    await copy.fill("A", "2", 100_000, "1.10500")
    row = await copy.in_step()

    assert row.waiting["A"]["count"] == 2
    assert row.waiting["A"]["places"] == {"name": "ZZTOP"}
    assert "is not in the map" in row.waiting["A"]["why"]
    assert len(await copy.deals("A")) == 1
    assert await caught_up(copy) == 0

    async with copy.opener()() as work:
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        raw["symbols"]["listed"] = [
            *raw["symbols"]["listed"],
            {"symbol": "ZZTOP", "group": "share", "contract_size": "1", "digits": 2},
        ]
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    await copy.set(profit_in={"ZZTOP": "USD"})
    assert await caught_up(copy) == 2

    assert [deal.lots for deal in await copy.deals("A")] == [1, 1000, 1]
    assert (await copy.session()).waiting == {}


async def test_reports_that_cannot_be_are_put_aside_and_stop_nothing(copy):
    await copy.adopt("A")
    await copy.listen()
    await copy.fill("A", "1", 100_000, "1.10000")
    await copy.in_step()
    good = {
        17: "x", 150: "F", 1: "A", 55: "EURUSD", 54: "1", 32: "1000", 31: "1.1", 60: stamped(),
    }  # fmt: skip
    bent = [
        {31: "0"}, {31: "-1"}, {31: "1,1"}, {32: "0"}, {54: "9"}, {150: "Z"}, {55: ""}, {1: ""},
        {60: stamped(days=3)}, {60: "yesterday"}, {150: "G", 19: ""}, {32: "9" * 30},
    ]  # fmt: skip
    for at, changed in enumerate(bent):
        told = {**good, 17: f"bent-{at}", **changed}
        body = [[tag, value] for tag, value in told.items() if value]
        await copy.lever("/raw", kind="8", body=body)
    await copy.lever("/raw", kind="ZZ", body=[[58, "what is this"]])
    await copy.fill("A", "2", 40_000, "1.10000")
    row = await copy.in_step()

    assert len(await copy.aside()) == len(bent)
    assert all(why.strip() for why in await copy.aside())
    assert [(deal.kind, deal.lots) for deal in await copy.deals("A")] == [
        ("buy", 1),
        ("sell", Decimal("0.4")),
    ]
    assert (await copy.position("A")).lots == Decimal("0.6")
    assert row.waiting == {} and row.state == "open"
    assert await copy.laws() == []


async def test_an_execution_told_twice_under_new_numbers_is_counted_once(copy):
    await copy.adopt("A")
    await copy.listen()
    for _ in range(3):
        await copy.fill("A", "1", 100_000, "1.10000", exec_id="SAME")
    row = await copy.in_step()

    assert len(await copy.deals("A")) == 1
    assert row.repeated == 2
