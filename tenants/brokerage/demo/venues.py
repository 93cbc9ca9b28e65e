"""The second sub-broker's other platforms: DXtrade beside MT5, and a drop copy of its prime broker.

Some clients have an account on DXtrade too, where pairs are written with a stroke, so that exposure
has names to merge; two have one at the prime broker, of which a FIX session tells. In the end DXtrade is
to be given up: who has nothing open there moves to MT5, and the report says why the others stay.
"""

import secrets as chance
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from brokerage.demo.connect import change
from brokerage.demo.played import Beside, Played
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped, tried
from brokerage.ledger import wallets
from brokerage.trading import accounts, groups, transfers
from brokerage.trading.dropcopy import mapping
from brokerage.trading.lifecycle import batches, placing
from brokerage.trading.lifecycle.model import BatchState
from brokerage.trading.lifecycle.placing import Route
from brokerage.trading.model import Deal, TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.kernel.money import Money
from stoa.tenancy.settings import as_data
from stoa.vault import credentials

FIRST: Final = "mt5-live"
SECOND: Final = "dxtrade-live"
COPY: Final = "prime-copy"
_PRODUCT: Final = "active"
_ADMINISTRATOR: Final = 2002
_EVERY: Final = 7
_MOST: Final = 6
_DEALS: Final = 60
_UNITS: Final = {"EURUSD": 200_000, "XAUUSD": 200, "US500": 20}
_FILLS: Final = 24
_PASSES: Final = 8


async def connect(story: Story) -> None:
    """Both are connected before anybody comes."""
    if story.wish.platforms < 2:
        return
    world, password = story.world, f"Dx!{chance.token_hex(8)}"
    await world.lever("dxtrade", "/managers", {"login": _ADMINISTRATOR, "password": password})
    async with world.work(story.ref, purpose="demo.connect") as work:
        await credentials.put(work, "dxtrade.admin", password)
        body = as_data(work.settings(TradingSettings))
        name = story.wish.name.partition(" ")[0]
        second = {
            "code": SECOND,
            "connector": "dxtrade",
            "kind": "live",
            "label": f"{name} DXtrade",
            "groups": [{"group": "STANDARD", "when": {"currency": ["USD"]}}],
            "settings": {"base_url": "service:dxtrade", "username": str(_ADMINISTRATOR)},
        }
        copy = {
            "code": COPY,
            "connector": "fix-drop-copy",
            "kind": "live",
            "label": "Prime broker",
            "groups": [],
            "settings": {
                "host": "service:fix",
                "tls": False,
                "sender": "BROKER",
                "target": "MARKET",
            },
        }
        product = {
            "code": _PRODUCT,
            "label": "Active",
            "about": "DXtrade, for those who look at charts all day.",
            "kind": "live",
            "server": SECOND,
            "currencies": ["USD"],
            "leverages": [100],
        }
        await change(
            work,
            "trading",
            servers=[*body["servers"], second, copy],
            products=[*body["products"], product],
        )
    opener = world.opener(story.ref, purpose="demo.groups")
    await groups.ask(opener, SECOND)


async def open_beside(story: Story, row: Played) -> None:
    """Every so many of those who trade open a second account, with what the wallet still holds."""
    traders = sum(bool(one.logins) for one in story.played)
    wanted = traders % _EVERY == 1 and len(story.beside) < _MOST
    if story.wish.platforms < 2 or not row.logins or not wanted:
        return
    world, client = story.world, story.world.client(row.id)
    await world.server_at("dxtrade")
    made = await pumped(
        story, client, "beside", accounts.open_account, row.id, product=_PRODUCT, currency="USD"
    )
    if made is None:
        return
    async with world.work(story.ref, client, "demo.fund") as work:
        account = await work.get(TradingAccount, made.id)
        held = await wallets.available(work, row.id, account.currency)
        amount = Money(held.amount * Decimal("0.9"), account.currency).floored()
        if account.login is None or amount.amount < 20:
            return
        await transfers.to_account(work, account.id, amount)
    await world.pump(story.ref)
    login, funded = account.login, await world.server_at("dxtrade")
    story.beside.append(Beside(row, account.id, login, funded))


