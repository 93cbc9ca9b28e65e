"""Routing on real rows: what is stored, what is replayed, what caps and pauses do to it."""

import asyncio
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from brokerage.payments.model import Deposit, PaymentAttempt
from brokerage.payments.permissions import Payments
from brokerage.payments.routing import explaining, watching
from brokerage.payments.settings import PaymentsSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy import settings
from support.web import Browser

from .people import finance


async def changed(market, **more):
    """The payments settings with these parts replaced, as a new version."""
    async with market.opener()() as work:
        now = work.settings(PaymentsSettings)
        body = settings.as_data(now) | more
        value = settings.parse("payments", PaymentsSettings, body)
        return await settings.put(work, "payments", value, why="test")


def psps(market_settings, **of):
    """The providers with more written to some of them."""
    return [one | of.get(one["code"], {}) for one in market_settings["psps"]]


async def body(market):
    async with market.opener()() as work:
        return settings.as_data(work.settings(PaymentsSettings))


ALPHA = [{"name": "All", "use": [{"psp": "alpha"}], "cascade": ["beta"]}]


async def test_a_stored_decision_is_made_again_after_the_rules_have_changed(market, customer):
    """N08: by the rules of its own version, whatever is in force now."""
    made = await customer.start("150.00")
    await changed(market, routes=[{"name": "Other", "use": [{"psp": "beta"}]}])
    later = await customer.start("160.00")

    first = (await customer.attempts(made.deposit))[0].decision
    second = (await customer.attempts(later.deposit))[0].decision
    async with market.opener()() as work:
        replayed = [await explaining.replay(work, one) for one in (first, second)]

    assert [one.same for one in replayed] == [True, True]
    assert second["version"] == first["version"] + 1
    assert replayed[1].route.name == "Other" and second["order"] == ["beta"]
    spoiled = first | {"order": ["beta"]}
    async with market.opener()() as work:
        assert (await explaining.replay(work, spoiled)).same is False


async def test_fifty_at_once_do_not_pass_a_cap_together(market):
    """T58, PSP-04: the sum of what one provider is given stays within its cap."""
    told = await body(market)
    cap = [{"per": "day", "most": {"amount": "1000", "currency": "USD"}}]
    await changed(market, psps=psps(told, alpha={"caps": cap}), routes=ALPHA)
    people = [await market.client() for _ in range(3)]
    places = asyncio.Semaphore(6)

    async def one(number):
        async with places:
            return await people[number % 3].start("150.00")

    made = await asyncio.gather(*(one(number) for number in range(12)))

    async with market.opener()() as work:
        rows = list(await work.rows(select(Deposit).where(Deposit.id.in_(m.deposit for m in made))))
        tried = list(
            await work.rows(
                select(PaymentAttempt.decision).where(
                    PaymentAttempt.deposit.in_(m.deposit for m in made),
                    PaymentAttempt.psp == "beta",
                )
            )
        )
    at_alpha = [row.amount for row in rows if row.psp == "alpha"]
    assert sum(at_alpha) == Decimal("900.00")
    assert all(["alpha", "day-cap"] in one["looked"] for one in tried) and len(tried) == 6


async def test_a_cap_counts_in_its_own_currency_and_by_number_too(market, customer):
    told = await body(market)
    caps = [{"per": "month", "count": 1}]
    await changed(market, psps=psps(told, alpha={"caps": caps}), routes=ALPHA)

    made = [await customer.start("100.00", currency=one) for one in ("EUR", "USD")]

    assert [(await customer.attempts(one.deposit))[0].psp for one in made] == ["alpha", "beta"]


