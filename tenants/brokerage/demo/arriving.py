"""How a client arrives: by whose link, a demo account, the papers; and how some become partners."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import hooks, joining, verification
from brokerage.demo import alliances, recent, staffing, verify
from brokerage.demo.cast import Someone
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.kyc import jobs as kyc_jobs
from brokerage.partners.tree import partners as partner_verbs
from brokerage.trading import accounts
from brokerage.trading.model import TradingAccount
from stoa.kernel.ids import uuid7


async def register(
    story: Story, someone: Someone, joined: datetime, fate: str, *, known: bool
) -> Played:
    visitor = uuid7(int(joined.timestamp() * 1000))
    partner = (
        story.chance.choice(story.partners)
        if story.partners and story.chance.random() < 0.6
        else None
    )
    code = story.links.get(partner) if partner else None
    source = None if partner else story.chance.choice(["search", "social", "friend"])
    touch = await touched(story, visitor, code, source)
    async with story.world.work(story.ref, purpose="demo.register") as work:
        row = await joining.register(
            work,
            email=someone.email,
            first_name=someone.first,
            last_name=someone.last,
            country=someone.country,
            language=someone.language,
            password=staffing.PASSWORD if known else None,
            birth_date=someone.born,
            touch=touch,
        )
    if fate != "left-half-way":
        await story.world.to(joined + timedelta(minutes=3))
        async with story.world.work(story.ref, story.world.client(row.id), "demo.confirm") as work:
            await verification.confirm(work, row.id)
    await story.world.pump(story.ref)
    return Played(row.id, someone, joined, fate, partner)


async def touched(story: Story, visitor: UUID, code: str | None, source: str | None) -> hooks.Touch:
    """What brought somebody here: mostly one link, for some two, for one an invitation."""
    codes = [code]
    if len(story.played) in alliances.CONTESTED:
        codes = [story.links[one] for one in story.partners[1:3]]
    elif len(story.played) == alliances.INVITED and story.invitation:
        codes = [story.invitation]
    touches = [
        hooks.Touch(visitor=visitor, code=one, source=None if one else source) for one in codes
    ]
    async with story.world.work(story.ref, purpose="demo.register") as work:
        for touch in touches:
            for hook in hooks.on_touch:
                await hook(work, touch)
    return touches[-1]


async def open_demo(story: Story, row: Played) -> None:
    if row.fate == "left-half-way" or story.chance.random() < 0.45:
        return
    async with story.world.work(story.ref, story.world.client(row.id), "demo.account") as work:
        account = await accounts.open_account(work, row.id, product="demo", currency="USD")
    row.demo = account.id
    await story.world.pump(story.ref)


async def verified(story: Story, row: Played) -> None:
    await story.world.to(row.joined + timedelta(minutes=20))
    papers = {kind: story.papers[kind] for kind in ("identity", "address")}
    if row.fate in {"in-queue", "asked-again"}:
        blurred = row.fate == "asked-again"
        picture = verify.card(row.someone, blurred=blurred)
        seen, made = await verify.prepared(picture, "card.jpg")
        papers["identity"] = (seen, made, verify.identity_told)
    if row.fate in recent.SEEN_BY_A_PERSON:
        for kind, content, told in (
            ("identity", verify.card(row.someone), verify.identity_told),
            ("address", verify.bill(row.someone), verify.address_told),
        ):
            seen, made = await verify.prepared(content, f"{kind}.jpg")
            papers[kind] = (seen, made, told)
    async with story.world.work(story.ref, story.world.client(row.id), "demo.verify") as work:
        case = await verify.fill(
            work, row.id, row.someone, papers, today=story.world.clock.now.date(),
            hand_in=row.fate != "asked-again", pep="current" if row.fate == "pep" else "none",
        )  # fmt: skip
    await story.world.pump(story.ref)
    if row.fate in {"in-queue", "asked-again"}:
        return
    if row.fate == "forged":
        verdict = {"answer": "RED", "rejectType": "FINAL", "label": "FORGERY"}
        asked = {"externalUserId": str(case), **verdict}
        await story.world.lever("sumsub", "/_sandbox/decide", asked)
    await story.world.settle("sumsub")
    await story.world.to(story.world.clock.now + timedelta(minutes=3))
    await kyc_jobs.ask_the_silent(story.world.opener(story.ref, purpose="demo.poll"))
    await story.world.pump(story.ref)
    async with story.world.work(story.ref, purpose="demo.look") as work:
        row.live = await work.first(
            select(TradingAccount.id).where(
                TradingAccount.client == row.id, TradingAccount.kind == "live"
            )
        )


async def become_partner(story: Story, row: Played, number: int) -> None:
    """Two masters, three subs below them, three below those."""
    above = {0: None, 1: None, 2: 0, 3: 0, 4: 1, 5: 2, 6: 2, 7: 4}[number]
    rate = {0: None, 1: None, 2: "4.00", 3: "3.50", 4: "4.00", 5: "3.00", 6: "2.50", 7: "3.00"}[
        number
    ]
    parent = story.partners[above] if above is not None else None
    async with story.world.work(story.ref, purpose="demo.partner") as work:
        partner = await partner_verbs.enrol(
            work, row.id, parent=parent, rates={"per-lot": rate} if rate else None
        )
        story.links[row.id] = partner.code
    story.partners.append(row.id)
    await story.world.pump(story.ref)
