"""What the two connectors of the demo keep to, answer by answer; the contract of all is next door."""

import itertools
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from brokerage.payments.connector import (
    EventKind,
    Hosted,
    Method,
    Order,
    Paid,
    Payer,
    PaymentConnector,
    Payout,
    State,
    ToBank,
    ToToken,
    join,
)
from brokerage.payments.connectors import ALL, named
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring, secret_fields
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Unknown
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Unavailable
from support.forging import forged
from support.outside import Asked, Outside, Told, outside
from support.psp_scripts import AT, KEY, SCRIPTS, SECRET, Script, signed

NOW = datetime.fromtimestamp(AT, UTC)
EVERY = pytest.mark.parametrize(
    "kind", [kind for kind in ALL if kind.code in SCRIPTS], ids=lambda kind: kind.code
)
Kind = type[PaymentConnector]


def made(kind: Kind, line: Any, **secrets: Any) -> PaymentConnector:
    script = SCRIPTS[kind.code]
    settings = msgspec.convert(script.settings, kind.settings_type)
    return kind(settings, Keyring(script.secrets | secrets), line)


@asynccontextmanager
async def talking(
    kind: Kind, answering: Callable[[Asked], Told]
) -> AsyncGenerator[tuple[PaymentConnector, Outside]]:
    async with outside(answering) as world:
        lines = Lines(Egress({world.place}), limits=Limits(in_a_row=99))
        script = SCRIPTS[kind.code]
        told = script.settings | {"base_url": world.url}
        settings = msgspec.convert(told, kind.settings_type)
        yield kind(settings, Keyring(script.secrets), lines.of("t", kind.code)), world
        await lines.egress.aclose()


@asynccontextmanager
async def parsing(kind: Kind, **secrets: Any) -> AsyncGenerator[PaymentConnector]:
    lines = Lines(Egress())
    yield made(kind, lines.of("t", kind.code), **secrets)
    await lines.egress.aclose()


def an_order(**fields: Any) -> Order:
    told = {
        "id": uuid4(),
        "reference": "D-1",
        "money": Money(Decimal("100.50"), "EUR"),
        "method": Method.CARD,
        "payer": Payer(reference="c1", name="Ann", email="ann@example.com", country="IE"),
        "description": "Deposit",
        "return_url": "https://broker.example/back",
        "cancel_url": "https://broker.example/cancel",
        "created": NOW,
        "expires": NOW + timedelta(hours=1),
    }
    return Order(**(told | fields))


def a_payout(kind: Kind) -> Payout:
    to = ToToken(token="pm_1") if kind.code == "stripe" else ToBank(country="IE", iban="IE1")
    return Payout(
        id=uuid4(),
        reference="W-1",
        money=Money(Decimal("50.00"), "EUR"),
        destination=to,
        payer=Payer(reference="c1", name="Ann"),
        description="Withdrawal",
    )


@EVERY
def test_a_connector_states_what_it_is(kind: Kind) -> None:
    assert named(kind.code) is kind
    assert kind.label
    assert len(secret_fields(kind.settings_type)) >= 2
    defaults = msgspec.structs.fields(kind.settings_type)
    assert {field.name for field in defaults} >= {"base_url", "api_key", "webhook_secret"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"no_such_setting": 1}, kind.settings_type)


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in ALL}) == len(ALL)
    with pytest.raises(NotFound):
        named("nobody")


@EVERY
async def test_what_it_can_do_is_told_for_the_router(kind: Kind) -> None:
    async with parsing(kind) as connector:
        able = connector.capabilities

        assert able.deposit(Method.CARD, Money(Decimal(100), "EUR"), "IE")
        assert not able.deposit(Method.CARD, Money(Decimal(100), "BTC"))
        assert able.refunds
        assert able.idempotent_s >= 86_400
        assert connector.identity.startswith(kind.code + "|")


@EVERY
async def test_a_deposit_becomes_a_page_and_repeats_as_the_same_call(kind: Kind) -> None:
    script = SCRIPTS[kind.code]
    order = an_order()
    async with talking(kind, script.page) as (connector, world):
        first = await connector.create_deposit(order)
        second = await connector.create_deposit(order)
        other = await connector.create_deposit(an_order())

        assert isinstance(first, Hosted)
        assert first == second
        assert first.reference == script.reference
        assert first.url.startswith("https://")
        assert isinstance(other, Hosted)
        bodies = [(script.key_of(asked), asked.body) for asked in world.asked]
        assert bodies[0] == bodies[1]
        assert bodies[0][0] != bodies[2][0]
        assert KEY in str(world.asked[0].headers)
        assert KEY not in world.asked[0].target


