"""Many callbacks at once: kept together, answered singly; and what is told again asks nothing."""

import asyncio
import hmac
import secrets
import time
from decimal import Decimal

import msgspec
from sqlalchemy import select

from brokerage.payments import callbacks, settlement
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import ProviderEvent
from stoa.vault import credentials
from support.queries import counted
from support.web import visitor


def signed(attempt, secret: str, amount: int, event: str) -> tuple[bytes, dict[str, str]]:
    """What a provider of Stripe's kind tells of a payment that arrived."""
    body = msgspec.json.encode(
        {
            "id": event,
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(time.time()),
            "data": {
                "object": {
                    "id": attempt.reference,
                    "object": "checkout.session",
                    "status": "complete",
                    "payment_status": "paid",
                    "amount_total": amount,
                    "currency": "usd",
                    "metadata": {"id": str(attempt.id)},
                }
            },
        }
    )
    at = int(time.time())
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return body, {"stripe-signature": f"t={at},v1={proof}", "content-type": "application/json"}


async def hook(market) -> tuple[str, str]:
    async with market.opener()() as work:
        return callbacks.path(work, "alpha"), await credentials.read(work, "alpha.webhook")


async def at_alpha(customer, amount: str):
    """A deposit whose page is alpha's, and its attempt."""
    for _ in range(12):
        made = await customer.start(amount)
        attempt = (await customer.attempts(made.deposit))[0]
        if attempt.psp == "alpha":
            return made, attempt
    raise AssertionError("alpha was never asked")


async def test_callbacks_at_once_share_a_transaction_and_a_forged_one_spoils_none(market, customer):
    _made, attempt = await at_alpha(customer, "40.00")
    path, secret = await hook(market)
    browser = visitor(market.house, market.tenant)
    name = secrets.token_hex(6)
    posts = [signed(attempt, secret, 4000, f"evt_{name}_{at % 30}") for at in range(40)]
    posts[7] = signed(attempt, "whsec_not_ours", 4000, f"evt_{name}_forged")

    with counted(market.house) as said:
        answers = await asyncio.gather(
            *(browser.http.post(path, content=body, headers=told) for body, told in posts)
        )

    assert [one.status_code for one in answers] == [401 if at == 7 else 202 for at in range(40)]
    async with market.opener()() as work:
        kept = await work.rows(
            select(ProviderEvent.event).where(ProviderEvent.event.like(f"%{name}%"))
        )
    assert sorted(kept) == sorted({f"evt_{name}_{at}" for at in range(30)})
    assert sum("INSERT INTO audit_entry" in one for one in said) <= 20


async def test_what_is_told_again_asks_the_provider_nothing(market, customer):
    made, attempt = await at_alpha(customer, "45.00")
    path, secret = await hook(market)
    browser = visitor(market.house, market.tenant)
    await customer.pay(made.deposit)
    name = secrets.token_hex(6)
    body, told = signed(attempt, secret, 4500, f"evt_{name}_first")
    assert (await browser.http.post(path, content=body, headers=told)).status_code == 202
    await market.react()
    assert (await customer.deposit(made.deposit)).state == "credited"
    there = await customer.available()

    asked = {}
    for which, amount in (("again", 4500), ("other", 9900)):
        body, told = signed(attempt, secret, amount, f"evt_{name}_{which}")
        await browser.http.post(path, content=body, headers=told)
        async with market.opener()() as work:
            event = await work.first(
                select(ProviderEvent.id).where(ProviderEvent.event == f"evt_{name}_{which}")
            )
        with counted(market.house) as said:
            await settlement.settle(market.opener(), CallbackTaken(event=event))
        # Nobody asks a provider without its secrets.
        asked[which] = any("FROM secret" in one for one in said)
        async with market.opener()() as work:
            assert (await work.get(ProviderEvent, event)).state == "done"

    assert asked == {"again": False, "other": True}
    assert await customer.available() == there == Decimal("45.00")
