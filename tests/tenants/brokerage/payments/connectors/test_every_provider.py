"""The contract every payment connector keeps, each against a stand-in process of its provider.

The stand-ins are written from the providers' published APIs and refuse what those would refuse; at
the end of each test nothing may have been refused that was not meant to be.
"""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from brokerage.payments.connector import (
    CannotAsk,
    EventKind,
    Hosted,
    Instructions,
    NeedsCertificate,
    Paid,
    PaymentConnector,
    State,
    Status,
    join,
)
from brokerage.payments.connectors import ALL, named
from stoa.connectors.keyring import secret_fields
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Unknown
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Unavailable
from support.forging import forged
from support.psp.rig import Rig, read, running
from support.psp.setups import SETUPS, WITHOUT_A_PROVIDER
from support.psp_scripts import SCRIPTS

SINCE = timedelta(minutes=5)


def test_every_connector_has_a_stand_in() -> None:
    codes = [kind.code for kind in ALL]

    # The demo's two have stand-ins that are sold with it: test_contract and test_at_the_sandbox.
    assert sorted(codes) == sorted([*SETUPS, *WITHOUT_A_PROVIDER, *SCRIPTS])
    assert len(set(codes)) == len(codes)
    for kind in ALL:
        assert named(kind.code) is kind
        assert kind.label
        assert kind.settings_type.__struct_config__.frozen
    with pytest.raises(NotFound):
        named("nobody")


@pytest.fixture(scope="module", params=sorted(SETUPS))
async def stand(request: pytest.FixtureRequest) -> AsyncGenerator[Rig]:
    async with running(SETUPS[request.param]) as rig:
        yield rig


@pytest.fixture
async def rig(stand: Rig) -> AsyncGenerator[Rig]:
    await stand.control("reset")
    yield stand
    await stand.control("reset")


async def nothing_refused(rig: Rig) -> None:
    assert (await rig.made())["refused"] == []


async def opened(rig: Rig, connector: PaymentConnector, **fields: Any) -> tuple[Any, Any]:
    order = rig.order(**fields)
    asked = await connector.create_deposit(order)
    assert isinstance(asked, Hosted | Instructions), asked
    return order, asked


async def where(connector: PaymentConnector, reference: str, event: Any = None) -> Status:
    """As settlement finds out: by asking, or by the callback where there is no asking."""
    try:
        return await connector.poll(reference)
    except CannotAsk:
        assert event is not None and event.state is not None
        return Status(reference="", state=event.state, raw=event.raw, money=event.money)


async def paid(rig: Rig, connector: PaymentConnector, **fields: Any) -> tuple[Any, Any, Any]:
    order, asked = await opened(rig, connector, **fields)
    heard = await rig.pay(asked.reference)
    events = [one for each in heard for one in await read(connector, each)]
    status = await where(connector, asked.reference, events[-1])
    assert status.state is State.SUCCEEDED, status
    payment = next((one.payment for one in events if one.payment), "")
    return order, Paid(asked.reference, payment), events


# What it says of itself


async def test_what_it_can_do_is_told_truthfully(rig: Rig) -> None:
    connector = rig.connector()
    able, order = connector.capabilities, rig.order()

    assert connector.identity.startswith(connector.code + "|")
    assert able.deposit(order.method, order.money, order.payer.country)
    assert not able.deposit(
        order.method, Money(Decimal(100), rig.setup.foreign), order.payer.country
    )
    assert bool(able.payouts) == (rig.setup.to is not None)
    assert len(secret_fields(type(connector).settings_type)) >= 1
    unknown = {"no_such_setting": 1}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(unknown, type(connector).settings_type)


async def test_what_it_does_not_carry_is_never_sent(rig: Rig) -> None:
    connector = rig.connector()
    before = (await rig.made())["calls"]
    fine = rig.setup.priced.currency
    for money in (
        Money(Decimal(1000), rig.setup.foreign),
        Money(rig.setup.priced.amount + Decimal("0.0000000000000001"), fine),
        Money(Decimal(0), fine),
    ):
        refused = await connector.create_deposit(rig.order(money=money))
        assert isinstance(refused, Refused), money
        assert not refused.technical

    assert (await rig.made())["calls"] == before


async def test_another_account_is_another_identity(rig: Rig) -> None:
    secrets = {name: value[::-1] for name, value in rig.setup.secrets.items()}
    blank = {
        name: ""
        for name in rig.setup.settings
        if name in {"account", "merchant", "merchant_account", "store", "shortcode"}
    }

    one, other = rig.connector(**blank), rig.connector(secrets, **blank)

    assert one.identity == rig.connector(**blank).identity
    assert one.identity != other.identity


# Deposits


