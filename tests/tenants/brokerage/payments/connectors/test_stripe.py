import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.payments.connector import (
    DisputeStage,
    EventKind,
    Hosted,
    Method,
    Order,
    Paid,
    Payer,
    State,
)
from brokerage.payments.connectors.stripe import Settings, Stripe, amounts, shapes
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Refusing, Unknown
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound
from support.outside import Asked, Outside, Told, outside
from support.psp_scripts import STRIPE

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def stripe(
    answering: Callable[[Asked], Told],
) -> AsyncGenerator[tuple[Stripe, Outside]]:
    async with outside(answering) as world:
        lines = Lines(Egress({world.place}))
        settings = Settings(base_url=world.url)
        yield Stripe(settings, Keyring(STRIPE.secrets), lines.of("t", "stripe")), world
        await lines.egress.aclose()


def an_order(money: str, expires: timedelta = timedelta(hours=1)) -> Order:
    amount, currency = money.split()
    return Order(
        id=uuid4(),
        reference="D-1",
        money=Money(Decimal(amount), currency),
        method=Method.CARD,
        payer=Payer(reference="c1", email="ann@example.com"),
        description="Deposit",
        return_url="https://broker.example/back",
        cancel_url="https://broker.example/cancel",
        created=CREATED,
        expires=CREATED + expires,
    )


@pytest.mark.parametrize(
    ("money", "minor"),
    [
        ("10.50 EUR", 1050),
        ("500 JPY", 500),
        ("500 KRW", 500),
        ("1.230 KWD", 1230),
        ("5 ISK", 500),
        ("5000 UGX", 500000),
        ("10.45 HUF", 1045),
        ("800.45 TWD", 80045),
        ("999999.99 USD", 99999999),
    ],
)
def test_amounts_are_written_as_stripe_writes_them(money: str, minor: int) -> None:
    amount, currency = money.split()
    exact = Money(Decimal(amount), currency)

    assert amounts.to_minor(exact) == minor
    assert amounts.of_minor(minor, currency.lower()) == exact


@pytest.mark.parametrize(
    "money", ["1.001 EUR", "5.5 JPY", "1.234 KWD", "5.5 ISK", "1 BTC", "1 IQD", "1000000.00 USD"]
)
def test_amounts_stripe_cannot_take_are_refused(money: str) -> None:
    amount, currency = money.split()
    with pytest.raises(Invalid):
        amounts.to_minor(Money(Decimal(amount), currency))


def test_payouts_in_forints_and_taiwan_dollars_are_whole() -> None:
    assert amounts.to_minor(Money(Decimal(10), "HUF"), payout=True) == 1000
    for currency in ("HUF", "TWD"):
        with pytest.raises(Invalid):
            amounts.to_minor(Money(Decimal("10.45"), currency), payout=True)


@given(st.sampled_from(sorted(amounts.CARRIED)), st.integers(1, 999_999))
def test_every_whole_amount_comes_back(currency: str, units: int) -> None:
    money = Money(Decimal(units), currency)
    try:
        minor = amounts.to_minor(money)
    except Invalid:
        assert units * 10 ** amounts.exponent(currency) > amounts.LARGEST
        return
    assert amounts.of_minor(minor, currency) == money


async def test_a_session_says_who_what_and_until_when() -> None:
    async with stripe(STRIPE.page) as (connector, world):
        order = an_order("100.50 EUR")
        hosted = await connector.create_deposit(order)

        form = world.asked[0].form
        assert form["line_items[0][price_data][unit_amount]"] == "10050"
        assert form["line_items[0][price_data][currency]"] == "eur"
        assert form["client_reference_id"] == "D-1"
        assert form["payment_intent_data[metadata][id]"] == str(order.id)
        assert int(form["expires_at"]) == int(order.expires.timestamp())
        assert world.asked[0].headers["stripe-version"] == "2025-03-31.basil"
        assert isinstance(hosted, Hosted)
        assert hosted.expires == order.expires


@pytest.mark.parametrize(
    ("wanted", "due"),
    [
        (timedelta(minutes=5), timedelta(minutes=31)),
        (timedelta(days=7), timedelta(hours=23, minutes=50)),
    ],
)
async def test_an_expiry_stripe_would_refuse_is_brought_within_its_bounds(
    wanted: timedelta, due: timedelta
) -> None:
    async with stripe(STRIPE.page) as (connector, world):
        await connector.create_deposit(an_order("100 EUR", wanted))

        assert int(world.asked[0].form["expires_at"]) == int((CREATED + due).timestamp())


async def test_a_key_used_for_another_request_leaves_the_outcome_unknown() -> None:
    error = {"error": {"type": "idempotency_error", "message": "other parameters"}}
    for told in (Told(400, json=error), STRIPE.refusal(409, "idempotency_key_in_use")):
        async with stripe(lambda _, told=told: told) as (connector, _):
            outcome = await connector._send("/v1/payouts", {}, uuid4(), shapes.payout)
        assert isinstance(outcome, Unknown)


async def test_a_refund_names_the_payment_beneath_the_session() -> None:
    refund = uuid4()

    def answering(asked: Asked) -> Told:
        if asked.method == "GET":
            return Told(json={"id": "cs_1", "payment_intent": "pi_9"})
        return Told(json=STRIPE.refund("succeeded", refund))

    async with stripe(answering) as (connector, world):
        outcome = await connector.refund(refund, Paid("cs_1"), Money(Decimal(50), "EUR"))

        assert outcome == Confirmed("re_1")
        assert world.asked[1].form["payment_intent"] == "pi_9"
        assert world.asked[1].form["amount"] == "5000"
        assert world.asked[1].headers["idempotency-key"] == str(refund)


