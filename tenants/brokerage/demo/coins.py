"""Coins of the demo: addresses that stay, payments at every step, places to be paid to, old and new."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import select

from brokerage.demo.connect import Wish, change
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.demo.world import World
from brokerage.ledger.settings import LedgerSettings
from brokerage.payments import callbacks
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.receiving import arriving, giving
from brokerage.payments.receiving.model import DepositAddress
from brokerage.payments.receiving.port import Coin
from brokerage.product import PRODUCT
from stoa.kernel.ids import token
from stoa.kernel.refusals import Refusal
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work
from stoa.vault import credentials

CODE: Final = "coins"
KEPT: Final = (Coin("BTC", "bitcoin"), Coin("USDT", "tron"))
OWN: Final = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
OTHER: Final = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"
"""Addresses of the client's own, at another house."""
RATES: Final = ({"pair": "BTC/USD", "rate": "64250"}, {"pair": "USDT/USD", "rate": "1"})
SLOW_S: Final = 900.0
"""Between two blocks of what is on its way: somebody should find it still moving."""


async def connect(world: World, ref: TenantRef, wish: Wish) -> None:
    """An account at the keeper of coins, and wallets in coins, where the tenant's clients use them."""
    if wish.slug != "pulse" or CODE not in world.config.services:
        return
    login, password = f"login-{token(9)}", token(24)
    async with world.work(ref, purpose="demo.connect") as work:
        path = callbacks.path(work, CODE)
    account = {"login": login, "password": password, "name": ref.name}
    account["webhook_url"] = world.config.url(ref.host, path)
    await world.lever(CODE, "/_sandbox/merchants", account)
    async with world.work(ref, purpose="demo.connect") as work:
        await credentials.put(work, "b2binpay.login", login)
        await credentials.put(work, "b2binpay.password", password)
        known = _now(work, "payments")["psps"]
        told = {
            "base_url": f"service:{CODE}",
            "wallets": ["BTC=318", "USDT=320"],
            "coins": ["BTC=1000", "USDT=2015"],
            "networks": ["BTC=bitcoin", "USDT=tron"],
            "confirmations": 6,
            "hosted": False,
        }
        psp = {"code": CODE, "connector": "b2binpay", "label": "Coin gateway", "settings": told}
        await change(work, "payments", psps=[*known, psp])
        known = _now(work, "ledger")["rates"]
        named = {one["pair"] for one in known}
        rates = [*known, *(one for one in RATES if one["pair"] not in named)]
        held = work.settings(LedgerSettings).offered(work.settings(TenantFacts))
        coins = [one.asset for one in KEPT]
        await change(work, "ledger", currencies=[*held, *coins], rates=rates)


async def begin(story: Story) -> None:
    """Early on the first client asks for an address of each coin and is paid to the one of Bitcoin."""
    row = _who(story)
    if row is None:
        return
    world, actor = story.world, story.world.client(row.id)
    opener = world.opener(story.ref, actor=actor, purpose="demo.address")
    for coin in KEPT:
        try:
            await giving.address_for(opener, row.id, coin)
        except Refusal as why:
            world.tell(f"{story.wish.name}: no address was given: {why}")
    await _sent(story, row, "BTC", Decimal("0.021"), 0.0)
    async with world.work(story.ref, actor, "demo.place") as work:
        await destinations.add(work, row.id, places.crypto("bitcoin", "BTC", OWN))
    await world.pump(story.ref)


async def happen(story: Story) -> None:
    """Now: coins of both kinds, one of them still being confirmed, and a place that has to wait."""
    row = _who(story)
    if row is None:
        return
    world = story.world
    await _sent(story, row, "USDT", Decimal(480), 0.0)
    await _sent(story, row, "BTC", Decimal("0.0085"), SLOW_S)
    await world.to(world.clock.now + timedelta(minutes=1))
    async with world.work(story.ref, world.client(row.id), "demo.place") as work:
        await destinations.add(work, row.id, places.crypto("tron", "USDT", OTHER))
    await world.pump(story.ref)


async def _sent(story: Story, row: Played, asset: str, amount: Decimal, block_s: float) -> None:
    """Somebody sends coins to the client's address; we ask what came."""
    world = story.world
    async with world.work(story.ref, purpose="demo.look") as work:
        address = await work.first(
            select(DepositAddress).where(
                DepositAddress.client == row.id,
                DepositAddress.asset == asset,
                DepositAddress.address.is_not(None),
            )
        )
    if address is None:
        return
    order = {"address": address.address, "amount": str(amount), "block_s": block_s}
    await world.lever(CODE, "/_sandbox/send", order)
    if not block_s:
        await world.lever(CODE, "/_sandbox/settle", {"wait_s": 0})
    await arriving.look(world.opener(story.ref, purpose="demo.coins"), address.id)
    await world.pump(story.ref)


def _who(story: Story) -> Played | None:
    """The client whose login the demo gives away."""
    there = story.wish.slug == "pulse" and CODE in story.world.config.services
    return story.played[0] if there and story.played else None


def _now(work: Work, name: str) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(work.settings(PRODUCT.slices[name]))
    return told
