import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from brokerage.payments.connector import (
    DisputeStage,
    EventKind,
    Hosted,
    Method,
    Order,
    Payer,
    Payout,
    State,
    ToBank,
    ToCrypto,
    ToToken,
)
from brokerage.payments.connectors.hyperswitch import Hyperswitch, Settings, shapes
from brokerage.payments.connectors.hyperswitch.calls import DUPLICATE, their_id
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Refusing, Unknown
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from support.outside import Asked, Outside, Told, outside
from support.psp_scripts import AT, HYPERSWITCH, signed

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def hyperswitch(
    answering: Callable[[Asked], Told],
) -> AsyncGenerator[tuple[Hyperswitch, Outside]]:
    async with outside(answering) as world:
        lines = Lines(Egress({world.place}))
        settings = Settings(base_url=world.url, merchant="merchant_1", profile="pro_1")
        keys = Keyring(HYPERSWITCH.secrets)
        yield Hyperswitch(settings, keys, lines.of("t", "hyperswitch")), world
        await lines.egress.aclose()


def an_order(money: str, method: Method = Method.CARD) -> Order:
    amount, currency = money.split()
    return Order(
        id=uuid4(),
        reference="D-1",
        money=Money(Decimal(amount), currency),
        method=method,
        payer=Payer(reference="c1", name="Ann", email="ann@example.com"),
        description="Deposit",
        return_url="https://broker.example/back",
        cancel_url="https://broker.example/cancel",
        created=CREATED,
        expires=CREATED + timedelta(hours=1),
    )


def a_payout(destination: Any) -> Payout:
    return Payout(
        id=uuid4(),
        reference="W-1",
        money=Money(Decimal("50.00"), "EUR"),
        destination=destination,
        payer=Payer(reference="c1", name="Ann"),
        description="Withdrawal",
    )


def test_their_id_is_thirty_characters_and_ours_alone() -> None:
    one = UUID("0192f0c1-2345-7abc-8def-0123456789ab")

    key = their_id("pay_", one)

    assert (len(key), key) == (30, "pay_agjpbqjdiv5lzdppaerukz4jvm")
    assert their_id("pay_", uuid4()) != key


@pytest.mark.parametrize(
    ("money", "minor"), [("10.50 EUR", 1050), ("500 JPY", 500), ("1.230 KWD", 1230)]
)
async def test_a_payment_says_who_what_and_until_when(money: str, minor: int) -> None:
    async with hyperswitch(HYPERSWITCH.page) as (connector, world):
        order = an_order(money)
        hosted = await connector.create_deposit(order)

        body = world.asked[0].json()
        assert (body["amount"], body["currency"]) == (minor, money.split()[1])
        assert (body["payment_id"], body["profile_id"]) == (their_id("pay_", order.id), "pro_1")
        assert body["allowed_payment_method_types"] == ["credit", "debit"]
        assert (body["session_expiry"], body["payment_link"]) == (3600, True)
        assert body["merchant_order_reference_id"] == "D-1"
        assert isinstance(hosted, Hosted)


async def test_crypto_is_asked_for_as_crypto() -> None:
    async with hyperswitch(HYPERSWITCH.page) as (connector, world):
        await connector.create_deposit(an_order("100 USD", Method.CRYPTO))
        refused = await connector.create_deposit(an_order("100 USD", Method.WALLET))

        assert world.asked[0].json()["allowed_payment_method_types"] == ["crypto_currency"]
        assert isinstance(refused, Refused)
        assert len(world.asked) == 1


async def test_a_payment_asked_for_twice_is_the_one_that_exists() -> None:
    order = an_order("100.50 EUR")

    def answering(asked: Asked) -> Told:
        if asked.method == "POST":
            return HYPERSWITCH.refusal(400, DUPLICATE)
        return Told(json=HYPERSWITCH.deposit("created", order.id))

    async with hyperswitch(answering) as (connector, world):
        hosted = await connector.create_deposit(order)

        assert isinstance(hosted, Hosted)
        assert world.asked[1].path == f"/payments/{their_id('pay_', order.id)}"


async def test_a_payout_sent_twice_is_the_one_that_exists() -> None:
    payout = a_payout(ToBank(country="IE", iban="IE1"))
    for state, due in (("pending", Accepted("pyt_1")), ("succeeded", Confirmed("pyt_1"))):

        def answering(asked: Asked, state: str = state) -> Told:
            if asked.method == "POST":
                return HYPERSWITCH.refusal(400, DUPLICATE)
            return Told(json=HYPERSWITCH.payout(state, payout.id))

        async with hyperswitch(answering) as (connector, _):
            assert await connector.pay_out(payout) == due


async def test_a_payout_that_exists_but_cannot_be_read_is_unknown() -> None:
    def answering(asked: Asked) -> Told:
        return HYPERSWITCH.refusal(400 if asked.method == "POST" else 503, DUPLICATE)

    async with hyperswitch(answering) as (connector, _):
        assert isinstance(await connector.pay_out(a_payout(ToToken(token="t"))), Unknown)