async def test_where_nobody_can_take_it_the_amount_is_kept_and_another_way_offered(
    market, customer
):
    """J7, step 3: an honest notice, nothing to type again, and the desk sees what was turned away."""
    told = await body(market)
    everyone = {"caps": [{"per": "day", "most": {"amount": "10", "currency": "USD"}}]}
    routes = [
        {"name": "Cards", "when": {"method": ["card"]}, "use": [{"psp": "alpha"}]},
        {"name": "Crypto", "when": {"method": ["crypto"]}, "use": [{"psp": "beta"}]},
    ]
    await changed(market, psps=psps(told, alpha=everyone), routes=routes)

    made = await customer.start("150.00")

    row = await customer.deposit(made.deposit)
    assert (row.state, row.code, made.url) == ("failed", "no-route", None)
    assert row.decision["order"] == []
    assert row.decision["looked"] == [["alpha", "day-cap"]]
    assert row.decision["passed"] == [[1, "Cards", "nobody"], [2, "Crypto", "method"]]
    browser = await customer.browser()
    page = await browser.get(f"/deposit/{made.deposit}")
    assert "No money has moved" in page.text
    assert "/deposit?method=crypto&amp;amount=150.00&amp;currency=USD" in page.text
    form = await browser.get("/deposit?method=crypto&amount=150.00&currency=USD")
    assert 'value="150.00"' in form.text


async def test_staff_read_why_a_deposit_went_where_it_went(market, customer, desk):
    made = await customer.start("150.00")
    browser: Browser = await desk("Finance")

    page = await browser.get(f"/desk/deposits/{made.deposit}/routing?attempt=1")
    missing = await browser.get(f"/desk/deposits/{made.deposit}/routing?attempt=9")

    assert page.status_code == 200 and "the same" in page.text and "150.00" in page.text
    assert "Alpha Cards" in page.text, "providers are called by their names"
    assert missing.status_code == 404
    assert (
        f"/desk/deposits/{made.deposit}/routing"
        in (await browser.get(f"/desk/deposits/{made.deposit}")).text
    )


async def test_a_paused_provider_gets_nothing_new_until_it_is_resumed(market, customer, desk):
    await changed(market, routes=ALPHA)
    with pytest.raises(Denied):
        async with market.opener(finance(without=[Payments.PAUSE]))() as work:
            await watching.pause(work, "alpha", "their maintenance")
    with pytest.raises(Invalid):
        async with market.opener(finance())() as work:
            await watching.pause(work, "alpha", " ")
    async with market.opener(finance())() as work:
        await watching.pause(work, "alpha", "their maintenance")
    page = await (await desk("Finance")).get("/desk/psps")
    assert page.text.count("Paused by your people") == 1
    with pytest.raises(Conflict):
        async with market.opener(finance())() as work:
            await watching.pause(work, "alpha", "again")

    during = await customer.start("150.00")
    async with market.opener(finance())() as work:
        await watching.resume(work, "alpha")
    after = await customer.start("150.00")

    first = (await customer.attempts(during.deposit))[0]
    assert first.psp == "beta" and ["alpha", "paused-tenant"] in first.decision["looked"]
    assert (await customer.attempts(after.deposit))[0].psp == "alpha"


async def test_the_lowest_cost_and_the_cost_that_is_kept_with_a_payment(market, customer):
    """PSP-20: what a provider keeps is by the schedule of the day it was paid."""
    told = await body(market)
    costs = {
        "alpha": {"costs": [{"percent": "2.9", "fixed": {"amount": "0.30", "currency": "USD"}}]},
        "beta": {"costs": [{"method": ["card"], "percent": "1.5"}]},
    }
    both = {"use": [{"psp": "alpha"}, {"psp": "beta"}]}
    cheap = [{"name": "Cheap", "by": "lowest-cost", **both}]
    await changed(market, psps=psps(told, **costs), routes=cheap)

    paid = await customer.paid("200.00")

    tried = (await customer.attempts(paid))[0]
    assert (tried.psp, tried.cost) == ("beta", Decimal("3.00"))
    assert tried.decision["by"] == "lowest-cost"
    assert tried.decision["seen"]["alpha"]["cost"] == "6.10"


def test_the_rule_set_is_part_of_the_settings_file_and_comes_back_from_it():
    told = {
        "psps": [{"code": "alpha", "connector": "stripe"}],
        "routes": [{"name": "A", "when": {"tag": ["vip"]}, "use": [{"psp": "alpha"}]}],
    }
    value = settings.parse("payments", PaymentsSettings, told)

    data = settings.as_data(value)

    assert data["routes"] == [
        {"name": "A", "when": {"tag": ["vip"]}, "use": [{"psp": "alpha", "share": 100}]}
    ]
    assert msgspec.convert(data, PaymentsSettings, strict=False) == value
