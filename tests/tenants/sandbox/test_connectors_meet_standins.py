"""The product's own connectors against the stand-ins, over the wire: both were written from the
providers' documents, neither from the other.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from brokerage.kyc.connector import Document, Paper, Person, Side
from brokerage.kyc.connector import State as Verified
from brokerage.kyc.connectors.sumsub import Settings as SumsubSettings
from brokerage.kyc.connectors.sumsub import Sumsub
from brokerage.payments.connector import (
    EventKind,
    Hosted,
    Method,
    Order,
    Paid,
    Payer,
    Payout,
    State,
    ToBank,
    ToToken,
)
from brokerage.payments.connectors.hyperswitch import Hyperswitch
from brokerage.payments.connectors.hyperswitch import Settings as HyperswitchSettings
from brokerage.payments.connectors.stripe import Settings as StripeSettings
from brokerage.payments.connectors.stripe import Stripe
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Unknown
from stoa.kernel.money import Money
from support.checkers import Checker, photo
from support.patience import until
from support.shops import AlphaShop, BetaShop
from support.standins import Listener, Standin

EUROS = Money(Decimal("120.50"), "EUR")


@pytest.fixture(scope="module", params=["alpha", "beta"])
async def psp(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Standin]:
    standin = await Standin(request.param, tmp_path_factory.mktemp(request.param)).start()
    yield standin
    await standin.stop()


@pytest.fixture
async def hooks() -> AsyncIterator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def meeting(psp: Standin, hooks: Listener) -> AsyncIterator[tuple[Any, Any]]:
    """A merchant at the stand-in, and the connector configured for it."""
    lines = Lines(Egress({f"127.0.0.1:{psp.port}"}), limits=Limits(in_a_row=99))
    line = lines.of("t", psp.name)
    if psp.name == "alpha":
        shop: Any = AlphaShop(psp, hooks)
        await shop.open()
        keys = Keyring({"stripe.api_key": shop.key, "stripe.webhook": shop.secret})
        yield shop, Stripe(StripeSettings(base_url=psp.url, account=shop.id), keys, line)
    else:
        shop = BetaShop(psp, hooks)
        await shop.open()
        keys = Keyring({"hyperswitch.api_key": shop.key, "hyperswitch.webhook": shop.secret})
        told = HyperswitchSettings(base_url=psp.url, merchant=shop.id)
        yield shop, Hyperswitch(told, keys, line)
    await lines.egress.aclose()


def order(**fields: Any) -> Order:
    now = datetime.now(UTC)
    told: dict[str, Any] = {
        "id": uuid4(),
        "reference": "D-1",
        "money": EUROS,
        "method": Method.CARD,
        "payer": Payer(reference="c1", name="Ann", email="ann@example.com", country="IE"),
        "description": "Deposit",
        "return_url": "http://broker.example/back",
        "cancel_url": "http://broker.example/cancel",
        "created": now,
        "expires": now + timedelta(hours=1),
    }
    return Order(**(told | fields))


async def paid(shop: Any, connector: Any, **fields: Any) -> tuple[Order, str]:
    asked = order(**fields)
    page = await connector.create_deposit(asked)
    assert isinstance(page, Hosted), page
    assert page.url.startswith(shop.at.url)
    await shop.pay(page.url if shop.at.name == "beta" else page.reference)
    return asked, page.reference


async def test_the_connection_test_is_content(meeting: tuple[Any, Any]) -> None:
    _, connector = meeting

    assert [check.fine for check in await connector.test_connection()] == [True, True]


async def test_a_deposit_is_paid_polled_and_told(meeting: tuple[Any, Any]) -> None:
    shop, connector = meeting

    asked, reference = await paid(shop, connector)
    status = await connector.poll(reference)
    await shop.hooks.wait(1)
    got = shop.hooks.got[-1]
    events = connector.parse_callback(got.content, list(got.headers.items()), datetime.now(UTC))

    assert (status.state, status.money, status.our_id) == (State.SUCCEEDED, EUROS, str(asked.id))
    assert status.instrument.last4 == "4242"
    assert [(one.kind, one.state, one.money) for one in events] == [
        (EventKind.DEPOSIT, State.SUCCEEDED, EUROS)
    ]
    assert events[0].our_id == str(asked.id)


async def test_an_unpaid_deposit_is_withdrawn_and_a_paid_one_is_not(
    meeting: tuple[Any, Any],
) -> None:
    shop, connector = meeting
    page = await connector.create_deposit(order())
    _, reference = await paid(shop, connector)

    assert isinstance(await connector.cancel_deposit(page.reference), Confirmed)
    assert isinstance(await connector.cancel_deposit(reference), Refused)


async def test_technical_trouble_at_creation_lets_another_provider_take_over(
    meeting: tuple[Any, Any],
) -> None:
    shop, connector = meeting
    await shop.fault("decline_technical")

    refused = await connector.create_deposit(order())

    assert isinstance(refused, Refused)
    assert refused.technical


async def test_a_refund_goes_once_however_often_it_is_asked_for(meeting: tuple[Any, Any]) -> None:
    shop, connector = meeting
    _, reference = await paid(shop, connector)
    key = uuid4()

    first = await connector.refund(key, Paid(reference), Money(Decimal("20.50"), "EUR"))
    again = await connector.refund(key, Paid(reference), Money(Decimal("20.50"), "EUR"))

    assert isinstance(first, Accepted | Confirmed)
    assert isinstance(again, Accepted | Confirmed)

    async def done() -> bool:
        return (await connector.poll_refund(key, "", Paid(reference))).state is State.SUCCEEDED

    await until(done)
    assert [row["amount"] for row in (await shop.truth())["refunds"]] == [2_050]


def payout(shop: Any, token: str) -> Payout:
    to = ToToken(token=token) if shop.at.name == "alpha" else ToBank(country="IE", iban="IE1")
    return Payout(
        id=uuid4(),
        reference="W-1",
        money=Money(Decimal("50.00"), "EUR"),
        destination=to,
        payer=Payer(reference="c1", name="Ann"),
        description="Withdrawal",
    )


@pytest.mark.parametrize(
    "fault",
    ["", "error_500_after_apply", "connection_reset_after_apply", "wrong_json", "connection_reset"],
)
async def test_a_payout_goes_once_whatever_becomes_of_the_answer(
    meeting: tuple[Any, Any], fault: str
) -> None:
    shop, connector = meeting
    _, reference = await paid(shop, connector)
    wish = payout(shop, (await connector.poll(reference)).instrument.token)
    since = datetime.now(UTC)
    if fault:
        await shop.fault(fault, on="payouts")

    first = await connector.pay_out(wish)
    again = await connector.pay_out(wish)

    assert isinstance(first, Unknown if fault else Accepted | Confirmed), first
    assert isinstance(again, Accepted | Confirmed), again

    async def done() -> bool:
        return (await connector.poll_payout(wish.id, "", since)).state is State.SUCCEEDED

    await until(done)
    assert len((await shop.truth())["payouts"]) == 1


async def test_a_payout_goes_back_to_the_card_that_paid(meeting: tuple[Any, Any]) -> None:
    shop, connector = meeting
    _, reference = await paid(shop, connector)
    token = (await connector.poll(reference)).instrument.token
    wish = Payout(
        id=uuid4(),
        reference="W-2",
        money=Money(Decimal("50.00"), "EUR"),
        destination=ToToken(token=token),
        payer=Payer(reference="c1"),
        description="Withdrawal",
    )

    assert token
    assert isinstance(await connector.pay_out(wish), Accepted | Confirmed)


async def test_coins_that_are_too_few_go_to_review_with_what_came(
    meeting: tuple[Any, Any],
) -> None:
    shop, connector = meeting
    if shop.at.name == "alpha":
        pytest.skip("takes cards only")
    page = await connector.create_deposit(order(method=Method.CRYPTO))
    await shop.pay(page.url, coin="usdt-tron", paid="under")

    async def review() -> bool:
        return (await connector.poll(page.reference)).state is State.REVIEW

    await until(review)
    status = await connector.poll(page.reference)
    assert status.money.amount < EUROS.amount
    assert status.instrument.method is Method.CRYPTO


async def test_a_person_is_verified_with_a_photo_that_had_to_be_taken_again(
    tmp_path: Any, hooks: Listener
) -> None:
    standin = await Standin("sumsub", tmp_path / "state").start()
    checker = await Checker(standin, hooks).open()
    lines = Lines(Egress({f"127.0.0.1:{standin.port}"}), limits=Limits(in_a_row=99))
    keys = Keyring(
        {
            "sumsub.app_token": checker.token,
            "sumsub.secret_key": checker.key,
            "sumsub.webhook": checker.secret,
        }
    )
    told = SumsubSettings(base_url=standin.url, client=checker.id)
    connector = Sumsub(told, keys, lines.of("t", "sumsub"))
    ann = Person(
        reference="c-1",
        first_name="Ann",
        last_name="Ó Briain",
        born=date(1990, 5, 1),
        country="IE",
        nationality="GB",
        email="ann@example.com",
    )

    assert [check.fine for check in await connector.test_connection()] == [True, True]
    made = await connector.create_applicant(ann)
    again = await connector.create_applicant(ann)
    assert isinstance(made, Confirmed)
    assert made == again
    states = []
    for blurred in (True, False):
        paper = Document(
            paper=Paper.PASSPORT,
            side=Side.FRONT,
            country="IE",
            file_name="passport.jpg",
            media_type="image/jpeg",
            content=photo(blurred=blurred),
        )
        assert isinstance(await connector.add_document(made.reference, paper), Confirmed)
        assert isinstance(await connector.submit(made.reference), Confirmed)
        await hooks.wait(2 * len(states) + 2)
        got = hooks.got[-1]
        headers = list(got.headers.items())
        event = connector.parse_callback(got.content, headers, datetime.now(UTC))[0]
        result = await connector.fetch_result(made.reference)
        assert (event.applicant, event.our_id) == (made.reference, "c-1")
        assert event.state is result.state
        states.append(result.state)

    assert states == [Verified.REJECTED_RETRY, Verified.APPROVED]
    await lines.egress.aclose()
    await standin.stop()