@EVERY
async def test_an_amount_too_fine_for_its_currency_is_never_sent(kind: Kind) -> None:
    async with talking(kind, SCRIPTS[kind.code].page) as (connector, world):
        for money in (Money(Decimal("1.005"), "EUR"), Money(Decimal("100.5"), "JPY")):
            refused = await connector.create_deposit(an_order(money=money))
            assert isinstance(refused, Refused)

        assert world.asked == []


@EVERY
async def test_a_page_that_never_came_lets_another_provider_try(kind: Kind) -> None:
    script = SCRIPTS[kind.code]
    for told in (
        Told(silent=False, raw=b"<html>", status=200),
        Told(raw=b"{}", cut=True),
        Told(json=[]),
        Told(json={}),
        script.refusal(500, "api_error"),
        script.refusal(401, "bad-key"),
        script.refusal(429, "rate_limit"),
    ):
        async with talking(kind, lambda _, told=told: told) as (connector, _):
            outcome = await connector.create_deposit(an_order())

        assert isinstance(outcome, Refused)
        assert outcome.technical


@EVERY
async def test_a_request_that_is_refused_for_good_says_so(kind: Kind) -> None:
    script = SCRIPTS[kind.code]
    async with talking(kind, lambda _: script.refusal(400, script.hard_code)) as (connector, _):
        outcome = await connector.create_deposit(an_order())

    assert isinstance(outcome, Refused)
    assert (outcome.technical, outcome.code) == (False, script.hard_code)


@EVERY
@pytest.mark.parametrize("state", ["created", "pending", "succeeded", "expired"])
async def test_polling_tells_the_neutral_state(kind: Kind, state: str) -> None:
    order = uuid4()
    found = SCRIPTS[kind.code].deposit(state, order)
    async with talking(kind, lambda _: Told(json=found)) as (connector, world):
        status = await connector.poll("ref/../1?x=")

        assert status.state is State(state)
        assert status.our_id == str(order)
        assert status.money == Money(Decimal("100.50"), "EUR")
        assert "ref%2F..%2F1%3Fx%3D" in world.asked[0].target
        if state == "succeeded":
            assert status.instrument is not None
            assert (status.instrument.last4, status.instrument.holder) == ("4242", "Ann Example")


@EVERY
async def test_an_unknown_status_means_pending(kind: Kind) -> None:
    found = SCRIPTS[kind.code].deposit("created", uuid4()) | {"status": "brand_new_status"}
    async with talking(kind, lambda _: Told(json=found)) as (connector, _):
        assert (await connector.poll("x")).state.open


@EVERY
async def test_polling_what_is_not_there_differs_from_silence(kind: Kind) -> None:
    script = SCRIPTS[kind.code]
    async with talking(kind, lambda _: script.refusal(404, "gone")) as (connector, _):
        with pytest.raises(NotFound):
            await connector.poll("x")
    async with talking(kind, lambda _: script.refusal(503, "later")) as (connector, _):
        with pytest.raises(Unavailable):
            await connector.poll("x")


@EVERY
async def test_a_payout_is_accepted_confirmed_refused_or_unknown(kind: Kind) -> None:
    script, payout = SCRIPTS[kind.code], a_payout(kind)
    cases = [
        (Told(json=script.payout("pending", payout.id)), Accepted),
        (Told(json=script.payout("succeeded", payout.id)), Confirmed),
        (Told(json=script.payout("failed", payout.id)), Refused),
        (script.refusal(400, script.hard_code), Refused),
        (script.refusal(500, "api_error"), Unknown),
        (script.refusal(503, "api_error"), Unknown),
        (Told(raw=b"<html>"), Unknown),
        (Told(json={}), Unknown),
        (Told(raw=b"x" * 50, cut=True), Unknown),
    ]
    for told, due in cases:
        async with talking(kind, lambda _, told=told: told) as (connector, world):
            outcome = await connector.pay_out(payout)

            assert isinstance(outcome, due), (told, outcome)
            assert len([one for one in world.asked if one.method == "POST"]) == 1


