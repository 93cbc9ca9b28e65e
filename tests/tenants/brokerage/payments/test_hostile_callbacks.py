"""Callbacks that are forged, old, about somebody else's payment, or different news of one (T69-T73)."""

import hmac
import secrets
import time
from datetime import timedelta
from decimal import Decimal

import msgspec
from sqlalchemy import select, update

from brokerage.payments import callbacks, settlement
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import Deposit, ProviderEvent, Unresolved
from support.web import visitor

from .test_callbacks import at_alpha, hook, signed

HEADER = "stripe-signature"


def proof(body: bytes, secret: str, at: int) -> str:
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, 'sha256').hexdigest()}"


async def kept(market) -> int:
    async with market.opener()() as work:
        return await work.count(select(ProviderEvent.id))


async def test_whatever_is_not_proven_or_not_of_now_leaves_nothing(market, customer):
    """T69: over the wire, to the right address, about a real payment."""
    made, attempt = await at_alpha(customer, "90.00")
    path, secret = await hook(market)
    other = await market.house.tenant()
    async with market.house.door.open(other, purpose="test") as work:
        elsewhere = callbacks.path(work, "alpha")
    body, told = signed(attempt, secret, 9000, "evt_forged")
    genuine, at = told[HEADER], int(time.time())
    hostile = {
        "no signature": (body, []),
        "an empty signature": (body, [(HEADER, "")]),
        "a wrong signature": (body, [(HEADER, f"t={at},v1={'0' * 64}")]),
        "a signature without its time": (body, [(HEADER, genuine.partition(",")[2])]),
        "another tenant's secret": (body, [(HEADER, proof(body, "whsec_" + "x" * 32, at))]),
        "an empty secret": (body, [(HEADER, proof(body, "", at))]),
        "written anew": (msgspec.json.format(body, indent=1), [(HEADER, genuine)]),
        "another amount": (body.replace(b"9000", b"9001"), [(HEADER, genuine)]),
        "one byte more": (body + b" ", [(HEADER, genuine)]),
        "no body": (b"", [(HEADER, genuine)]),
        "a doubled header": (body, [(HEADER, genuine), (HEADER, genuine)]),
        "a forged one before it": (body, [(HEADER, f"t={at},v1=00"), (HEADER, genuine)]),
    }
    late = {
        "ten minutes old": (body, [(HEADER, proof(body, secret, at - 600))]),  # T71
        "ten minutes ahead": (body, [(HEADER, proof(body, secret, at + 600))]),
    }
    browser = visitor(market.house, market.tenant)

    for what, (raw, headers) in (hostile | late).items():
        given = [("content-type", "application/json"), *headers]
        answer = await browser.http.post(path, content=raw, headers=given)
        assert answer.status_code == (400 if what in late else 401), what
        assert "secret" not in answer.text and secret not in answer.text, what
    wrong = await browser.http.post(elsewhere, content=body, headers=told)
    large = await browser.http.post(path, content=b" " * 10_485_760, headers=told)  # T75

    assert (wrong.status_code, large.status_code) == (404, 413)
    assert await kept(market) == 0
    assert (await customer.deposit(made.deposit)).state == "waiting"
    assert await customer.available() == 0


async def test_a_genuine_word_about_another_clients_payment_credits_nobody(market, customer):
    """T70: our id says one deposit, the provider's reference another; a person gets it to look at."""
    thief = await market.client()
    small, his = await at_alpha(thief, "10.00")
    large, hers = await at_alpha(customer, "2000.00")
    await thief.pay(small.deposit)
    path, secret = await hook(market)
    body, _ = signed(his, secret, 1000, f"evt_{secrets.token_hex(6)}")
    told = msgspec.json.decode(body)
    told["data"]["object"]["metadata"]["id"] = str(hers.id)
    raw, at = msgspec.json.encode(told), int(time.time())
    browser = visitor(market.house, market.tenant)

    answer = await browser.http.post(path, content=raw, headers={HEADER: proof(raw, secret, at)})
    assert answer.status_code == 202
    await market.react()
    async with market.opener()() as work:
        await work.run(
            update(ProviderEvent).values(received_at=ProviderEvent.received_at - timedelta(hours=1))
        )
        event = await work.first(select(ProviderEvent.id).where(ProviderEvent.event == told["id"]))
    await settlement.settle(market.opener(), CallbackTaken(event=event))

    assert (await customer.deposit(large.deposit)).state == "waiting"
    assert await customer.available() == 0
    async with market.opener()() as work:
        assert (await work.get(ProviderEvent, event)).state == "unmatched"
        found = list(await work.rows(select(Unresolved.problem)))
    assert found == ["unknown-reference"]
    # What really was paid is found by asking, and is the payer's own.
    await settlement.look(market.opener(), his.id)
    assert await thief.available() == Decimal("10.00") and await customer.available() == 0


async def test_two_real_changes_of_one_payment_are_both_taken(market, customer):
    """T73: first it is open, then it is paid; only a copy of the same news is dropped."""
    made, attempt = await at_alpha(customer, "60.00")
    path, secret = await hook(market)
    browser = visitor(market.house, market.tenant)
    name = secrets.token_hex(6)
    news = []
    for event, paid in ((f"evt_{name}_open", "unpaid"), (f"evt_{name}_paid", "paid")):
        body, _ = signed(attempt, secret, 6000, event)
        told = msgspec.json.decode(body)
        told["data"]["object"] |= {"payment_status": paid}
        raw = msgspec.json.encode(told)
        news.append((raw, {HEADER: proof(raw, secret, int(time.time()))}))

    for raw, told in (news[0], news[0]):
        assert (await browser.http.post(path, content=raw, headers=told)).status_code == 202
    await market.react()
    assert (await customer.deposit(made.deposit)).state == "waiting"
    await customer.pay(made.deposit)
    for raw, told in (news[1], news[1], news[0]):
        assert (await browser.http.post(path, content=raw, headers=told)).status_code == 202
    await market.react()

    async with market.opener()() as work:
        taken = list(
            await work.rows(
                select(ProviderEvent.event)
                .where(ProviderEvent.event.like(f"%{name}%"))
                .order_by(ProviderEvent.id)
            )
        )
        row = await work.get(Deposit, made.deposit)
    assert taken == [f"evt_{name}_open", f"evt_{name}_paid"]
    assert row.state == "credited" and await customer.available() == Decimal("60.00")
