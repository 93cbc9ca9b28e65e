"""What the dealing desk looks at: alerts and what is done about them, hedges, copied strategies."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.demo.connect import change
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped, tried
from brokerage.product import PRODUCT
from brokerage.risk import actions, alerts, hedging, limits, points, providers, signs
from brokerage.risk.model import RiskAlert
from brokerage.trading.model import TradingAccount
from stoa.tenancy.settings import as_data
from stoa.tenancy.work import Work

_HELD: Final = "XAUUSD,-3.5\nEURUSD,-12\nUS500,4\nGBPUSD,-6.25"


async def happen(story: Story) -> None:
    """Limits are measured, some people are noticed, and two accounts get close-only."""
    rows = [row for row in story.played if row.logins]
    await _copied(story, rows)
    await tried(
        story,
        story.hands["dealing"],
        "hedge",
        hedging.write_down,
        hedging.lines(_HELD),
        whole=True,
    )
    await _bounds(story)
    opener = story.world.opener(story.ref, purpose="demo.risk")
    await limits.sweep(opener)
    await signs.sweep(opener)
    await points.keep(opener)
    await story.world.pump(story.ref)
    await _noticed(story, rows)
    await _taken(story)


async def _bounds(story: Story) -> None:
    """The dealing desk's own bounds: those of a house with a hundred clients."""
    most = {"symbol-net": "12000", "book-net": "400000", "provider-net": "20000"}
    async with story.world.work(story.ref, purpose="demo.bounds") as work:
        body = as_data(work.settings(PRODUCT.slices["risk"]))
        bounds = [{**one, "most": most.get(one["code"], one["most"])} for one in body["limits"]]
        tiers = [{**one, "most": "22000"} for one in body["clients"]]
        await change(work, "risk", limits=bounds, clients=tiers)


async def _copied(story: Story, rows: list[Played]) -> None:
    """One account is a strategy that four others copy."""
    accounts = [row.live for row in rows[:5] if row.live is not None]
    if len(accounts) < 3:
        return
    async with story.world.work(story.ref, purpose="demo.look") as work:
        logins = [(await work.get(TradingAccount, one)).login for one in accounts[1:]]
    await tried(
        story,
        story.hands["dealing"],
        "copy",
        providers.follow,
        accounts[0],
        [one for one in logins if one],
    )


async def _noticed(story: Story, rows: list[Played]) -> None:
    """Seen without a rule: one limited by two people's word, one waits for the second person."""
    told = (
        ("Trades only in the second of the news", True),
        ("Both sides of gold over two accounts", False),
    )
    for row, (why, agreed) in zip(rows[-4:-2], told, strict=False):
        if row.live is not None:
            await _limited(story, row, row.live, why=why, agreed=agreed)


async def _limited(story: Story, row: Played, account: UUID, *, why: str, agreed: bool) -> None:
    desk, name = story.hands["dealing"], f"{row.someone.first} {row.someone.last}"
    made = await tried(
        story,
        desk,
        "alert",
        alerts.by_hand,
        client=row.id,
        account=account,
        name=name,
        why=why,
    )
    kind = await tried(story, desk, "able", _able, account)
    if made is None or kind is None:
        return
    await tried(
        story,
        desk,
        "action",
        actions.ask,
        made.id,
        kind=kind,
        leverage=5 if kind == "leverage" else None,
        why=why,
    )
    if agreed:
        await pumped(story, story.hands["owner"], "action", actions.agree, made.id)
        await tried(story, desk, "action", actions.follow)


async def _able(work: Work, account: UUID) -> str:
    """The strictest thing the account's platform can be told."""
    able = actions.possible(work, await work.get(TradingAccount, account))
    return next((one for one in ("no-trading", "close-only") if one in able), "leverage")


async def _taken(story: Story) -> None:
    """Of what the limits raised, one is taken with a word about it."""
    desk = story.hands["dealing"]
    async with story.world.work(story.ref, purpose="demo.look") as work:
        found = await work.first(
            select(RiskAlert.id)
            .where(RiskAlert.rule != "by-hand", RiskAlert.state == "open")
            .order_by(RiskAlert.id)
        )
    if found is not None:
        await tried(story, desk, "take", alerts.take, found)
        said = "Half of it is passed on by noon; the rest when London closes."
        await tried(story, desk, "remark", alerts.remark, found, said)