async def test_a_deposit_is_opened_paid_told_and_found(rig: Rig) -> None:
    connector = rig.connector()
    order, asked = await opened(rig, connector)
    if isinstance(asked, Hosted):
        assert asked.url.startswith("https://")
    else:
        assert asked.lines and all(label and value for label, value in asked.lines)
    try:
        before = await connector.poll(asked.reference)
        assert before.state.open
        assert before.our_id in {"", str(order.id)}
    except (CannotAsk, NotFound):
        assert isinstance(asked, Instructions) or rig.setup.begins_on_the_page

    heard = await rig.pay(asked.reference)

    events = [one for each in heard for one in await read(connector, each)]
    assert events
    for event in events:
        assert event.kind is EventKind.DEPOSIT
        assert event.reference == asked.reference or event.our_id == str(order.id)
        assert event.reference in {"", asked.reference}
        assert event.our_id in {"", str(order.id)}
        assert event.money is None or event.money == order.money
    after = await where(connector, asked.reference, events[-1])
    assert after.state is State.SUCCEEDED
    assert after.as_ordered or after.money == order.money
    await nothing_refused(rig)


async def test_the_same_order_again_is_one_order(rig: Rig) -> None:
    if not rig.setup.once:
        pytest.skip("this provider makes a new one: two pages, of which each is watched")
    connector = rig.connector()
    order = rig.order()
    before = (await rig.made())["deposits"]

    one = await connector.create_deposit(order)
    again = await connector.create_deposit(order)

    assert isinstance(one, Hosted | Instructions)
    assert isinstance(again, Hosted | Instructions)
    assert one.reference == again.reference
    assert (await rig.made())["deposits"] == before + 1


@pytest.mark.parametrize("fault", ["error-500", "error-503", "error-429", "lost-before"])
async def test_a_page_that_never_came_lets_another_provider_try(rig: Rig, fault: str) -> None:
    connector = rig.connector()
    await rig.fault(fault, rig.setup.deposit_path)

    outcome = await connector.create_deposit(rig.order())

    if isinstance(outcome, Instructions):
        assert fault.startswith("lost") or fault == "error-500" or fault == "error-503"
        return  # the payer may have been asked already: it is watched, not given elsewhere
    assert isinstance(outcome, Refused), outcome
    assert outcome.technical


async def test_a_decline_says_whether_it_was_the_payer_or_the_way(rig: Rig) -> None:
    connector = rig.connector()
    if not rig.setup.callback_declines:
        pytest.skip("this provider tells of no declined attempts")
    for how, technical in (("declined-hard", False), ("declined-technical", True)):
        if how not in rig.setup.declines:
            continue
        await rig.control("reset")
        _, asked = await opened(rig, connector)
        heard = await rig.pay(asked.reference, how)
        events = [one for each in heard for one in await read(connector, each)]
        status = await where(connector, asked.reference, events[-1] if events else None)

        told = [one.decline for one in events if one.decline] + [
            one for one in [status.decline] if one
        ]
        assert not status.state.money_came
        assert {one == "technical" for one in told} == {technical}, (how, told)


async def test_a_page_left_alone_ends_without_money(rig: Rig) -> None:
    if not rig.setup.expires:
        pytest.skip("this provider's orders do not end by themselves")
    connector = rig.connector()
    _, asked = await opened(rig, connector)

    await rig.pay(asked.reference, "expired")

    status = await connector.poll(asked.reference)
    assert status.state in {State.EXPIRED, State.CANCELLED, State.FAILED}


async def test_too_little_money_is_never_the_ordered_money(rig: Rig) -> None:
    if not rig.setup.short[0]:
        pytest.skip("this provider takes the whole amount or nothing")
    connector = rig.connector()
    amount, currency = rig.setup.short
    order, asked = await opened(rig, connector)

    heard = await rig.pay(asked.reference, "paid", amount, currency)

    events = [one for each in heard for one in await read(connector, each)]
    status = await where(connector, asked.reference, events[-1] if events else None)
    fully = status.state is State.SUCCEEDED and (status.as_ordered or status.money == order.money)
    assert not fully, status


async def test_an_unknown_status_means_pending(rig: Rig) -> None:
    if not rig.setup.odd:
        pytest.skip("this provider tells no status")
    connector = rig.connector()
    _, asked = await opened(rig, connector)
    await rig.control("switch", odd=rig.setup.odd)

    status = await connector.poll(asked.reference)

    assert status.state.open


