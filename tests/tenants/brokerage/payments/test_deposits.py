"""Paying in: one credit however often and in whatever order the news comes."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from brokerage.payments import callbacks, settlement
from brokerage.payments.connector import State, Status
from brokerage.payments.depositing import concluding, unresolved
from brokerage.payments.model import PaymentAttempt, Unresolved
from brokerage.payments.values import Method
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money, parse
from stoa.kernel.refusals import Conflict, Invalid
from support.patience import until
from support.web import visitor

from .people import finance
from .test_routing import ALPHA, changed


async def test_a_paid_deposit_is_in_the_wallet_once_after_a_hundred_copies(market, customer):
    made = await customer.start("500.00")
    assert made.url.startswith("http")
    await customer.pay(made.deposit)
    shop = (
        market.alpha if (await customer.attempts(made.deposit))[0].psp == "alpha" else market.beta
    )
    which = "alpha" if shop is market.alpha else "beta"
    await until(lambda: len(shop.hooks.got) >= 1)
    await shop.at.control("settle")

    answers = await market.deliver(which, copies=100)
    await market.react(at_once=10)

    assert set(answers) == {202}
    row = await customer.deposit(made.deposit)
    assert row.state == "credited" and row.first
    assert await customer.available() == Decimal("500.00")


async def which_of(customer, made) -> str:
    return (await customer.attempts(made.deposit))[-1].psp


async def told(market, which: str, count: int = 1) -> None:
    shop = market.alpha if which == "alpha" else market.beta
    before = market.seen.get(which, 0)
    await until(lambda: len(shop.hooks.got) >= before + count)
    await shop.at.control("settle")  # and all that belongs to it was brought, too


async def test_a_technical_no_goes_to_the_next_provider_with_the_amount_kept(market, customer):
    """J2, step 10."""
    await changed(market, routes=ALPHA)
    await market.alpha.fault("error_500_before_apply", count=20)

    made = [await customer.start("120.00") for _ in range(4)]

    tried = [await customer.attempts(one.deposit) for one in made]
    moved_on = [line for line in tried if len(line) > 1]
    assert moved_on, "nobody drew the failing provider"
    for line in moved_on:
        assert [one.state for one in line] == ["unavailable", "open"]
        assert line[0].technical and line[0].psp == "alpha" and line[1].psp == "beta"
        assert line[1].decision["ask"]["amount"] == "120.00"
    assert all(one.url for one in made)


async def test_a_silent_callback_is_found_by_asking(market, customer):
    made = await customer.start("80.00")
    which = await which_of(customer, made)
    await (market.alpha if which == "alpha" else market.beta).fault("callback_lost", count=20)
    await customer.pay(made.deposit)

    async with market.opener()() as work:
        await work.run(
            update(PaymentAttempt)
            .where(PaymentAttempt.deposit == made.deposit)
            .values(next_poll_at=work.now)
        )
    await asyncio.gather(*(settlement.sweep(market.opener()) for _ in range(3)))

    assert (await customer.deposit(made.deposit)).state == "credited"
    assert await customer.available() == Decimal("80.00")


@pytest.mark.parametrize("fault", ["callback_mutated_currency", "callback_mutated_amount"])
async def test_a_callback_that_tells_another_amount_credits_nothing(market, customer, fault):
    """T54, T70: the queue gets it, with what we propose; a person credits it once."""
    made = await customer.start("200.00")
    which = await which_of(customer, made)
    await (market.alpha if which == "alpha" else market.beta).fault(fault, count=20)
    await customer.pay(made.deposit)
    await told(market, which)
    await market.deliver(which)
    await market.react()

    row = await customer.deposit(made.deposit)
    assert row.state == "review"
    assert await customer.available() == 0
    async with market.opener()() as work:
        found = list(await work.rows(select(Unresolved).where(Unresolved.deposit == row.id)))
    assert [(one.problem, one.proposed) for one in found] == [("callback-differs", "credit")]

    for _ in range(2):
        await unresolved.decide(
            market.opener(finance()), found[0].id, "credit", "The provider confirms 200.00"
        )
    assert await customer.available() == Decimal("200.00")
    with pytest.raises(Conflict):
        await unresolved.decide(market.opener(finance()), found[0].id, "credit", "again")


@pytest.mark.parametrize("fault", ["callback_forged", "callback_unsigned"])
async def test_a_forged_callback_is_turned_away_and_kept_nowhere(market, customer, fault):
    """T69."""
    made = await customer.start("90.00")
    which = await which_of(customer, made)
    await (market.alpha if which == "alpha" else market.beta).fault(fault)
    await customer.pay(made.deposit)
    await told(market, which, 2)

    answers = await market.deliver(which)

    assert 401 in answers and 202 in answers
    await market.react()
    assert await customer.available() == Decimal("90.00")


async def test_the_address_of_a_callback_is_not_guessed(market):
    browser = visitor(market.house, market.tenant)

    for path in ("/hooks/alpha/0000", "/hooks/nobody/0000"):
        assert (await browser.http.post(path, content=b"{}")).status_code == 404
    async with market.opener()() as work:
        path = callbacks.path(work, "alpha")
    assert (await browser.http.post(path, content=b"{}")).status_code == 401
    assert (await browser.http.post(path, content=b"x" * 70_000)).status_code == 413


async def test_a_callback_before_our_commit_is_credited_when_it_is_there(market, customer):
    """T74: the callback names a payment nobody here knows yet."""
    made = await customer.start("70.00")
    which = await which_of(customer, made)
    await customer.pay(made.deposit)
    await told(market, which)
    async with market.opener()() as work:
        attempt = (await customer.attempts(made.deposit))[0]
        their, attempt_id = attempt.reference, attempt.id
        await work.run(
            update(PaymentAttempt)
            .where(PaymentAttempt.id == attempt_id)
            .values(reference=None, psp="nobody", next_poll_at=None)
        )
    await market.deliver(which)
    await market.react()
    assert await customer.available() == 0

    async with market.opener()() as work:
        await work.run(
            update(PaymentAttempt)
            .where(PaymentAttempt.id == attempt_id)
            .values(reference=their, psp=which)
        )
    await settlement.sweep(market.opener())

    assert await customer.available() == Decimal("70.00")


async def test_news_in_any_order_ends_the_same(market, customer):
    """T72, short: failed, expired, pending and paid, whichever comes last."""
    for order in (("failed", "succeeded"), ("succeeded", "expired"), ("expired", "succeeded")):
        made = await customer.start("30.00")
        tried = (await customer.attempts(made.deposit))[0]
        for state in order:
            async with market.opener()() as work:
                status = Status(
                    reference=tried.reference,
                    state=State(state),
                    raw=state,
                    money=Money(Decimal("30.00"), "USD"),
                    our_id=str(tried.id),
                )
                await concluding.conclude(work, tried.id, status, None)
        assert (await customer.deposit(made.deposit)).state == "credited", order
    assert await customer.available() == Decimal("90.00")


@pytest.mark.parametrize("amount", ["-1", "1e9", "NaN", "0", "1,5", "1.005", " ", "Infinity", "١٢"])
async def test_an_amount_that_is_none_is_refused_beside_its_field(market, customer, amount):
    """T53."""
    browser = await customer.browser()

    answer = await browser.post(
        "/deposit",
        {"method": "card", "currency": "USD", "amount": amount, "key": str(uuid7())},
    )

    assert answer.status_code == 422, answer.text
    assert await customer.available() == 0


async def test_yen_have_no_decimals_and_too_much_is_too_much(customer):
    with pytest.raises(Invalid):
        parse("1.5", "JPY")
    with pytest.raises(Invalid):
        await customer.start("1000000.00")
    with pytest.raises(Invalid):
        await customer.start("1.00")


async def test_the_same_form_sent_again_is_the_same_deposit(customer):
    """T51."""
    key = uuid7()

    made = await asyncio.gather(*(customer.start("60.00", key=key) for _ in range(10)))

    assert {one.deposit for one in made} == {key}
    assert len(await customer.attempts(key)) == 1
    with pytest.raises(Conflict):
        await customer.start("61.00", key=key)


async def test_coming_back_from_the_page_credits_nothing(market, customer):
    made = await customer.start("50.00")
    browser = await customer.browser()

    page = await browser.get(f"/deposit/{made.deposit}?back=1")

    assert page.status_code == 200
    assert await customer.available() == 0
    other = await (await market.client()).browser()
    assert (await other.get(f"/deposit/{made.deposit}")).status_code == 404


async def test_crypto_that_is_too_little_waits_for_a_person(market, customer):
    made = await customer.start("100.00", method=Method.CRYPTO)
    await customer.pay(made.deposit, coin="usdt-tron", paid="under")
    tried = (await customer.attempts(made.deposit))[0]

    async def looked() -> bool:
        await settlement.look(market.opener(), tried.id)
        return (await customer.deposit(made.deposit)).state == "review"

    await until(looked)

    assert await customer.available() == 0
    async with market.opener()() as work:
        found = await work.first(select(Unresolved).where(Unresolved.deposit == made.deposit))
    assert found.problem == "under-paid" and found.amount < 100 and found.proposed == "wait"


async def at_alpha(customer):
    """A deposit that drew the first provider of the route."""
    while True:
        made = await customer.start("150.00")
        if await which_of(customer, made) == "alpha":
            return made


@pytest.mark.parametrize(
    ("card", "moves_on"), [("4000000000000119", True), ("4000000000009995", False)]
)
async def test_a_decline_on_the_page_moves_on_only_when_it_is_technical(
    market, customer, card, moves_on
):
    """PSP-05: the first page is closed before the second opens, so nobody pays at both."""
    made = await at_alpha(customer)
    await customer.pay(made.deposit, card=card)
    await told(market, "alpha")
    assert set(await market.deliver("alpha")) == {202}
    await market.react()

    line = await customer.attempts(made.deposit)
    if not moves_on:
        assert [(one.psp, one.state) for one in line] == [("alpha", "open")]
        return
    assert [(one.psp, one.state) for one in line] == [("alpha", "unavailable"), ("beta", "open")]
    assert (await customer.deposit(made.deposit)).state == "waiting"
    await customer.pay(made.deposit)
    await settlement.look(market.opener(), line[1].id)
    assert await customer.available() == Decimal("150.00")
