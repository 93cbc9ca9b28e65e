"""Money for each lot by tiers, once; and trading without risk that a person looks at first."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from brokerage.bonuses import abuse, losing, rules, turnover
from brokerage.bonuses.terms import Terms, Tier
from brokerage.ledger import check
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid

from .giving import Giving, marketing
from .test_bonuses import an_active_one, credit_of

TIERS = (
    Tier(from_lots=Decimal(0), amount=Decimal(2)),
    Tier(from_lots=Decimal(10), amount=Decimal(3)),
)
CASHBACK: dict[str, Any] = {"kind": "cashback", "percent": Decimal(0), "tiers": TIERS}


@pytest.fixture
def bonuses(market) -> Giving:
    return Giving(market)


@pytest.fixture
async def customer(market):
    return await market.client(country="BR")


@pytest.mark.parametrize(
    ("lots", "earned"),
    [("0", "0"), ("0.5", "1.00"), ("10", "20.00"), ("12.5", "27.50"), ("0.333", "0.66"), ("9999", "500")],
)  # fmt: skip
def test_each_lot_earns_at_its_own_tier_up_to_the_cap(lots: str, earned: str) -> None:
    terms = Terms(most=Decimal(500), **CASHBACK)

    assert rules.cashback(terms, Decimal(lots)) == Money(Decimal(earned), "USD")


@pytest.mark.parametrize("tiers", [[], [("1", "2")], [("0", "2"), ("0", "3")], [("0", "0")]])
def test_tiers_that_cannot_be_are_refused(tiers: list[tuple[str, str]]) -> None:
    sent = [{"from_lots": start, "amount": amount} for start, amount in tiers]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "cashback", "most": "500", "tiers": sent}, Terms, strict=False)


async def test_lots_on_named_symbols_are_paid_once_and_are_money(market, customer, bonuses):
    """BON-07."""
    campaign = await bonuses.campaign("cash", symbols=("EUR*",), **CASHBACK)
    row = await bonuses.take(customer, campaign)
    assert row.state == "active"

    for lots, symbol in (("4.00", "EURUSD"), ("50.00", "XAUUSD"), ("8.00", "EURUSD")):
        fact = await bonuses.traded(customer, lots, symbol)
        for _ in range(2):
            await turnover.counted(market.opener(), fact)

    assert await customer.available() == Decimal("26.00")  # ten at 2, two at 3
    paid = await bonuses.grant(row.id)
    assert (paid.state, paid.released, paid.left) == ("active", Decimal("26.00"), Decimal(0))
    async with market.opener()() as work:
        assert (await check.examine(work)).violations == []


async def test_at_its_cap_it_is_over_and_below_zero_takes_nothing(market, customer, bonuses):
    campaign = await bonuses.campaign("cash", **(CASHBACK | {"most": Decimal(15)}))
    row = await bonuses.take(customer, campaign)

    await turnover.counted(market.opener(), await bonuses.traded(customer, "9.00"))
    await losing.sweep(market.opener())

    done = await bonuses.grant(row.id)
    assert (done.state, done.released) == ("released", Decimal("15.00"))
    assert await customer.available() == Decimal("15.00")


async def test_where_incentives_are_forbidden_there_is_no_cashback(market, bonuses):
    retail = await market.client()
    campaign = await bonuses.campaign("cash", **CASHBACK)
    with pytest.raises(Denied):
        await bonuses.take(retail, campaign)


async def hedged(customer: Any, bonuses: Giving, lots: str = "1.00") -> None:
    first = await bonuses.closed(customer, "sell", lots)
    await bonuses.closed(customer, "buy", lots, account=first)


async def test_opposite_positions_open_a_case_and_nothing_is_paid_or_lost(
    market, customer, bonuses
):
    """BON-08: not cancelled by itself; the deals are named, and both sides read it."""
    row = await an_active_one(market, customer, bonuses)
    await hedged(customer, bonuses)

    await turnover.counted(market.opener(), await bonuses.imported())

    held = await bonuses.grant(row.id)
    assert (held.state, held.released) == ("active", Decimal(0))
    assert held.done_lots >= held.need_lots
    (case,) = [one for one in held.evidence if one["kind"] == "hedged"]
    assert case["open"] and len(case["deals"]) == 1 and case["symbols"] == ["EURUSD"]
    assert held.story[-1]["what"] == "case-hedged"
    assert await credit_of(market, row) == Decimal("150.00")
    async with market.opener(marketing())() as work:
        assert [one.id for one in (await abuse.waiting(work))[0]] == [row.id]


async def test_a_person_clears_it_and_what_was_earned_is_released(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses)
    await hedged(customer, bonuses)
    await turnover.counted(market.opener(), await bonuses.imported())

    with pytest.raises(Invalid):
        async with market.opener(marketing())() as work:
            await abuse.clear(work, row.id, " ")
    async with market.opener(marketing())() as work:
        await abuse.clear(work, row.id, "Hedges a position at another broker.")
        await turnover.release_due(work, row.id)

    done = await bonuses.grant(row.id)
    assert (done.state, done.released) == ("released", Decimal("150.00"))
    with pytest.raises(Conflict):
        async with market.opener(marketing())() as work:
            await abuse.clear(work, row.id, "Again.")


async def test_a_cleared_pattern_is_not_shown_again_until_there_is_more(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses, lots_per_100=Decimal(100))
    await hedged(customer, bonuses)
    await turnover.counted(market.opener(), await bonuses.imported())
    async with market.opener(marketing())() as work:
        await abuse.clear(work, row.id, "Nothing.")

    await bonuses.closed(customer, "sell", "0.10", symbol="XAUUSD")
    await turnover.counted(market.opener(), await bonuses.imported())
    assert not abuse.open_case(await bonuses.grant(row.id))
    await hedged(customer, bonuses)
    await turnover.counted(market.opener(), await bonuses.imported())
    assert abuse.open_case(await bonuses.grant(row.id))


@pytest.mark.parametrize(("held_s", "opens"), [(20, True), (600, False)])
async def test_many_positions_closed_within_moments_open_a_case(
    market, customer, bonuses, held_s, opens
):
    row = await an_active_one(market, customer, bonuses, lots_per_100=Decimal(100))
    for _ in range(6):
        await bonuses.closed(customer, "sell", "0.50", opened_s_ago=held_s)

    await turnover.counted(market.opener(), await bonuses.imported())

    found = await bonuses.grant(row.id)
    assert [one["kind"] for one in found.evidence] == (["rapid"] if opens else [])


async def test_opposite_positions_of_different_times_or_sizes_are_trading(
    market, customer, bonuses
):
    row = await an_active_one(market, customer, bonuses, lots_per_100=Decimal(100))
    await bonuses.closed(customer, "sell", "1.00", opened_s_ago=900)
    await bonuses.closed(customer, "buy", "1.00", opened_s_ago=300)
    await bonuses.closed(customer, "buy", "2.00", opened_s_ago=900)

    await turnover.counted(market.opener(), await bonuses.imported())

    assert (await bonuses.grant(row.id)).evidence == []


async def test_the_pages_show_case_and_cashback(market, customer, bonuses, desk):
    row = await an_active_one(market, customer, bonuses)
    await hedged(customer, bonuses)
    await turnover.counted(market.opener(), await bonuses.imported())
    cash = await bonuses.take(customer, await bonuses.campaign("cash", **CASHBACK))
    staff, room = await desk("Owner"), await customer.browser()

    page = await staff.get(f"/desk/bonuses/grants/{row.id}")
    today = await staff.get("/desk")
    made = await staff.post(
        "/desk/bonuses/campaigns",
        {"title": "Lots", "code": "lots", "kind": "cashback", "tiers.0.from_lots": "0", "tiers.0.amount": "2",
         "tiers.1.from_lots": "10", "tiers.1.amount": "3",
         "most": "100", "currency": "USD"},
    )  # fmt: skip
    cleared = await staff.post(f"/desk/bonuses/grants/{row.id}/clear", {"reason": "Fine by us."})

    assert "Opposite positions opened together" in page.text
    assert "Bonuses to look at" in today.text
    assert made.status_code < 400 and cleared.status_code < 400, (made.text, cleared.text)
    assert (await bonuses.grant(row.id)).state == "released"
    shown = await room.get("/bonuses")
    assert "Paid to you so far" in shown.text
    assert (await room.get(f"/bonuses/{cash.id}")).status_code == 200