async def test_asking_for_what_is_not_there_differs_from_silence(rig: Rig) -> None:
    connector = rig.connector()
    _, asked = await opened(rig, connector)
    method = rig.setup.poll_method

    with pytest.raises((NotFound, CannotAsk)):
        await connector.poll(rig.setup.absent)
    if rig.setup.odd:
        await rig.fault("error-503", rig.setup.poll_path, method)
        with pytest.raises(Unavailable):
            await connector.poll(asked.reference)


# Callbacks


async def test_a_callback_that_is_not_theirs_is_refused(rig: Rig) -> None:
    """T69: no proof, half a proof, another tenant's secret, another body."""
    connector = rig.connector()
    _, asked = await opened(rig, connector)
    (raw, headers), *_ = await rig.pay(asked.reference)
    other = rig.connector({rig.setup.hook: rig.setup.secrets[rig.setup.hook][::-1]})
    if isinstance(connector, NeedsCertificate):
        await connector.fetch_certificate(headers)
        assert isinstance(other, NeedsCertificate)
        await other.fetch_certificate(headers)
    assert connector.parse_callback(raw, headers, datetime.now(UTC))
    bare = [(key, "") for key, _ in headers]
    bent = [(key, forged(value)) for key, value in headers]
    cases: dict[str, tuple[PaymentConnector, bytes, list[tuple[str, str]]]] = {
        "another tenant's secret": (other, raw, headers),
        "no secret": (rig.connector({rig.setup.hook: []}), raw, headers),
        "an empty secret": (rig.connector({rig.setup.hook: [""]}), raw, headers),
    }
    if rig.setup.proof_in_headers:
        cases |= {
            "no headers": (connector, raw, []),
            "empty headers": (connector, raw, bare),
            "bent proof": (connector, raw, bent),
        }
    if rig.setup.over_bytes:
        cases |= {
            "re-serialised": (connector, json.dumps(json.loads(raw), indent=2).encode(), headers),
            "one byte more": (connector, raw + b" ", headers),
            "no body": (connector, b"", headers),
        }
    if rig.setup.signed_part[0]:
        what, by = (part.encode() for part in rig.setup.signed_part)
        assert what in raw
        cases["another amount"] = (connector, raw.replace(what, by), headers)
    for name, (who, body, given) in cases.items():
        if isinstance(who, NeedsCertificate) and given is headers:
            await who.fetch_certificate(given)
        with pytest.raises(Forged):
            who.parse_callback(body, given, datetime.now(UTC))
            pytest.fail(name)


async def test_both_secrets_count_while_one_is_changed(rig: Rig) -> None:
    hook = rig.setup.hook
    if rig.setup.secrets[hook] in {rig.setup.secrets.get(one) for one in rig.setup.sending}:
        pytest.skip("this provider signs with the key it is called with")
    connector = rig.connector({hook: [rig.setup.secrets[hook][::-1], rig.setup.secrets[hook]]})
    _, asked = await opened(rig, rig.connector())

    heard = await rig.pay(asked.reference)

    assert await read(connector, heard[0])


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"not json", b'"\xff"', b"[" * 9000])
async def test_garbage_is_refused_and_breaks_nothing(rig: Rig, body: bytes) -> None:
    connector = rig.connector()
    with pytest.raises(Forged):
        connector.parse_callback(body, [("Content-Type", "application/json")], datetime.now(UTC))


async def test_copies_have_one_name_and_late_news_moves_nothing_down(rig: Rig) -> None:
    """T71, T72: a copy has the same event id; whatever comes late, paid stays paid."""
    connector = rig.connector()
    _, asked = await opened(rig, connector)
    heard = await rig.pay(asked.reference)

    names = []
    for _ in range(3):
        for one in heard:
            names += [event.provider_event_id for event in await read(connector, one)]

    assert all(names)
    assert len(set(names)) == len(names) // 3
    for late in (State.EXPIRED, State.FAILED, State.PENDING):
        assert join([State.SUCCEEDED, late]) is State.SUCCEEDED


# Money going out


async def test_a_payout_is_accepted_and_its_end_is_learned(rig: Rig) -> None:
    if rig.setup.to is None:
        pytest.skip("no payouts here")
    connector = rig.connector()
    for how, ends in (("done", State.SUCCEEDED), ("failed", State.FAILED)):
        payout = rig.payout()
        outcome = await connector.pay_out(payout)
        assert isinstance(outcome, Accepted | Confirmed), outcome

        heard = await rig.settle("payout", outcome.reference, how)

        events = [one for each in heard for one in await read(connector, each)]
        for event in events:
            assert event.kind is EventKind.PAYOUT
            assert event.our_id == str(payout.id) or event.reference == outcome.reference
        try:
            status = await connector.poll_payout(
                payout.id, outcome.reference, datetime.now(UTC) - SINCE
            )
        except CannotAsk:
            status = Status(reference="", state=events[-1].state or State.PENDING, raw="")
        assert status.state in {ends, State.CANCELLED if how == "failed" else ends}
    await nothing_refused(rig)


