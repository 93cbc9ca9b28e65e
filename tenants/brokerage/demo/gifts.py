"""Bonuses of the story: campaigns, who takes one, and cashback for lots."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from brokerage.bonuses import campaigns, grants
from brokerage.bonuses.terms import Terms, Tier
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from stoa.kernel.refusals import Refusal

_WELCOME: Final = "welcome"
_LOTS: Final = "lots-back"


def _offers(currency: str) -> dict[str, tuple[str, Terms, str]]:
    """By code: name, terms, and what became of it."""
    return {
        _WELCOME: (
            "Welcome bonus",
            Terms(
                percent=Decimal(30),
                most=Decimal(500),
                currency=currency,
                least_deposit=Decimal(100),
                valid_days=60,
                lots_per_100=Decimal("0.2"),
                release="steps",
                symbols=("EUR*", "GBP*", "USD*", "XAUUSD"),
                burn="pro-rata",
                once_per=("device",),
            ),
            "live",
        ),
        _LOTS: (
            "Lots back",
            Terms(
                kind="cashback",
                most=Decimal(750),
                currency=currency,
                valid_days=90,
                once_per=("device",),
                tiers=(
                    Tier(from_lots=Decimal(0), amount=Decimal(8)),
                    Tier(from_lots=Decimal("0.5"), amount=Decimal(10)),
                    Tier(from_lots=Decimal(5), amount=Decimal(12)),
                ),
            ),
            "live",
        ),
        "spring": (
            "Spring top-up",
            Terms(percent=Decimal(15), most=Decimal(200), currency=currency, first=2, last=0),
            "ended",
        ),
        "vip": (
            "For our largest clients",
            Terms(
                percent=Decimal(10), most=Decimal(5_000), currency=currency, tags=("vip",), last=0
            ),
            "draft",
        ),
    }


async def offer(story: Story) -> None:
    """The campaigns, as marketing made them before the story begins."""
    async with story.world.work(story.ref, story.hands["owner"], "demo.campaigns") as work:
        for code, (title, terms, becomes) in _offers(story.ref.base_currency).items():
            row = await campaigns.make(work, code, title, terms)
            if becomes != "draft":
                await campaigns.move(work, row.id, "live")
            if becomes == "ended":
                await campaigns.move(work, row.id, "ended")
            story.campaigns[code] = row.id


async def take(story: Story, row: Played, number: int) -> None:
    """Two of three want the welcome bonus, each third of them money for lots; where the rules of
    their country forbid it they get none.
    """
    wanted: list[UUID] = []
    if number % 3:
        wanted.append(story.campaigns[_WELCOME])
    if number % 3 == 0:
        wanted.append(story.campaigns[_LOTS])
    for campaign in wanted:
        try:
            async with story.world.work(
                story.ref, story.world.client(row.id), "demo.bonus"
            ) as work:
                await grants.take(work, row.id, campaign=campaign)
        except Refusal:
            return
