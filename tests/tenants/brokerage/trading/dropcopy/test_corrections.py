"""Corrections and cancels: what was booked is taken back, and what is true now stands."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from brokerage.partners import jobs
from brokerage.partners.model import Attribution, Reward
from brokerage.partners.settings import Amount, Cap, PartnerSettings, Plan, RewardRule, SymbolGroup
from brokerage.trading.events import DealsImported
from brokerage.trading.model import Deal
from stoa.tenancy import settings
from support.crowd import a_partner


def standing(deals: list[Deal]) -> list[tuple[str, str, Decimal, Decimal]]:
    """The deals that nothing took back, as side, entry, lots and price."""
    back = {deal.reverses for deal in deals}
    return [
        (deal.kind, deal.entry, deal.lots, deal.price)
        for deal in deals
        if deal.reverses is None and deal.number not in back
    ]


async def test_a_cancelled_trade_leaves_nothing_but_its_trace(copy):
    await copy.adopt("A")
    await copy.listen()
    first = await copy.fill("A", "1", 100_000, "1.10000", commission="3.50")
    await copy.in_step()

    await copy.lever("/cancel", exec_id=first)
    await copy.in_step()

    deal, back = await copy.deals("A")
    assert (back.reverses, back.lots, back.commission) == (deal.number, -1, Decimal("3.50"))
    assert await copy.position("A") is None
    assert (await copy.account("A")).balance == 0
    assert await copy.laws() == []


async def test_a_corrected_price_moves_the_money_and_nothing_twice(copy):
    await copy.adopt("A")
    await copy.listen()
    await copy.fill("A", "1", 100_000, "1.10000")
    closing = await copy.fill("A", "2", 100_000, "1.10500")
    await copy.in_step()

    told = await copy.lever("/correct", exec_id=closing, price="1.10400")
    await copy.in_step()
    await copy.lever("/correct", exec_id=told["exec_id"], price="1.10300")
    await copy.in_step()

    deals = await copy.deals("A")
    assert sum(deal.profit for deal in deals) == 300
    assert sum(deal.lots for deal in deals if deal.entry == "out") == 1
    assert (await copy.account("A")).balance == 300
    assert standing(deals)[-1] == ("sell", "out", 1, Decimal("1.103"))
    assert await copy.laws() == []


async def test_a_cancelled_opening_makes_an_opening_of_what_closed_it(copy):
    await copy.adopt("A")
    await copy.listen()
    opening = await copy.fill("A", "1", 100_000, "1.10000")
    await copy.fill("A", "2", 100_000, "1.10500")
    await copy.in_step()
    assert (await copy.account("A")).balance == 500

    await copy.lever("/cancel", exec_id=opening)
    await copy.in_step()

    assert standing(await copy.deals("A")) == [("sell", "in", 1, Decimal("1.105"))]
    held = await copy.position("A")
    assert (held.side, held.lots) == ("sell", 1)
    assert (await copy.account("A")).balance == 0
    assert await copy.laws() == []


async def test_a_correction_of_what_nobody_told_is_put_aside_with_its_reason(copy):
    await copy.adopt("A")
    await copy.listen()
    known = await copy.fill("A", "1", 100_000, "1.10000")
    await copy.in_step()

    for account, about in (("A", "nobody"), ("A", known)):
        body = [[17, f"c-{about}"], [19, about], [150, "H"], [1, account], [60, stamped()]]
        await copy.lever("/raw", kind="8", body=body)
        await copy.lever("/raw", kind="8", body=[[17, f"d-{about}"], *body[1:]])
    await copy.in_step()

    why = await copy.aside()
    assert [one for one in why if "nobody" in one and "never told of" in one]
    assert [one for one in why if "cancelled already" in one]
    assert sum(deal.lots for deal in await copy.deals("A")) == 0
    assert await copy.position("A") is None


async def test_a_partners_reward_goes_back_with_the_deal(copy):
    client = await copy.client()
    await copy.adopt("A", client)
    partner = await introduced(copy, client)
    await copy.listen()
    await copy.fill("A", "1", 100_000, "1.10000", at=stamped(minutes=30))
    closing = await copy.fill("A", "2", 100_000, "1.10500")
    await copy.in_step()
    await accrued(copy)
    (earned,) = await rewards(copy, partner)

    await copy.lever("/cancel", exec_id=closing)
    await copy.in_step()
    await accrued(copy)
    await accrued(copy)

    lines = await rewards(copy, partner)
    assert earned.amount == 5
    assert [line.amount for line in lines] == [5, -5]
    assert sum(line.lots for line in lines) == 0
    assert await copy.laws() == []


def stamped(**ago: int) -> str:
    return f"{datetime.now(UTC) - timedelta(**ago):%Y%m%d-%H:%M:%S}"


async def introduced(copy, client):
    """A partner who brought this client, five a lot."""
    plan = Plan(
        code="standard",
        label="Standard",
        rewards=(RewardRule(kind="per-lot", rate=Amount(amount=Decimal(5))),),
        cap=Cap(percent_of_income=80),
    )
    fx = SymbolGroup(code="fx", symbols=("EURUSD",), income_per_lot=Decimal(10))
    async with copy.opener()() as work:
        mine = PartnerSettings(plans=(plan,), symbol_groups=(fx,))
        await settings.put(work, "partners", mine, why="a test")
    async with copy.opener()() as work:
        partner = await a_partner(work)
        work.add(
            Attribution(
                client=client,
                valid_from=work.now - timedelta(days=1),
                partner=partner,
                rule="a test",
                touches=[],
            )
        )
    return partner


async def accrued(copy):
    """What the worker does when it hears of the imports."""
    async with copy.opener()() as work:
        now = work.now
    fact = DealsImported(server="fix", first=now - timedelta(hours=1), last=now, count=1)
    await jobs.accrue_imported(copy.opener(), fact)


async def rewards(copy, partner):
    async with copy.opener()() as work:
        asked = select(Reward).where(Reward.partner == partner).order_by(Reward.accrued_at)
        return list(await work.rows(asked))