async def test_there_is_nothing_to_give_back_of_an_unpaid_session() -> None:
    unpaid = Told(json={"id": "cs_1", "payment_intent": None})
    async with stripe(lambda _: unpaid) as (connector, world):
        outcome = await connector.refund(uuid4(), Paid("cs_1"), Money(Decimal(50), "EUR"))

        assert isinstance(outcome, Refused)
        assert not outcome.technical
        assert len(world.asked) == 1


async def test_a_lost_payout_is_found_by_our_id_over_pages() -> None:
    payout = uuid4()
    others = [STRIPE.payout("succeeded", uuid4()) | {"id": f"po_{at}"} for at in range(3)]

    def answering(asked: Asked) -> Told:
        if "starting_after" not in asked.query:
            return Told(json={"data": others, "has_more": True})
        return Told(json={"data": [STRIPE.payout("pending", payout)], "has_more": False})

    async with stripe(answering) as (connector, world):
        status = await connector.poll_payout(payout, "", CREATED)

        assert (status.reference, status.state) == ("po_1", State.PENDING)
        assert world.asked[1].query["starting_after"] == "po_2"
        assert int(world.asked[0].query["created[gte]"]) <= CREATED.timestamp()
    async with stripe(lambda _: Told(json={"data": [], "has_more": False})) as (connector, _):
        with pytest.raises(NotFound):
            await connector.poll_payout(payout, "", CREATED)


async def test_a_session_is_closed_so_that_it_cannot_be_paid_later() -> None:
    async with stripe(lambda _: Told(json={"id": "cs_1", "status": "expired"})) as (one, world):
        assert await one.cancel_deposit("cs_1") == Confirmed("cs_1")
        assert world.asked[0].path == "/v1/checkout/sessions/cs_1/expire"
    async with stripe(lambda _: STRIPE.refusal(400, "session_not_open")) as (one, _):
        assert isinstance(await one.cancel_deposit("cs_1"), Refused)


def event(kind: str, thing: dict[str, Any]) -> Any:
    body = {"id": "evt_1", "type": kind, "created": 1_767_225_600, "data": {"object": thing}}
    (read,) = shapes.events(json.dumps(body).encode())
    return read


def test_a_declined_card_leaves_the_deposit_open_and_says_what_kind_it_was() -> None:
    for code, due in (("processing_error", Refusing.TECHNICAL), ("stolen_card", Refusing.HARD)):
        error = {"type": "card_error", "code": "card_declined", "decline_code": code}
        paying = {"id": "pi_1", "metadata": {"id": "x"}, "last_payment_error": error}

        told = event("payment_intent.payment_failed", paying)

        assert (told.kind, told.state, told.decline) == (EventKind.DEPOSIT, State.PENDING, due)
        assert (told.payment, told.our_id, told.code, told.reference) == ("pi_1", "x", code, "")


def test_a_delayed_method_that_fails_is_failed() -> None:
    session = STRIPE.deposit("pending", uuid4())

    assert event("checkout.session.async_payment_failed", session).state is State.FAILED
    assert event("checkout.session.completed", session).state is State.PENDING


def test_a_refunded_charge_moves_its_deposit() -> None:
    charge = {
        "id": "ch_1",
        "payment_intent": "pi_1",
        "amount_captured": 10050,
        "currency": "eur",
        "refunded": False,
        "metadata": {"id": "x"},
    }

    part = event("charge.refunded", charge)
    whole = event("charge.refunded", charge | {"refunded": True})

    assert (part.state, whole.state) == (State.PART_REFUNDED, State.REFUNDED)
    assert (part.payment, part.reference, part.our_id) == ("pi_1", "", "x")


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("needs_response", DisputeStage.CHARGEBACK),
        ("lost", DisputeStage.LOST),
        ("won", DisputeStage.WON),
    ],
)
def test_a_dispute_names_its_payment_and_stage(status: str, stage: DisputeStage) -> None:
    thing = {
        "id": "du_1",
        "payment_intent": "pi_1",
        "amount": 100,
        "currency": "eur",
        "status": status,
        "reason": "fraudulent",
    }

    told = event("charge.dispute.closed", thing)

    assert (told.kind, told.stage, told.payment) == (EventKind.DISPUTE, stage, "pi_1")
    assert (told.code, told.money) == ("fraudulent", Money(Decimal(1), "EUR"))


def test_a_returned_payout_and_a_failed_refund_are_told() -> None:
    payout = event("payout.failed", STRIPE.payout("failed", uuid4()))
    refund = event("refund.updated", STRIPE.refund("failed", uuid4()))

    assert (payout.kind, payout.state, payout.decline) == (
        EventKind.PAYOUT,
        State.FAILED,
        Refusing.HARD,
    )
    assert (refund.kind, refund.state) == (EventKind.REFUND, State.FAILED)


def test_an_amount_in_a_currency_we_do_not_carry_is_left_out() -> None:
    session = STRIPE.deposit("succeeded", uuid4()) | {"currency": "xyz"}

    assert event("checkout.session.completed", session).money is None


async def test_a_pending_refund_is_accepted() -> None:
    def answering(asked: Asked) -> Told:
        session = {"id": "cs_1", "payment_intent": "pi_9"}
        return Told(json=session if asked.method == "GET" else STRIPE.refund("pending", uuid4()))

    async with stripe(answering) as (connector, _):
        outcome = await connector.refund(uuid4(), Paid("cs_1"), Money(Decimal(50), "EUR"))

    assert outcome == Accepted("re_1")
