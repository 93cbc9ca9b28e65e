"""A card payment at the stand-in provider, as a client and a payer make it."""

import time
from dataclasses import dataclass
from uuid import UUID

import httpx2
from sqlalchemy import select

from brokerage.bench.ground import Ground
from brokerage.payments.depositing import deposits
from brokerage.payments.model import PaymentAttempt
from brokerage.payments.values import Method
from brokerage.product import PRODUCT
from stoa.kernel.money import Money
from stoa.tenancy.actor import Actor, Kind


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment the provider has, of whose arrival nobody has told us."""

    attempt: UUID
    deposit: UUID
    reference: str
    money: Money


async def started_at_alpha(ground: Ground, client: UUID, money: Money) -> Paid | None:
    """A card deposit of a client with a page to pay on; None where another provider took it."""
    actor = Actor(
        Kind.CLIENT, client, "client", PRODUCT.own_permissions(), second_factor_at=time.time()
    )
    opener = ground.door.opener(ground.tenant, actor=actor, purpose="bench")
    started = await deposits.start(opener, client, Method.CARD, money)
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        attempt = await work.first(
            select(PaymentAttempt).where(PaymentAttempt.deposit == started.deposit)
        )
    if attempt is None or attempt.psp != "alpha" or attempt.reference is None:
        # A client has few places for open deposits: left open, they would refuse the next ones.
        await deposits.cancel(opener, started.deposit)
        return None
    return Paid(attempt.id, started.deposit, attempt.reference, money)


async def paid_at_alpha(ground: Ground, outside: httpx2.AsyncClient, one: Paid) -> None:
    """What the payer's click on the provider's page does."""
    answer = await outside.post(
        f"{ground.config.services['alpha']}/_sandbox/pay",
        json={"session": one.reference, "card": "4242424242424242"},
    )
    answer.raise_for_status()
