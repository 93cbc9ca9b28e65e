"""The payment connectors against the sandbox's providers, processes of their own on loopback."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from brokerage.payments.connector import (
    DisputeStage,
    Event,
    EventKind,
    Hosted,
    Method,
    Order,
    Paid,
    Payer,
    PaymentConnector,
    Payout,
    State,
    Status,
    ToBank,
    ToCrypto,
    ToToken,
)
from brokerage.payments.connectors import hyperswitch, stripe
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Refusing, Unknown
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound
from support.patience import until
from support.shops import AlphaShop, BetaShop
from support.standins import Listener, Shop, Standin

LOOSE = Limits(in_a_row=10_000, error_rate=2)


@pytest.fixture(scope="module")
async def alpha(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Standin]:
    standin = await Standin("alpha", tmp_path_factory.mktemp("alpha")).start()
    yield standin
    assert await standin.stop() == 0


@pytest.fixture(scope="module")
async def beta(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Standin]:
    standin = await Standin("beta", tmp_path_factory.mktemp("beta")).start()
    yield standin
    assert await standin.stop() == 0


@pytest.fixture
async def hooks() -> AsyncGenerator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def card(alpha: Standin, hooks: Listener) -> AsyncGenerator[tuple[AlphaShop, stripe.Stripe]]:
    shop = AlphaShop(alpha, hooks)
    await shop.open(enabled_events=["*"])
    lines = Lines(Egress({f"127.0.0.1:{alpha.port}"}), limits=LOOSE)
    settings = stripe.Settings(base_url=alpha.url)
    keys = Keyring({"stripe.api_key": shop.key, "stripe.webhook": shop.secret})
    yield shop, stripe.Stripe(settings, keys, lines.of("t", "stripe"))
    await lines.egress.aclose()


@pytest.fixture
async def router(
    beta: Standin, hooks: Listener
) -> AsyncGenerator[tuple[BetaShop, hyperswitch.Hyperswitch]]:
    shop = BetaShop(beta, hooks)
    await shop.open()
    lines = Lines(Egress({f"127.0.0.1:{beta.port}"}), limits=LOOSE)
    settings = hyperswitch.Settings(base_url=beta.url, merchant=shop.id)
    keys = Keyring({"hyperswitch.api_key": shop.key, "hyperswitch.webhook": shop.secret})
    yield shop, hyperswitch.Hyperswitch(settings, keys, lines.of("t", "hyperswitch"))
    await lines.egress.aclose()


def an_order(money: str = "500.00 EUR", method: Method = Method.CARD) -> Order:
    amount, currency = money.split()
    now = datetime.now(UTC)
    return Order(
        id=uuid4(),
        reference="D-7K3M-9QXR",
        money=Money(Decimal(amount), currency),
        method=method,
        payer=Payer(reference="c1", name="Ann Example", email="ann@example.com", country="IE"),
        description="Deposit",
        return_url="https://broker.example/back",
        cancel_url="https://broker.example/cancel",
        created=now,
        expires=now + timedelta(hours=2),
    )


def a_payout(destination: Any, money: str = "200.00 EUR") -> Payout:
    amount, currency = money.split()
    return Payout(
        id=uuid4(),
        reference="W-7K3M-9QXR",
        money=Money(Decimal(amount), currency),
        destination=destination,
        payer=Payer(reference="c1", name="Ann Example"),
        description="Withdrawal",
    )


async def asked(connector: PaymentConnector, order: Order) -> Hosted:
    hosted = await connector.create_deposit(order)
    assert isinstance(hosted, Hosted), hosted
    return hosted


def heard(shop: Shop, connector: PaymentConnector) -> list[Event]:
    """Every callback that came, checked and read by the connector."""
    now = datetime.now(UTC)
    found: list[Event] = []
    for one in shop.hooks.got:
        found += connector.parse_callback(one.content, list(one.headers.items()), now)
    return found


def proven(shop: Shop, connector: PaymentConnector) -> list[bool]:
    """Of every callback that came, whether it proves who sent it."""
    found = []
    for one in shop.hooks.got:
        try:
            connector.parse_callback(one.content, list(one.headers.items()), datetime.now(UTC))
            found.append(True)
        except Forged:
            found.append(False)
    return found


async def hears(shop: Shop, connector: PaymentConnector, raw: str) -> Event:
    def came() -> bool:
        return any(event.raw == raw for event in heard(shop, connector))

    await until(came)
    return next(event for event in heard(shop, connector) if event.raw == raw)


async def settles(connector: PaymentConnector, payout: Payout, reference: str) -> Status:
    since = datetime.now(UTC) - timedelta(minutes=5)
    for _ in range(6_000):
        status = await connector.poll_payout(payout.id, reference, since)
        if not status.state.open:
            return status
        await asyncio.sleep(0.02)
    raise AssertionError("the payout never ended")


# Alpha, which speaks Stripe


@pytest.mark.parametrize("money", ["500.00 EUR", "5000 JPY", "12.340 KWD", "500 ISK"])
async def test_a_card_deposit_is_paid_and_told(
    card: tuple[AlphaShop, stripe.Stripe], money: str
) -> None:
    shop, connector = card
    order = an_order(money)
    hosted = await asked(connector, order)
    assert (await connector.poll(hosted.reference)).state is State.CREATED

    assert (await shop.pay(hosted.reference))["status"] == "paid"

    event = await hears(shop, connector, "checkout.session.completed")
    assert (event.kind, event.state) == (EventKind.DEPOSIT, State.SUCCEEDED)
    assert (event.reference, event.our_id) == (hosted.reference, str(order.id))
    assert event.money == order.money
    status = await connector.poll(hosted.reference)
    assert (status.state, status.money) == (State.SUCCEEDED, order.money)
    assert status.instrument is not None
    assert status.instrument.last4 == "4242"
    assert status.instrument.token.startswith("pm_")
    (truth,) = [one for one in (await shop.truth())["payments"] if one["paid"]]
    assert truth["metadata"]["id"] == str(order.id)


async def test_asking_again_for_a_deposit_makes_no_second_session(
    card: tuple[AlphaShop, stripe.Stripe],
) -> None:
    shop, connector = card
    order = an_order()
    await shop.fault("error_500_after_apply")

    lost = await connector.create_deposit(order)
    again = await asyncio.gather(*(connector.create_deposit(order) for _ in range(3)))

    assert isinstance(lost, Refused)
    assert lost.technical
    assert len({one.reference for one in again if isinstance(one, Hosted)}) == 1


async def test_a_declined_card_says_whether_another_provider_may_try(
    card: tuple[AlphaShop, stripe.Stripe],
) -> None:
    shop, connector = card
    hosted = await asked(connector, an_order())

    await shop.fault("decline_technical")
    assert (await shop.pay(hosted.reference))["status"] == "declined"
    event = await hears(shop, connector, "payment_intent.payment_failed")

    assert (event.state, event.decline) == (State.PENDING, Refusing.TECHNICAL)
    shop.hooks.got.clear()
    await shop.fault("decline_hard")
    assert (await shop.pay(hosted.reference))["status"] == "declined"
    event = await hears(shop, connector, "payment_intent.payment_failed")
    assert event.decline is Refusing.HARD
    assert (await connector.poll(hosted.reference)).state is State.CREATED


async def test_a_session_that_cannot_be_made_lets_another_provider_try(
    card: tuple[AlphaShop, stripe.Stripe],
) -> None:
    shop, connector = card
    await shop.fault("decline_technical")

    refused = await connector.create_deposit(an_order())
    wrong = await connector.create_deposit(an_order("0.10 EUR"))

    assert isinstance(refused, Refused)
    assert refused.technical
    assert isinstance(wrong, Refused)
    assert not wrong.technical


async def test_a_closed_session_cannot_be_paid(card: tuple[AlphaShop, stripe.Stripe]) -> None:
    shop, connector = card
    hosted = await asked(connector, an_order())

    assert await connector.cancel_deposit(hosted.reference) == Confirmed(hosted.reference)

    assert (await shop.pay(hosted.reference))["status"] == "expired"
    assert (await connector.poll(hosted.reference)).state is State.EXPIRED
    assert (await hears(shop, connector, "checkout.session.expired")).state is State.EXPIRED
    assert isinstance(await connector.cancel_deposit(hosted.reference), Refused)


async def test_money_goes_back_and_is_disputed(card: tuple[AlphaShop, stripe.Stripe]) -> None:
    shop, connector = card
    hosted = await asked(connector, an_order())
    await shop.pay(hosted.reference)
    refund = uuid4()

    for _ in range(2):  # the second is the same refund
        outcome = await connector.refund(refund, Paid(hosted.reference), Money(Decimal(200), "EUR"))
        assert isinstance(outcome, Accepted)
    await until(lambda: any(one.raw == "refund.updated" for one in heard(shop, connector)))

    assert (
        await connector.poll_refund(refund, outcome.reference, Paid("x"))
    ).state is State.SUCCEEDED
    assert (await connector.poll_refund(refund, "", Paid("x"))).reference == outcome.reference
    assert (await connector.poll(hosted.reference)).state is State.PART_REFUNDED
    too_much = await connector.refund(uuid4(), Paid(hosted.reference), Money(Decimal(400), "EUR"))
    assert isinstance(too_much, Refused)
    await shop.at.control("dispute", session=hosted.reference)
    event = await hears(shop, connector, "charge.dispute.created")
    assert (event.kind, event.stage) == (EventKind.DISPUTE, DisputeStage.CHARGEBACK)
    assert event.payment.startswith("pi_")


async def test_a_payout_to_the_card_of_a_deposit_arrives_once(
    card: tuple[AlphaShop, stripe.Stripe],
) -> None:
    shop, connector = card
    hosted = await asked(connector, an_order())
    await shop.pay(hosted.reference)
    instrument = (await connector.poll(hosted.reference)).instrument
    assert instrument is not None
    payout = a_payout(ToToken(token=instrument.token))

    first = await connector.pay_out(payout)
    second = await connector.pay_out(payout)

    assert isinstance(first, Accepted)
    assert first == second
    status = await settles(connector, payout, first.reference)
    assert (status.state, status.our_id) == (State.SUCCEEDED, str(payout.id))
    event = await hears(shop, connector, "payout.paid")
    assert (event.our_id, event.state) == (str(payout.id), State.SUCCEEDED)
    assert len((await shop.truth())["payouts"]) == 1


async def test_a_payout_whose_answer_was_lost_is_found_and_not_sent_again(
    card: tuple[AlphaShop, stripe.Stripe],
) -> None:
    shop, connector = card
    payout = a_payout(ToToken(token="ba_1"))
    since = datetime.now(UTC)
    await shop.fault("connection_reset_after_apply")

    lost = await connector.pay_out(payout)

    assert isinstance(lost, Unknown)
    found = await connector.poll_payout(payout.id, "", since)
    assert found.our_id == str(payout.id)
    again = await connector.pay_out(payout)
    assert isinstance(again, Accepted)
    assert again.reference == found.reference
    assert len((await shop.truth())["payouts"]) == 1
    with pytest.raises(NotFound):
        await connector.poll_payout(uuid4(), "", since)


async def test_an_empty_merchant_account_sends_the_payout_elsewhere(
    card: tuple[AlphaShop, stripe.Stripe],
) -> None:
    shop, connector = card
    await shop.fault("balance_insufficient")

    outcome = await connector.pay_out(a_payout(ToToken(token="ba_1")))

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.technical) == ("balance_insufficient", True)
    assert all(check.fine for check in await connector.test_connection())


# Beta, which speaks Hyperswitch


async def test_a_card_payment_link_is_paid_and_told(
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
) -> None:
    shop, connector = router
    order = an_order("500.00 EUR")
    hosted = await asked(connector, order)
    assert await asked(connector, order) == hosted

    assert (await shop.pay(hosted.reference))["status"] == "succeeded"

    event = await hears(shop, connector, "payment_succeeded")
    assert (event.kind, event.state) == (EventKind.DEPOSIT, State.SUCCEEDED)
    assert (event.reference, event.our_id) == (hosted.reference, str(order.id))
    assert event.money == order.money
    status = await connector.poll(hosted.reference)
    assert (status.state, status.money) == (State.SUCCEEDED, order.money)
    assert status.instrument is not None
    assert status.instrument.last4 == "4242"
    assert len((await shop.truth())["payments"]) == 1


@pytest.mark.parametrize(
    ("paid", "state", "money"),
    [
        ("exact", State.SUCCEEDED, "500.00"),
        ("under", State.REVIEW, "300.00"),
        ("over", State.REVIEW, "625.00"),
        ("late", State.REVIEW, "500.00"),
    ],
)
async def test_crypto_that_came_otherwise_is_for_review_with_what_came(
    router: tuple[BetaShop, hyperswitch.Hyperswitch], paid: str, state: State, money: str
) -> None:
    shop, connector = router
    hosted = await asked(connector, an_order("500.00 USD", Method.CRYPTO))
    assert (await connector.poll(hosted.reference)).state is State.CREATED

    await shop.pay(hosted.reference, coin="usdt-tron", paid=paid)

    async def over() -> bool:
        return (await connector.poll(hosted.reference)).state.money_came

    await until(over)
    status = await connector.poll(hosted.reference)
    assert status.state is state
    assert status.money is not None
    assert abs(status.money.amount - Decimal(money)) <= Decimal("0.01")
    assert status.instrument is not None
    assert (status.instrument.method, status.instrument.network) == (Method.CRYPTO, "tron")


@pytest.mark.parametrize(
    ("kind", "decline"),
    [("decline_technical", Refusing.TECHNICAL), ("decline_hard", Refusing.HARD)],
)
async def test_a_declined_payment_is_over_and_says_of_what_kind(
    router: tuple[BetaShop, hyperswitch.Hyperswitch], kind: str, decline: Refusing
) -> None:
    shop, connector = router
    hosted = await asked(connector, an_order())
    await shop.fault(kind)

    assert (await shop.pay(hosted.reference))["status"] == "failed"

    event = await hears(shop, connector, "payment_failed")
    assert (event.state, event.decline) == (State.FAILED, decline)


@pytest.mark.parametrize(
    "destination",
    [
        ToBank(country="DE", iban="DE89370400440532013000"),
        ToCrypto(address="TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE", network="tron", asset="USDT"),
    ],
)
async def test_a_payout_arrives_once_however_often_it_is_sent(
    router: tuple[BetaShop, hyperswitch.Hyperswitch], destination: Any
) -> None:
    shop, connector = router
    payout = a_payout(destination)
    since = datetime.now(UTC)
    await shop.fault("connection_reset_after_apply")

    lost = await connector.pay_out(payout)
    found = await connector.poll_payout(payout.id, "", since)
    again = await connector.pay_out(payout)

    assert isinstance(lost, Unknown)
    assert isinstance(again, Accepted | Confirmed)
    assert again.reference == found.reference
    status = await settles(connector, payout, "")
    assert (status.state, status.our_id) == (State.SUCCEEDED, str(payout.id))
    assert (await hears(shop, connector, "payout_success")).our_id == str(payout.id)
    assert len((await shop.truth())["payouts"]) == 1


async def test_a_payout_that_never_reached_them_is_not_there(
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
) -> None:
    shop, connector = router
    payout = a_payout(ToBank(country="DE", iban="DE89370400440532013000"))
    await shop.fault("connection_reset")

    assert isinstance(await connector.pay_out(payout), Unknown)

    with pytest.raises(NotFound):
        await connector.poll_payout(payout.id, "", datetime.now(UTC))


async def test_a_returned_payout_is_told_apart_from_a_failed_one(
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
) -> None:
    shop, connector = router
    payout = a_payout(ToBank(country="DE", iban="DE89370400440532013000"))
    sent = await connector.pay_out(payout)
    assert isinstance(sent, Accepted)
    await settles(connector, payout, sent.reference)

    await shop.at.control(f"payouts/{sent.reference}/fail")

    status = await connector.poll_payout(payout.id, sent.reference, datetime.now(UTC))
    assert status.state is State.RETURNED
    assert (await hears(shop, connector, "payout_reversed")).state is State.RETURNED


async def test_a_payment_s_money_goes_back_once(
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
) -> None:
    shop, connector = router
    hosted = await asked(connector, an_order())
    await shop.pay(hosted.reference)
    refund = uuid4()

    outcomes = [
        await connector.refund(refund, Paid(hosted.reference), Money(Decimal(200), "EUR"))
        for _ in range(2)
    ]

    assert all(isinstance(one, Accepted | Confirmed) for one in outcomes)
    event = await hears(shop, connector, "refund_succeeded")
    assert (event.kind, event.our_id, event.payment) == (
        EventKind.REFUND,
        str(refund),
        hosted.reference,
    )
    assert len((await shop.truth())["refunds"]) == 1
    await shop.at.control("dispute", payment_id=hosted.reference)
    dispute = await hears(shop, connector, "dispute_opened")
    assert (dispute.stage, dispute.payment) == (DisputeStage.CHARGEBACK, hosted.reference)
    assert all(check.fine for check in await connector.test_connection())


async def test_a_cancelled_payment_cannot_be_paid(
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
) -> None:
    shop, connector = router
    hosted = await asked(connector, an_order())

    assert await connector.cancel_deposit(hosted.reference) == Confirmed(hosted.reference)

    assert (await shop.pay(hosted.reference))["status"] == "cancelled"
    assert (await connector.poll(hosted.reference)).state is State.CANCELLED


# What providers' callbacks may suffer


@pytest.mark.parametrize("fault", ["callback_forged", "callback_unsigned"])
async def test_of_a_callback_and_its_forgery_only_one_counts(
    card: tuple[AlphaShop, stripe.Stripe],
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
    fault: str,
) -> None:
    both: tuple[tuple[Shop, PaymentConnector], ...] = (card, router)
    for shop, connector in both:
        hosted = await asked(connector, an_order())
        shop.hooks.got.clear()
        await shop.fault(fault, count=10)
        await shop.at.http.post(
            "/_sandbox/pay", json={"session": hosted.reference, "payment_id": hosted.reference}
        )

        await until(
            lambda shop=shop, connector=connector: {*proven(shop, connector)} == {True, False}
        )


@pytest.mark.parametrize(
    ("fault", "differs"),
    [
        ("callback_mutated_amount", "money"),
        ("callback_mutated_currency", "money"),
        ("callback_other_reference", "our_id"),
    ],
)
async def test_a_genuine_callback_with_wrong_data_is_seen_through_by_asking(
    card: tuple[AlphaShop, stripe.Stripe],
    router: tuple[BetaShop, hyperswitch.Hyperswitch],
    fault: str,
    differs: str,
) -> None:
    both: tuple[tuple[Shop, PaymentConnector, str], ...] = (
        (*card, "checkout.session.completed"),
        (*router, "payment_succeeded"),
    )
    for shop, connector, raw in both:
        await asked(connector, an_order())  # somebody else's
        order = an_order()
        hosted = await asked(connector, order)
        shop.hooks.got.clear()
        await shop.fault(fault, count=10)
        await shop.at.http.post(
            "/_sandbox/pay", json={"session": hosted.reference, "payment_id": hosted.reference}
        )
        event = await hears(shop, connector, raw)
        status = await connector.poll(hosted.reference)

        assert event.reference == hosted.reference
        told = event.money != order.money if differs == "money" else event.our_id != str(order.id)
        assert told
        assert (status.our_id, status.money) == (str(order.id), order.money)