@EVERY
async def test_a_payout_that_lacks_the_merchant_s_money_may_go_elsewhere(kind: Kind) -> None:
    script = SCRIPTS[kind.code]
    told = script.refusal(400, script.technical_code)
    async with talking(kind, lambda _: told) as (connector, _):
        outcome = await connector.pay_out(a_payout(kind))

    assert isinstance(outcome, Refused)
    assert outcome.technical


@EVERY
async def test_a_repeated_payout_is_the_same_call(kind: Kind) -> None:
    script, payout = SCRIPTS[kind.code], a_payout(kind)
    answer = Told(json=script.payout("pending", payout.id))
    async with talking(kind, lambda _: answer) as (connector, world):
        await connector.pay_out(payout)
        await connector.pay_out(payout)

        first, second = world.asked
        assert (script.key_of(first), first.body) == (script.key_of(second), second.body)


@EVERY
async def test_money_to_a_provider_that_is_down_was_certainly_not_sent(kind: Kind) -> None:
    async with talking(kind, SCRIPTS[kind.code].page) as (connector, world):
        pass
    lines = Lines(Egress({world.place}))
    told = SCRIPTS[kind.code].settings | {"base_url": world.url}
    settings = msgspec.convert(told, kind.settings_type)
    keys = Keyring(SCRIPTS[kind.code].secrets)
    connector = kind(settings, keys, lines.of("t", kind.code))

    outcome = await connector.pay_out(a_payout(kind))

    assert isinstance(outcome, Refused)
    assert outcome.technical
    await lines.egress.aclose()


@EVERY
async def test_without_an_api_key_nothing_is_sent(kind: Kind) -> None:
    async with outside(lambda _: Told(json={})) as world:
        lines = Lines(Egress({world.place}))
        told = SCRIPTS[kind.code].settings | {"base_url": world.url}
        settings = msgspec.convert(told, kind.settings_type)
        connector = kind(settings, Keyring({}), lines.of("t", kind.code))

        assert isinstance(await connector.pay_out(a_payout(kind)), Refused)

        assert world.asked == []
        await lines.egress.aclose()


@EVERY
async def test_a_refund_goes_through_and_can_be_asked_for(kind: Kind) -> None:
    script, refund = SCRIPTS[kind.code], uuid4()

    def answering(asked: Asked) -> Told:
        if asked.method == "POST" or "refunds" in asked.path:
            return Told(json=script.refund("pending", refund))
        session = script.deposit("succeeded", uuid4())
        return Told(json=session | {"payment_intent": "pi_1"})

    async with talking(kind, answering) as (connector, world):
        outcome = await connector.refund(refund, Paid("ref"), Money(Decimal("50.00"), "EUR"))
        assert isinstance(outcome, Accepted)
        status = await connector.poll_refund(refund, outcome.reference, Paid("x"))

        assert (status.state, status.our_id) == (State.PENDING, str(refund))
        post = next(one for one in world.asked if one.method == "POST")
        assert str(refund) in post.body.decode()


@EVERY
async def test_testing_the_connection_changes_nothing(kind: Kind) -> None:
    async with talking(kind, lambda _: Told(json={"data": []})) as (connector, world):
        checks = await connector.test_connection()

        assert all(check.fine for check in checks)
        assert {asked.method for asked in world.asked} == {"GET"}
    refused = SCRIPTS[kind.code].refusal(401, "bad-key")
    async with talking(kind, lambda _: refused) as (connector, _):
        assert not (await connector.test_connection())[0].fine


# Callbacks


@EVERY
async def test_a_signed_callback_is_read(kind: Kind) -> None:
    script, order = SCRIPTS[kind.code], uuid4()
    raw, headers = signed(script, script.paid_event(order, "evt_1"))
    async with parsing(kind) as connector:
        (event,) = connector.parse_callback(raw, headers, NOW)

    assert (event.kind, event.state) == (EventKind.DEPOSIT, State.SUCCEEDED)
    assert (event.provider_event_id, event.reference) == ("evt_1", script.reference)
    assert (event.our_id, event.money) == (str(order), Money(Decimal("100.50"), "EUR"))
    assert event.at == NOW


@EVERY
async def test_a_payout_s_callback_is_read(kind: Kind) -> None:
    script, payout = SCRIPTS[kind.code], uuid4()
    raw, headers = signed(script, script.payout_event(payout, "evt_2"))
    async with parsing(kind) as connector:
        (event,) = connector.parse_callback(raw, headers, NOW)

    assert (event.kind, event.state) == (EventKind.PAYOUT, State.SUCCEEDED)
    assert event.our_id == str(payout)


