"""A bad hour of the card provider: its circuit opens, payments go elsewhere, and it comes back."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import select

from brokerage.demo import money
from brokerage.demo.story import Story
from brokerage.payments.depositing import deposits
from brokerage.payments.routing import watching
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.values import Method
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal
from stoa.vault import credentials

_PSP: Final = "alpha"
_MOST_CALLS: Final = 24
_STEPS: Final = 14
_FAULT: Final = "error_500_before_apply"


async def happen(story: Story) -> None:
    """Its own merchant account alone fails, so that the other sub-broker's story goes on."""
    world = story.world
    merchant = await _merchant(story)
    with money.alone(world.config.state):
        await money.clocks(story, world.clock.now)
        await world.lever(
            _PSP, "/_sandbox/faults", {"kind": _FAULT, "how": "always", "merchant": merchant}
        )
        try:
            await _fail(story)
        finally:
            await world.lever(
                _PSP, "/_sandbox/faults", {"kind": _FAULT, "how": "off", "merchant": merchant}
            )
    await _come_back(story)


async def _merchant(story: Story) -> str:
    async with story.world.work(story.ref, purpose="demo.keys") as work:
        return str((await credentials.both(work, f"{_PSP}.api_key"))[0])


async def _state(story: Story) -> str:
    async with story.world.work(story.ref, purpose="demo.look") as work:
        row = await work.first(select(ProviderState).where(ProviderState.psp == _PSP))
        return str(row.circuit) if row is not None else "closed"


async def _fail(story: Story) -> None:
    """Clients try to pay by card until the circuit opens; the second provider takes over."""
    world, base = story.world, story.ref.base_currency
    payers = [row for row in story.played if row.live is not None]
    opener = world.opener(story.ref, purpose="demo.watch")
    for number in range(min(_MOST_CALLS, len(payers))):
        row = payers[number % len(payers)]
        await world.to(world.clock.now + timedelta(seconds=8))
        asked = world.opener(story.ref, actor=world.client(row.id), purpose="demo.deposit")
        try:
            await deposits.start(asked, row.id, Method.CARD, Money(Decimal(75 + 5 * number), base))
        except Refusal:
            continue
        if number % 2:
            await watching.sweep(opener)
            if await _state(story) == "open":
                return


async def _come_back(story: Story) -> None:
    """The connection is tried, a part of the traffic returns, then all of it."""
    world = story.world
    opener = world.opener(story.ref, purpose="demo.watch")
    for _ in range(_STEPS):
        await world.to(world.clock.now + timedelta(minutes=7))
        await watching.sweep(opener)
        if await _state(story) == "closed":
            break
    await world.pump(story.ref)
