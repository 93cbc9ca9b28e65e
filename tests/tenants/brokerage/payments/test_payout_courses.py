"""J7: a provider that cannot take a payout, by kind of trouble: queued, tried again, elsewhere, over."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from brokerage.ledger import check, wallets
from brokerage.payments.connectors import ALL
from brokerage.payments.events import PayoutDue
from brokerage.payments.model import PayoutAttempt
from brokerage.payments.psp import providers
from brokerage.payments.routing import watching
from brokerage.payments.settings import Retries
from brokerage.payments.troubles import Trouble, sort
from brokerage.payments.withdrawing import concluding, payouts, queueing, withdrawals
from stoa.connectors.outcomes import Refusing, Unknown, hard, not_sent, technical
from stoa.connectors.trouble import Unreachable, Withheld
from stoa.kernel.refusals import Conflict, Invalid
from stoa.notices.model import Notice
from support.patience import until
from support.people import make_staff

from .people import finance
from .test_withdrawals import _all_ended, a_place, approve, asked, funded, parts, state_of
from .test_withdrawing import another_place, ruled


async def approved(market, customer, amount: str = "600.00"):
    await funded(customer)
    row = await asked(customer, amount, destination=await a_place(customer))
    await approve(market, row, finance())
    return row


async def fails(market, psp: str = "beta") -> None:
    """Beta's circuit is open in this process, as after calls that nobody answered.

    From some minutes to come on, so that it is not half open before a slow machine has looked.
    """
    async with market.opener()() as work:
        breaker = providers.line(work, psp).breaker
    now = time.monotonic() + 300
    for _ in range(breaker.limits.in_a_row):
        ticket = breaker.enter(now)
        assert ticket is not None
        breaker.failed(ticket, now, 0.1)


async def recovers(market, psp: str = "beta") -> None:
    async with market.opener()() as work:
        line = providers.line(work, psp)
    line.breaker = type(line.breaker)(line.breaker.limits)


async def send(market, row) -> None:
    newest = (await parts(market, row.id))[-1]
    await payouts.send(market.opener(), PayoutDue(payout=newest.id))


async def answered(market, row, answer) -> None:
    """The newest part was given to the provider, and this is what it said."""
    async with market.opener()() as work:
        await work.run(
            update(PayoutAttempt)
            .where(PayoutAttempt.withdrawal == row.id, PayoutAttempt.state == "waiting")
            .values(state="sending", sent_at=work.now, tries=1, psp="beta")
        )
        await work.run(update(type(row)).where(type(row).id == row.id).values(state="sending"))
    newest = (await parts(market, row.id))[-1]
    await concluding.conclude(market.opener(), newest.id, answer)


def told(row) -> list[str]:
    return [one["what"] for one in row.story]


async def test_ten_minutes_without_a_provider_use_up_no_try(market, customer):
    """J7, step 4: nothing is sent, nothing counted; it goes when the provider is back."""
    row = await approved(market, customer)
    await fails(market)

    for _ in range(12):
        await send(market, row)

    (part,) = await parts(market, row.id)
    assert (part.state, part.number, part.tries, part.psp) == ("waiting", 1, 0, "beta")
    assert part.queued and part.code == "breaker-open" and part.next_ask_at is not None
    now = await state_of(market, row.id)
    assert now.state == "approved" and told(now).count("queued") == 1
    assert (await market.beta.truth())["payouts"] == []
    async with market.opener()() as work:
        (waits,) = await queueing.queued(work)
    assert (waits.psp, waits.count, waits.money.text()) == ("beta", 1, "600.00")

    await recovers(market)
    await send(market, row)
    await until(lambda: _all_ended(market, row.id))

    done = await state_of(market, row.id)
    assert done.state == "paid", done.story
    assert len((await market.beta.truth())["payouts"]) == 1


async def test_what_is_queued_can_be_taken_back_and_then_never_leaves(market, customer):
    row = await approved(market, customer)
    await fails(market)
    await send(market, row)

    async with customer.open_work() as work:
        await withdrawals.cancel(work, row.id)

    await recovers(market)
    await send(market, row)
    await payouts.sweep(market.opener())
    assert (await state_of(market, row.id)).state == "cancelled"
    assert (await market.beta.truth())["payouts"] == []
    async with market.opener()() as work:
        assert await wallets.holds(work, customer.id) == []
        assert await queueing.queued(work) == []


async def test_a_call_held_back_at_the_last_moment_is_no_try_either(market, customer, monkeypatch):
    """Claimed, and the circuit opened before the call: back in the queue, and cancellable."""
    row = await approved(market, customer)
    await fails(market)

    async def unseen(*_):
        return None

    monkeypatch.setattr("brokerage.payments.withdrawing.payouts.placing.held_back", unseen)
    await send(market, row)

    (part,) = await parts(market, row.id)
    assert (part.state, part.number, part.tries, part.sent_at) == ("waiting", 1, 0, None)
    assert part.queued
    now = await state_of(market, row.id)
    assert now.state == "sending" and withdrawals.may_stop(now, [part])
    async with customer.open_work() as work:
        await withdrawals.cancel(work, row.id)
    assert (await state_of(market, row.id)).state == "cancelled"


async def test_a_second_call_held_back_stays_unknown(market, customer):
    """Somebody may have the first one: it is not free to go elsewhere, nor to be cancelled."""
    row = await approved(market, customer)
    await answered(market, row, Unknown("no-answer"))
    (part,) = await parts(market, row.id)
    assert (part.state, part.tries) == ("sending", 2)

    held = type(technical("x"))(Refusing.UNCALLED, "breaker-open")
    await concluding.conclude(market.opener(), part.id, held)

    (part,) = await parts(market, row.id)
    assert part.state == "sending"
    with pytest.raises(Conflict):
        async with customer.open_work() as work:
            await withdrawals.cancel(work, row.id)


async def test_a_paused_provider_gets_no_payout_and_none_is_lost(market, customer):
    row = await approved(market, customer)
    async with market.opener(finance())() as work:
        await watching.pause(work, "beta", "Its statements do not agree")

    await send(market, row)

    (part,) = await parts(market, row.id)
    assert part.state == "waiting" and part.queued
    async with market.opener(finance())() as work:
        await watching.resume(work, "beta")
    await send(market, row)
    await until(lambda: _all_ended(market, row.id))
    assert (await state_of(market, row.id)).state == "paid"


async def test_technical_trouble_is_tried_so_often_as_the_tenant_says(market, customer):
    await ruled(market, retries=Retries(technical_tries=3))
    row = await approved(market, customer)

    for _ in range(3):
        await answered(market, row, technical("http-503"))

    found = await parts(market, row.id)
    assert [one.state for one in found] == ["refused"] * 3
    done = await state_of(market, row.id)
    assert told(done).count("again-technical") == 2
    assert (done.state, done.code) == ("held", "payout-returned")
    assert await customer.available() + 600 == 1000


async def test_a_provider_short_of_money_is_waited_for_and_finance_is_told_once(market, customer):
    row = await approved(market, customer)
    async with market.opener()() as work:
        await make_staff(work, ("Owner",))

    for _ in range(4):
        await answered(market, row, technical("insufficient_balance"))

    *_, last = await parts(market, row.id)
    assert (last.state, last.number) == ("waiting", 5)
    async with market.opener()() as work:
        assert last.next_ask_at - work.now > timedelta(minutes=50)
        notices = await work.value(
            select(func.count()).select_from(Notice).where(Notice.title.contains("fill it up"))
        )
    assert notices == 1
    now = await state_of(market, row.id)
    assert told(now).count("again-balance") == 4 and now.state == "sending"


async def test_a_wrong_place_is_asked_for_anew_and_the_same_one_refused(market, customer):
    row = await approved(market, customer)

    await answered(market, row, hard("invalid_account_number"))

    done = await state_of(market, row.id)
    assert (done.state, done.code) == ("held", "payout-returned")
    assert "bad-destination" in told(done)
    async with market.opener()() as work:
        assert (await check.examine(work)).violations == []
    with pytest.raises(Invalid, match="does not pay to this place"):
        async with customer.open_work() as work:
            await withdrawals.redirect(work, row.id, row.destination)
    place = await another_place(customer)
    async with customer.open_work() as work:
        row = await withdrawals.redirect(work, row.id, place.id)
    assert row.destination == place.id


async def test_declined_for_good_is_over_unless_the_tenant_asks_others(market, customer):
    row = await approved(market, customer)

    await answered(market, row, hard("do_not_honor"))

    assert (await state_of(market, row.id)).code == "payout-returned"
    assert len(await parts(market, row.id)) == 1


async def test_no_answer_for_long_is_told_to_people_once_and_never_sent_again(market, customer):
    await ruled(market, retries=Retries(unknown_tell_min=5))
    row = await approved(market, customer)
    await answered(market, row, Unknown("no-answer"))
    async with market.opener()() as work:
        await work.run(
            update(PayoutAttempt)
            .where(PayoutAttempt.withdrawal == row.id)
            .values(sent_at=work.now - timedelta(minutes=6))
        )
    (part,) = await parts(market, row.id)

    for _ in range(2):
        await payouts.look(market.opener(), part.id)

    now = await state_of(market, row.id)
    assert told(now).count("unknown-long") == 1


@pytest.mark.parametrize(
    ("code", "why", "kind"),
    [
        ("AC04", Refusing.HARD, Trouble.DESTINATION),
        ("AC01 No such account", Refusing.HARD, Trouble.DESTINATION),
        ("AM04", Refusing.HARD, Trouble.BALANCE),
        ("insufficient_funds", Refusing.TECHNICAL, Trouble.BALANCE),
        ("balance_insufficient", Refusing.TECHNICAL, Trouble.BALANCE),
        ("notEnoughBalance", Refusing.HARD, Trouble.BALANCE),
        ("PAWAPAY_WALLET_OUT_OF_FUNDS", Refusing.TECHNICAL, Trouble.BALANCE),
        ("RECEIVER_UNREGISTERED", Refusing.HARD, Trouble.DESTINATION),
        ("no_account", Refusing.HARD, Trouble.DESTINATION),
        ("account_closed", Refusing.TECHNICAL, Trouble.DESTINATION),
        ("could_not_process", Refusing.TECHNICAL, Trouble.TECHNICAL),
        ("http-503", Refusing.TECHNICAL, Trouble.TECHNICAL),
        ("declined", Refusing.HARD, Trouble.DECLINED),
        ("do_not_honor", Refusing.HARD, Trouble.DECLINED),
    ],
)
def test_a_code_tells_its_kind(code, why, kind):
    assert sort(code, why, {}) is kind


@pytest.mark.parametrize(
    "why",
    [
        Withheld("The provider is not answering.", code="breaker-open"),
        Unreachable("No token was given.", code="breaker-open"),
        Unreachable("No token was given.", code="line-full"),
    ],
)
def test_a_token_that_was_not_asked_for_is_a_call_that_was_not_made(why):
    assert not_sent(why).why is Refusing.UNCALLED
    assert not_sent(Unreachable("The provider cannot be reached.")).why is Refusing.TECHNICAL


def test_a_providers_own_words_come_first():
    known = {one.code: getattr(one, "payout_troubles", {}) for one in ALL}

    assert sort("1", Refusing.HARD, known["mpesa"]) is Trouble.BALANCE
    assert (
        sort("PAYEE_ACCOUNT_RESTRICTED", Refusing.TECHNICAL, known["paypal"]) is Trouble.TECHNICAL
    )