@pytest.mark.parametrize("fault", ["lost-before", "lost-after", "error-500"])
async def test_a_payout_without_an_answer_is_unknown_and_is_sent_once(rig: Rig, fault: str) -> None:
    """T60: nobody knows; then the provider is asked, or the same order is given with the same key."""
    if rig.setup.to is None:
        pytest.skip("no payouts here")
    connector, payout = rig.connector(), rig.payout()
    await connector.test_connection()  # a token, where one is needed
    before = (await rig.made())["payouts"]
    await rig.fault(fault, rig.setup.payout_path)

    outcome = await connector.pay_out(payout)

    assert isinstance(outcome, Unknown), outcome
    try:
        status = await connector.poll_payout(payout.id, "", datetime.now(UTC) - SINCE)
        assert fault == "lost-after"
        assert rig.setup.asks
        assert status.state.open or status.state.money_came
        assert status.our_id in {"", str(payout.id)}
    except NotFound:
        assert fault != "lost-after"
        assert rig.setup.asks
    except CannotAsk:
        assert not rig.setup.asks
    again = await connector.pay_out(payout)
    assert isinstance(again, Accepted | Confirmed | Unknown), again
    assert (await rig.made())["payouts"] == before + 1


async def test_a_refused_payout_says_whose_trouble_it_was(rig: Rig) -> None:
    if rig.setup.to is None or not rig.setup.payout_declines:
        pytest.skip("no payouts here")
    connector = rig.connector()
    for how, technical in (("hard", False), ("technical", True)):
        await rig.control("switch", declines=how)
        outcome = await connector.pay_out(rig.payout())
        assert isinstance(outcome, Refused), outcome
        assert outcome.technical is technical, (how, outcome)


async def test_money_to_a_provider_that_is_down_was_certainly_not_sent(rig: Rig) -> None:
    if rig.setup.to is None:
        pytest.skip("no payouts here")
    connector = rig.connector(**dict.fromkeys(rig.setup.urls, "http://127.0.0.1:9"))

    outcome = await connector.pay_out(rig.payout())

    assert isinstance(outcome, Refused)


async def test_without_its_keys_nothing_is_sent(rig: Rig) -> None:
    connector = rig.connector(dict.fromkeys(rig.setup.secrets, ()))
    before = (await rig.made())["calls"]

    asked = await connector.create_deposit(rig.order())
    sent = await connector.pay_out(rig.payout()) if rig.setup.to is not None else asked

    assert isinstance(asked, Refused)
    assert isinstance(sent, Refused)
    assert (await rig.made())["calls"] == before


async def test_a_refund_goes_back_once(rig: Rig) -> None:
    connector = rig.connector()
    if not connector.capabilities.refunds:
        refused = await connector.refund(uuid4(), Paid("x", "y"), rig.setup.priced)
        assert isinstance(refused, Refused)
        return
    order, deposit, _ = await paid(rig, connector)
    refund, before = uuid4(), (await rig.made())["refunds"]

    outcome = await connector.refund(refund, deposit, order.money)
    again = await connector.refund(refund, deposit, order.money)

    assert isinstance(outcome, Accepted | Confirmed), outcome
    assert isinstance(again, Accepted | Confirmed | Unknown), again
    assert (await rig.made())["refunds"] == before + 1
    heard = await rig.settle("refund", outcome.reference)
    events = [one for each in heard for one in await read(connector, each)]
    for event in events:
        assert event.kind in {EventKind.REFUND, EventKind.OTHER}
    try:
        status = await connector.poll_refund(refund, outcome.reference, deposit)
    except CannotAsk:
        assert events[-1].our_id == str(refund) or events[-1].reference == outcome.reference
        assert events[-1].state is State.SUCCEEDED
    else:
        assert status.state is State.SUCCEEDED
        assert status.our_id in {"", str(refund)}


# Testing the connection


async def test_testing_the_connection_changes_nothing(rig: Rig) -> None:
    before = await rig.made()

    fine = await rig.connector().test_connection()
    keyless = await rig.connector(dict.fromkeys(rig.setup.secrets, ())).test_connection()
    wrong = {name: value[::-1] for name, value in rig.setup.secrets.items()}
    turned_away = await rig.connector(wrong).test_connection()

    assert fine and all(check.fine for check in fine), fine
    assert not all(check.fine for check in keyless)
    assert not all(check.fine for check in turned_away) or rig.setup.hook_only
    after = await rig.made()
    for what in ("deposits", "payouts", "refunds"):
        assert after[what] == before[what]