def forgeries(script: Script) -> dict[str, tuple[bytes, list[tuple[str, str]]]]:
    event = script.paid_event(uuid4(), "evt_1")
    raw, headers = signed(script, event)
    name, proof = headers[-1]
    bare = headers[:-1]
    other = script.sign(raw, "another-tenant's-secret", AT)
    return {
        "no signature": (raw, bare),
        "empty signature": (raw, [*bare, (name, "")]),
        "wrong signature": (raw, [*bare, (name, forged(proof))]),
        "short signature": (raw, [*bare, (name, proof[:-2])]),
        "not ascii": (raw, [*bare, (name, proof + "é")]),
        "another tenant's secret": (raw, other),
        "empty secret": (raw, script.sign(raw, "", AT)),
        "one byte more": (raw + b" ", headers),
        "another amount": (raw.replace(b"10050", b"99950"), headers),
        "re-serialised": (json.dumps(event, indent=1).encode(), headers),
        "doubled header": (raw, [*headers, (name.lower(), proof)]),
        "doubled with a forged one": (raw, [(name.upper(), "forged"), *headers]),
        "no body": (b"", headers),
    }


@EVERY
@pytest.mark.parametrize("how", list(forgeries(SCRIPTS["stripe"])))
async def test_a_forged_callback_is_refused(kind: Kind, how: str) -> None:
    raw, headers = forgeries(SCRIPTS[kind.code])[how]
    async with parsing(kind) as connector:
        with pytest.raises(Forged) as refusal:
            connector.parse_callback(raw, headers, NOW)

    assert refusal.value.status == 401


@EVERY
@pytest.mark.parametrize("held", [[], "", [""]])
async def test_no_secret_means_no_callbacks(kind: Kind, held: Any) -> None:
    script = SCRIPTS[kind.code]
    hook = next(name for name in script.secrets if "webhook" in name)
    raw, _ = signed(script, script.paid_event(uuid4(), "evt_1"))
    async with parsing(kind, **{hook: held}) as connector:
        for secret in ("", SECRET):
            with pytest.raises(Forged):
                connector.parse_callback(raw, script.sign(raw, secret, AT), NOW)


@EVERY
async def test_both_secrets_count_while_one_is_rotated(kind: Kind) -> None:
    script = SCRIPTS[kind.code]
    hook = next(name for name in script.secrets if "webhook" in name)
    raw, headers = signed(script, script.paid_event(uuid4(), "evt_1"))
    async with parsing(kind, **{hook: ["a-newer-secret", SECRET]}) as connector:
        assert connector.parse_callback(raw, headers, NOW)
        assert connector.parse_callback(raw, script.sign(raw, "a-newer-secret", AT), NOW)


@EVERY
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"not json", b'{"id":7,"type":[],"data":"x"}', b'"\xff"']
)
async def test_what_is_signed_but_strange_is_kept_without_effect(kind: Kind, body: bytes) -> None:
    script = SCRIPTS[kind.code]
    settings = msgspec.convert(
        {key: value for key, value in script.settings.items() if key != "merchant"},
        kind.settings_type,
    )
    lines = Lines(Egress())
    connector = kind(settings, Keyring(script.secrets), lines.of("t", "c"))

    (event,) = connector.parse_callback(body, script.sign(body, SECRET, AT), NOW)

    assert event.kind is EventKind.OTHER
    assert len(event.provider_event_id) == 64
    await lines.egress.aclose()


# The lattice


def test_all_orders_of_the_same_news_end_in_the_same_state() -> None:
    news = [
        State.CREATED,
        State.PENDING,
        State.FAILED,
        State.EXPIRED,
        State.SUCCEEDED,
        State.PART_REFUNDED,
    ]

    ends = set()
    for order in itertools.permutations(news):
        state = State.CREATED
        for one in order:
            state = join([state, one])
        ends.add(state)

    assert ends == {State.PART_REFUNDED}


def test_paid_outlives_failed_and_expired_whenever_they_come() -> None:
    for late in (State.FAILED, State.EXPIRED, State.CANCELLED, State.PENDING):
        assert join([State.SUCCEEDED, late]) is State.SUCCEEDED
    assert State.REVIEW.money_came
    assert not State.FAILED.money_came
    assert not State.FAILED.open