@pytest.mark.parametrize(
    ("to", "kind", "inside"),
    [
        (
            ToBank(country="IE", iban="IE29", bic="AIBKIE2D", bank_name="AIB"),
            "bank",
            {
                "bank": {
                    "bank_name": "AIB",
                    "bank_country_code": "IE",
                    "iban": "IE29",
                    "bic": "AIBKIE2D",
                }
            },
        ),
        (
            ToCrypto(address="T1", network="tron", asset="USDT"),
            "crypto",
            {"crypto": {"address": "T1", "network": "tron", "currency": "USDT"}},
        ),
    ],
)
async def test_money_goes_where_the_client_said(to: Any, kind: str, inside: Any) -> None:
    payout = a_payout(to)
    async with hyperswitch(lambda _: Told(json=HYPERSWITCH.payout("pending", payout.id))) as (
        connector,
        world,
    ):
        await connector.pay_out(payout)

        body = world.asked[0].json()
        assert (body["payout_type"], body["payout_method_data"]) == (kind, inside)
        assert (body["confirm"], body["auto_fulfill"], body["amount"]) == (True, True, 5000)
        assert body["payout_id"] == their_id("pyt_", payout.id)


async def test_after_an_unknown_outcome_our_own_id_finds_the_payout() -> None:
    payout = uuid4()
    found = Told(json=HYPERSWITCH.payout("succeeded", payout))
    async with hyperswitch(lambda _: found) as (connector, world):
        status = await connector.poll_payout(payout, "", CREATED)

        assert status.state is State.SUCCEEDED
        assert world.asked[0].path == f"/payouts/{their_id('pyt_', payout)}"


@pytest.mark.parametrize(
    ("status", "received", "state", "money"),
    [
        ("requires_payment_method", None, State.CREATED, "100.50"),
        ("requires_customer_action", None, State.PENDING, "100.50"),
        ("processing", 0, State.PENDING, "100.50"),
        ("requires_merchant_action", 6030, State.REVIEW, "60.30"),
        ("requires_merchant_action", None, State.PENDING, "100.50"),
        ("partially_captured", 5000, State.REVIEW, "50.00"),
        ("succeeded", 10050, State.SUCCEEDED, "100.50"),
        ("succeeded", 20100, State.SUCCEEDED, "201.00"),
        ("failed", None, State.FAILED, "100.50"),
        ("cancelled", None, State.CANCELLED, "100.50"),
        ("expired", None, State.EXPIRED, "100.50"),
        ("something_new", None, State.PENDING, "100.50"),
    ],
)
def test_statuses_become_neutral_and_money_is_what_came(
    status: str, received: int | None, state: State, money: str
) -> None:
    told = HYPERSWITCH.deposit("created", uuid4()) | {
        "status": status,
        "amount_received": received,
    }

    read = shapes.payment(told)

    assert (read.state, read.money) == (state, Money(Decimal(money), "EUR"))


def test_a_failed_payment_says_whether_another_provider_may_try() -> None:
    for code, due in (("processing_error", Refusing.TECHNICAL), ("do_not_honor", Refusing.HARD)):
        told = HYPERSWITCH.deposit("created", uuid4()) | {"status": "failed", "error_code": code}

        assert shapes.payment(told).decline is due


def test_a_reversed_payout_came_back() -> None:
    told = HYPERSWITCH.payout("succeeded", uuid4()) | {"status": "reversed"}

    assert shapes.payout(told).state is State.RETURNED


def test_a_dispute_names_its_payment_and_stage() -> None:
    body = {
        "merchant_id": "merchant_1",
        "event_id": "e1",
        "event_type": "dispute_opened",
        "timestamp": "2026-01-01T00:00:00Z",
        "content": {
            "type": "dispute_details",
            "object": {
                "dispute_id": "dp_1",
                "payment_id": "pay_1",
                "amount": "10050",
                "currency": "EUR",
                "dispute_status": "dispute_lost",
                "connector_reason": "fraudulent",
            },
        },
    }

    (event,) = shapes.events(json.dumps(body).encode(), "merchant_1")

    assert (event.kind, event.stage, event.payment) == (
        EventKind.DISPUTE,
        DisputeStage.LOST,
        "pay_1",
    )
    assert event.money == Money(Decimal("100.50"), "EUR")


async def test_a_genuine_callback_of_another_merchant_is_refused() -> None:
    event = HYPERSWITCH.paid_event(uuid4(), "e1") | {"merchant_id": "merchant_2"}
    raw, headers = signed(HYPERSWITCH, event)
    async with hyperswitch(HYPERSWITCH.page) as (connector, _):
        with pytest.raises(Forged):
            connector.parse_callback(raw, headers, datetime.fromtimestamp(AT, UTC))


async def test_a_payment_is_cancelled_so_that_it_cannot_be_paid_later() -> None:
    async with hyperswitch(lambda _: Told(json={"status": "cancelled"})) as (connector, world):
        assert await connector.cancel_deposit("pay_1") == Confirmed("pay_1")
        assert world.asked[0].path == "/payments/pay_1/cancel"