async def trade(story: Story) -> None:
    """The second server makes its own past; the last account there has nothing open any more."""
    for at, one in enumerate(story.beside):
        await story.world.lever(
            "dxtrade",
            "/history",
            {
                "logins": [one.login],
                "from": (one.funded + timedelta(minutes=10)).isoformat(),
                "to": story.world.real_now.isoformat(),
                "deals": _DEALS,
                "seed": story.wish.seed + at,
                "style": "swing" if at % 2 else "day",
                "keep_open": 0 if at == len(story.beside) - 1 else 3,
            },
        )


async def happen(story: Story) -> None:
    """In the last hours."""
    if not story.beside:
        return
    await _copied(story)
    await _moved(story)


async def _copied(story: Story) -> None:
    """What the prime broker did for two clients; of a third account nobody knows whose it is."""
    world = story.world
    rows = [one for one in story.played if one.logins][2:4]
    names = [f"PRIME-{at:02d}" for at in range(1, len(rows) + 1)]
    for name, row in zip(names, rows, strict=True):
        await pumped(
            story, story.hands["owner"], "adopt", mapping.adopt, COPY, name,
            client=row.id, currency="USD",
        )  # fmt: skip
    told: list[str] = []
    for at, symbol in enumerate(_UNITS):
        prices = await _prices(story, symbol)
        for name in names:
            told += await _fills(story, name, symbol, prices[at:])
    if len(told) > 9:
        await world.lever("fix", "/fix/cancel", {"exec_id": told[5]})
        changed = {"exec_id": told[8], "quantity": str(_UNITS["EURUSD"] // 2)}
        await world.lever("fix", "/fix/correct", changed)
    for fill in await _prices(story, "EURUSD"):
        await _fill(story, "PRIME-09", "EURUSD", 100_000, "1", fill)
        break
    bent = {"account": names[0], "price": "0", "exec_id": "Z1"}
    await world.lever("fix", "/fix/fill", bent)


async def _prices(story: Story, symbol: str) -> list[Any]:
    """What this symbol was dealt at, oldest first."""
    async with story.world.work(story.ref, purpose="demo.look") as work:
        rows = await work.table(
            select(Deal.at, Deal.price)
            .where(Deal.server == FIRST, Deal.symbol == symbol)
            .order_by(Deal.at.desc())
            .limit(_FILLS)
        )
    return list(reversed(list(rows)))


async def _fills(story: Story, account: str, symbol: str, prices: list[Any]) -> list[str]:
    """In and out by turns, mostly on the right side; the last stays open."""
    told: list[str] = []
    pairs = list(zip(prices[::2], prices[1::2], strict=False))
    for number, (first, then) in enumerate(pairs):
        up = (then.price > first.price) is (number % 4 != 3)
        sides = ("1", "2") if up else ("2", "1")
        last = number == len(pairs) - 1
        for side, at in zip(sides, (first,) if last else (first, then), strict=False):
            told.append(await _fill(story, account, symbol, _UNITS[symbol], side, at))
    return told


async def _fill(story: Story, account: str, symbol: str, units: int, side: str, at: Any) -> str:
    made = await story.world.lever(
        "fix",
        "/fix/fill",
        {
            "account": account,
            "symbol": symbol,
            "side": side,
            "quantity": str(units),
            "price": f"{at.price:f}",
            "commission": "6",
            "at": f"{at.at:%Y%m%d-%H:%M:%S}.{at.at.microsecond // 1000:03d}",
        },
    )
    return str(made["exec_id"])


async def _moved(story: Story) -> None:
    """Everybody on the second server is planned; who can move does, and the report is kept."""
    world, owner = story.world, story.hands["owner"]
    opener = world.opener(story.ref, purpose="demo.move")
    await groups.ask(opener, FIRST)
    made = await tried(
        story,
        owner,
        "move",
        placing.plan,
        Route(source=SECOND, target=FIRST, products={_PRODUCT: "standard"}),
        "One platform less to look after",
    )
    if made is None:
        return
    started = await tried(story, owner, "batch-start", batches.start, made.id)
    if started is not None and started.state == BatchState.ASKED:
        await tried(story, story.hands["dealing"], "batch-agree", batches.agree, made.id)
    for _ in range(_PASSES):
        await batches.sweep(opener)
        await world.pump(story.ref)
        await world.to(world.clock.now + timedelta(seconds=4))
