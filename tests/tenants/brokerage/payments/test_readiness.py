"""What is told before money comes in is what is asked for when it leaves: one set of checks."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import delete, update

from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.payments.model import Destination, Withdrawal
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.settings import PaymentsSettings, Publish
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import clocks, readiness
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.refusals import Refusal
from stoa.tenancy import settings
from support.web import visitor

from .giving import Giving
from .test_withdrawals import IBAN, a_place, asked, funded, usd

STOPS = {"waiting": "needs", "flagged": "here"}


async def ready(customer: Any, amount: str = "600.00", **more: Any) -> readiness.Ready:
    async with customer.open_work() as work:
        return await readiness.of(work, customer.id, usd(amount), **more)


def codes(found: readiness.Ready) -> dict[str, str]:
    return {one.code: one.state for one in found.steps if one.state != "done"}


async def unverified(market: Any, customer: Any) -> None:
    async with market.opener()() as work:
        row = await standing.locked(work, customer.id)
        row.steps, row.checks = [], []
        await standing.grade(work, row, await work.lock(Client, customer.id))


async def high_risk(market: Any, customer: Any) -> None:
    async with market.opener()() as work:
        (await standing.locked(work, customer.id)).risk_band = "high"


async def a_young_place(market: Any, customer: Any) -> None:
    await a_place(customer, ready=False)


async def another_s_name(market: Any, customer: Any) -> None:
    async with customer.open_work() as work:
        row = await destinations.add(
            work, customer.id, places.bank(IBAN), holder="Somebody Else Entirely"
        )
        row.usable_at = work.now - timedelta(hours=1)


async def nothing(market: Any, customer: Any) -> None:
    await a_place(customer)


@pytest.mark.parametrize("state", [nothing, unverified, high_risk, a_young_place, another_s_name])
async def test_what_was_told_is_what_stops_it_and_nothing_else(market, customer, state):
    """N10: every check that stops or flags the request was among the steps told before."""
    await funded(customer)
    await state(market, customer)
    async with market.opener()() as work:
        held = await destinations.of(work, customer.id)
    place = held[0].id if held else await a_place(customer)

    told = codes(await ready(customer))
    row = await asked(customer, "600.00", destination=place)

    met = {one["code"]: STOPS[one["verdict"]] for one in row.checks if one["verdict"] in STOPS}
    assert met == {code: was for code, was in told.items() if code != "no-destination"}
    assert (row.state == "held") == bool([one for one in met.values() if one == "needs"])


async def test_with_no_place_to_be_paid_that_is_the_step_and_it_leads_there(customer):
    await funded(customer)

    found = await ready(customer)

    step = next(one for one in found.steps if one.code == "no-destination")
    assert (step.state, step.href) == ("needs", "/withdraw/destinations")
    with pytest.raises(Refusal):
        await asked(customer, "600.00", destination=None)


async def test_before_a_card_deposit_its_way_back_and_the_day_of_waiting_are_told(customer):
    """Return to source and the rule of quick money, as if the deposit were there already."""
    found = await ready(customer, "100.00", paid_by=Method.CARD)

    assert [(part.way, str(part.method), part.money) for part in found.parts] == [
        ("refund", "card", usd("100.00"))
    ]
    assert codes(found)["fast-out"] == "here"
    await customer.paid("500.00")
    row = await asked(customer, "100.00", method=Method.CARD)
    assert [one["way"] for one in row.plan] == ["refund"]
    assert any(one["code"] == "fast-out" for one in row.checks if one["verdict"] == "flagged")


async def test_an_amount_no_way_takes_is_told(customer):
    await funded(customer, "20.00")
    await a_place(customer)

    found = await ready(customer, "20.00")

    assert codes(found)["amount"] == "needs"
    with pytest.raises(Refusal):
        await asked(customer, "20.00", destination=await _only(customer))


async def _only(customer: Any) -> Any:
    async with customer.open_work() as work:
        return (await destinations.of(work, customer.id))[0].id


async def test_a_bonus_that_is_not_earned_is_told_with_its_lots(market):
    customer = await market.client(country="BR")
    bonuses = Giving(market)
    row = await bonuses.take(customer, await bonuses.campaign())
    before = await ready(customer, "500.00", paid_by=Method.CARD)
    await bonuses.brought(await customer.paid("500.00"))
    after = await ready(customer, "500.00")

    told = next(one for one in before.steps if one.code == "bonus-turnover")
    assert "next deposit" in told.text
    step = next(one for one in after.steps if one.code == "bonus-turnover")
    assert step.places["need"] == "1.50" and step.href == f"/bonuses/{row.id}"
    assert codes(after)["bonus-lost"] == "here"


async def test_it_is_on_the_deposit_page_before_paying_and_on_the_wallet(market, customer):
    await funded(customer)
    await unverified(market, customer)
    browser = await customer.browser()

    empty = await browser.get("/deposit?method=card&currency=USD")
    deposit = await browser.get("/deposit?method=card&amount=250&currency=USD")
    changed = await browser.get("/deposit/ready?method=card&amount=75&currency=USD")
    money = await browser.get("/money")
    cards = await browser.http.get("/withdraw/ready", headers={"hx-request": "true"})
    whole = await browser.get("/withdraw/ready")

    # What the empty field suggests is the amount that the card speaks of.
    assert 'placeholder="10.00"' in empty.text and ">10.00<" in empty.text
    assert 'href="/verify"' in deposit.text and "250.00" in deposit.text
    assert "75.00" in changed.text and "<html" not in changed.text
    assert 'hx-get="/withdraw/ready"' in money.text
    assert 'href="/verify"' in cards.text and "<html" not in cards.text
    assert "<html" in whole.text


async def paid_withdrawals(market: Any, customer: Any, hours: list[int], days_ago: int) -> None:
    place = await a_place(customer)
    async with market.opener()() as work:
        ended = work.now - timedelta(days=days_ago)
        for took in hours:
            work.add(
                Withdrawal(
                    id=uuid7(), reference=reference("W"), client=customer.id, method="bank",
                    destination=place, amount=Decimal(100), currency="USD", state="paid",
                    hold=uuid7(), plan=[], loses=[], counted={}, checks=[], auto=[],
                    payload_hash="", story=[], asked_by=customer.id,
                    asked_at=ended - timedelta(hours=took), promised_at=ended - timedelta(hours=took - 10),
                    ended_at=ended,
                )
            )  # fmt: skip


async def test_the_public_median_is_of_real_ones_lately_and_of_enough(market, customer):
    await paid_withdrawals(market, customer, [2, 4, 4, 6, 40], 3)

    async def told(**publish: Any) -> list[clocks.Told]:
        async with market.opener()() as work:
            known = work.settings(PaymentsSettings)
            rules = msgspec.structs.replace(known.withdrawals, publish=Publish(**publish))
            changed = msgspec.structs.replace(known, withdrawals=rules)
            await settings.put(work, "payments", changed, why="publish")
        async with market.opener()() as work:
            return await clocks.public(work)

    assert await told(on=False, least=5) == []
    nowhere = await visitor(market.house, market.tenant).get("/withdrawal-times.json")
    assert nowhere.status_code == 404
    assert await told(on=True, least=6) == []
    (one,) = await told(on=True, least=5)
    assert (one.median_h, one.count, one.kept) == (Decimal("4.0"), 5, Decimal("80.0"))
    page = await visitor(market.house, market.tenant).get("/")
    assert "How long withdrawals take" in page.text and "/withdrawal-times.json" in page.text
    given = (await visitor(market.house, market.tenant).get("/withdrawal-times.json")).json()
    proven = jws.deserialize_compact(
        given.pop("signed"), OKPKey.import_key(given.pop("key")), algorithms=["Ed25519"]
    )
    assert json.loads(proven.payload) == given
    assert given["withdrawals"] == [
        {
            "method": one.label, "paid": 5, "median_h": "4.0", "promise_h": one.promise_h,
            "within_promise_percent": "80.0",
        }
    ]  # fmt: skip
    async with market.opener()() as work:
        await work.run(update(Withdrawal).values(ended_at=work.now - timedelta(days=31)))
    assert await told(on=True, least=5) == []
    async with market.opener()() as work:
        await work.run(delete(Withdrawal))
        await work.run(delete(Destination))
