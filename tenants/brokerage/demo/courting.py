"""What sales do in two months: leads of every source, calls, tasks, segments, a campaign."""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import clients as client_verbs
from brokerage.clients import timeline
from brokerage.crm import campaigns, imports, jobs, leads, segments, tasks
from brokerage.crm.campaigns import Text
from brokerage.crm.leads import Wish
from brokerage.crm.model import Lead, Task
from brokerage.crm.segments import Conditions
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from stoa.kernel.refusals import Refusal

SOURCES: Final = (
    ("webinar", "gold-in-autumn"),
    ("search", "brand"),
    ("social", "reels-03"),
    ("partner", ""),
    ("form", "landing-b"),
)
CALLS: Final = (
    "Spoke for ten minutes: trades indices elsewhere, asks about overnight costs.",
    "No answer; will try again in the evening.",
    "Wants the demo first. Sent the link.",
    "Compares us with two others. Cares for withdrawal times most.",
)


async def arrive(story: Story, number: int) -> None:
    """A lead by form or webinar; sales call most of them and move them along."""
    someone = next(story.strangers)
    source, campaign = SOURCES[number % len(SOURCES)]
    sales = story.hands["sales" if number % 2 else "sales2"]
    wish = Wish(
        name=f"{someone.first} {someone.last}",
        email=someone.email,
        country=someone.country,
        language=someone.language,
        source=source,
        campaign=campaign,
    )
    async with story.world.work(story.ref, sales, "demo.lead") as work:
        made = (await leads.create(work, wish)).id
    if number % 4 == 0:
        return
    await story.world.to(story.world.clock.now + timedelta(minutes=25))
    async with story.world.work(story.ref, story.hands["owner"], "demo.call") as work:
        await leads.note(work, made, CALLS[number % len(CALLS)], kind="call")
        if number % 3:
            await leads.move(work, made, "contacted")
        if number % 6 == 1:
            await leads.move(work, made, "interested")
        if number % 7 == 5:
            await leads.move(work, made, "lost")
        for task in await work.rows(select(Task.id).where(Task.about == made)):
            await tasks.done(work, task)


async def sweep(story: Story) -> None:
    """Sign-ups nobody finished become leads, at the hour they would."""
    await jobs.gather_unverified(story.world.opener(story.ref, purpose="demo.unverified"))


async def call_back(story: Story) -> None:
    """Sales work through the oldest of the new leads, three at a time."""
    owner = story.hands["owner"]
    async with story.world.work(story.ref, owner, "demo.call-back") as work:
        rows = await work.rows(
            select(Lead)
            .where(Lead.stage == "new", Lead.created_at < work.now - timedelta(days=2))
            .order_by(Lead.id)
            .limit(3)
        )
        for at, row in enumerate(rows):
            await leads.note(work, row.id, CALLS[at % len(CALLS)], kind="call")
            await leads.move(work, row.id, ("contacted", "lost", "interested")[at])
            for task in await work.rows(select(Task.id).where(Task.about == row.id)):
                await tasks.done(work, task)


async def keep(story: Story) -> None:
    """Segments people work with, a campaign that was sent and one that is being written."""
    owner = story.hands["owner"]
    quiet = Conditions(deposits_min=Decimal(500), trade="older", trade_days=14)
    brought = Conditions(
        deposits_min=Decimal(300), states=("active",), partner=story.links[story.partners[0]]
    )
    never = Conditions(levels=("verified",), deposits_max=Decimal(0))
    async with story.world.work(story.ref, owner, "demo.segments") as work:
        sleepers = (await segments.save(work, "Deposited 500, no trade in 14 days", quiet)).id
        await segments.save(work, "Brought by our first partner, active", brought)
        ready = (await segments.save(work, "Verified, never deposited", never)).id
    await _campaign(story, "Your account is ready", ready, send=True)
    await _campaign(story, "Gold is moving again", sleepers, send=False)
    lines = "name,email,country,campaign\n" + "".join(
        f"{one.first} {one.last},{one.email},{one.country},expo-2026\n"
        for one in (next(story.strangers) for _ in range(9))
    )
    async with story.world.work(story.ref, owner, "demo.leads-file") as work:
        await imports.upload(
            work,
            (lines + "Nobody,not-an-address,XX,\n").encode(),
            name="expo-stand.csv",
            source="expo",
        )
    await story.world.pump(story.ref)


async def _campaign(story: Story, name: str, segment: UUID, *, send: bool) -> None:
    text = Text(
        subject=f"{name}, {{first_name}}",
        body="Hello {first_name},\n\nyour account waits for you. Deposits by card arrive at once.",
        action="Open my account",
    )
    owner = story.hands["owner"]
    async with story.world.work(story.ref, owner, "demo.campaign") as work:
        made = (
            await campaigns.save(
                work, name=name, segment=segment, texts={"en": text}, path="/deposit"
            )
        ).id
    if not send:
        return
    try:
        async with story.world.work(story.ref, owner, "demo.campaign") as work:
            await campaigns.start(work, made)
    except Refusal as why:
        story.world.tell(f"{story.wish.name}: a campaign was refused: {why}")
    await story.world.pump(story.ref)


async def plan(story: Story) -> None:
    """Today's tasks of the people one signs in as, some of them late."""
    clients = [row for row in story.played if row.logins][:8]
    wanted = (
        ("owner", "Sign the agreement with the liquidity provider", 4, None),
        ("owner", "Look at last month's chargebacks with finance", -3, None),
        ("owner", "Call about the corporate account", 7, 0),
        ("finance", "Match yesterday's card settlement", 2, None),
        ("sales", "Send the swap-free terms", 1, 1),
        ("sales2", "Call back after the webinar", -5, 2),
        ("support", "Explain the rejected document once more", 3, 3),
        ("compliance", "Ask for a newer proof of address", 5, 4),
    )
    async with story.world.work(story.ref, story.hands["owner"], "demo.tasks") as work:
        for short, title, hours, about in wanted:
            client = clients[about].id if about is not None and about < len(clients) else None
            await tasks.open(
                work,
                title,
                owner=story.staff[short],
                about=client,
                about_kind="client" if client else None,
                path=f"/desk/clients/{client}" if client else None,
                due=story.world.real_now + timedelta(hours=hours),
            )


async def speak(story: Story, row: Played) -> None:
    """A client gets an owner and a first note."""
    sales = story.hands[story.chance.choice(["sales", "sales2", "support"])]
    text = story.chance.choice(
        [
            "Called, asked about spreads on gold. Will deposit this week.",
            "Prefers e-mail. Trades after work only.",
            "Wants to know how withdrawals to the card work; explained.",
            "Came from a webinar. Interested in the partner programme.",
        ]
    )
    async with story.world.work(story.ref, purpose="demo.note") as work:
        await client_verbs.assign(work, row.id, sales.id)
        await timeline.note(work, row.id, "note", text)
