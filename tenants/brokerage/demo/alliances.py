"""What happens between partners and the house: invitations, disputed clients, objections, other terms."""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.demo.connect import change
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped, tried
from brokerage.partners import campaigns, payouts
from brokerage.partners.fees import booking
from brokerage.partners.fees.booking import Fact
from brokerage.partners.model import Attribution, Partner, PartnerPayout, Reward
from brokerage.partners.objecting import deciding, raising
from brokerage.partners.parallel import runs
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import terms as sharing
from brokerage.partners.tree import attribution, joining, ratios
from stoa.tenancy import settings
from stoa.tenancy.work import Work

CONTESTED: Final = frozenset({26, 53, 84})
"""The clients whom two partners brought, by their number in the story."""
INVITED: Final = 40
_SHEET: Final = 24


async def invite(story: Story) -> str:
    """The first partner invites somebody to work below them; the code of the invitation."""
    above = story.partners[0]
    made = await tried(
        story,
        story.world.client(above),
        "colleagues",
        campaigns.add,
        above,
        "Colleagues",
        rates={"per-lot": "2.00"},
    )
    return made.code if made is not None else ""


async def join(story: Story, row: Played) -> None:
    """Who came by the invitation reads the terms and agrees to them."""

    async def agreed(work: Work) -> Partner:
        known = work.settings(PartnerSettings)
        return await joining.join(work, version=known.plan(known.default_plan).version)

    made = await pumped(story, story.world.client(row.id), "join", agreed)
    if made is not None:
        story.links[row.id] = made.code
        story.partners.append(row.id)


async def offer(story: Story) -> None:
    """The standard plan shares the fees that others tell of, from the first day on."""
    async with story.world.work(story.ref, purpose="demo.plans") as work:
        body = settings.as_data(work.settings(PartnerSettings))
        share = {"kind": "fee-share", "percent": "20", "when": {"source": ["prop", "copy", "pamm"]}}
        body["plans"][0]["rewards"].append(share)
        await change(work, "partners", plans=body["plans"])


async def happen(story: Story) -> None:
    """After the rewards of two months were counted."""
    await _contests(story)
    await _objections(story)
    await _told_fees(story)
    await _beside(story)
    await _terms(story)
    await _paid(story)


async def _contests(story: Story) -> None:
    """Of the clients whom two partners brought, the oldest is decided; the others wait."""
    async with story.world.work(story.ref, purpose="demo.look") as work:
        row = await work.first(
            select(Attribution)
            .where(Attribution.contest == "open")
            .order_by(Attribution.valid_from)
        )
    if row is not None:
        owner = story.hands["owner"]
        await pumped(
            story,
            owner,
            "contest",
            attribution.confirm,
            row.client,
            row.valid_from,
        )


async def _rewards(story: Story, partner: UUID, most: int) -> list[Reward]:
    async with story.world.work(story.ref, purpose="demo.look") as work:
        return list(
            await work.rows(
                select(Reward)
                .where(Reward.partner == partner, Reward.deal > 0, Reward.kind == "per-lot")
                .order_by(Reward.deal_at.desc(), Reward.id)
                .limit(most)
            )
        )


async def _objections(story: Story) -> None:
    """One to a deal that earned nothing, one to a whole month by the partner's own sheet, one answered."""
    first, third = story.partners[0], story.partners[2]
    mine = await _rewards(story, first, 60)
    excluded = next((one for one in mine if one.excluded), mine[0] if mine else None)
    if excluded is not None:
        says = "This trade was held over the night. Why does it earn nothing?"
        await tried(
            story,
            story.world.client(first),
            "objection",
            raising.to_line,
            excluded.id,
            claimed=None,
            says=says,
        )
    theirs = await _rewards(story, third, _SHEET)
    if not theirs:
        return
    content, month = _sheet(theirs), f"{theirs[0].deal_at:%Y-%m}"
    says = "My own list says more than your statement."
    await tried(
        story,
        story.world.client(third),
        "objection",
        raising.to_month,
        month,
        content,
        name="my-deals.csv",
        says=says,
    )
    if len(mine) > 1 and (other := next((one for one in mine if one is not excluded), None)):
        made = await tried(
            story,
            story.world.client(first),
            "objection",
            raising.to_line,
            other.id,
            claimed=other.amount * 2,
            says="We agreed on more for this client.",
        )
        if made is not None:
            why = "The agreement of your plan names this rate; no other was ever in force."
            await pumped(
                story,
                story.hands["owner"],
                "answer",
                deciding.refuse,
                made.id,
                why=why,
            )


def _sheet(rows: list[Reward]) -> bytes:
    """A partner's own list: one deal too many, one too high, the others as we have them."""
    lines = ["Deal;Lots;Commission"]
    for at, row in enumerate(rows):
        amount = row.amount * 2 if at == 3 else row.amount
        lines.append(f"{row.deal};{row.lots:.2f};{amount:.2f}")
    lines.append(f"{rows[0].deal + 900_000_001};0.50;4.00")
    return "\n".join(lines).encode()


async def _told_fees(story: Story) -> None:
    """A prop firm and a copy service tell fees that partners share in; one is given back."""
    rows = [row for row in story.played if row.partner is not None and row.live is not None][:6]
    day = timedelta(days=1)
    facts = [
        Fact(
            kind=("prop", "copy", "pamm")[at % 3],
            reference=f"PF-{4410 + at}",
            client=row.id,
            amount=Decimal(("149.00", "38.20", "61.75")[at % 3]),
            currency="USD",
            at=story.world.clock.now - day * (at * 4 + 1),
            account=row.live,
        )
        for at, row in enumerate(rows)
    ]
    owner = story.hands["owner"]
    told = await pumped(story, owner, "fees", booking.tell, facts)
    if told is not None and told[0]:
        first = told[0][0].id
        why = "The challenge was cancelled within the first day."
        await pumped(story, owner, "fee-back", booking.undo, first, why=why)


async def _beside(story: Story) -> None:
    """The rewards of the system before this one, laid beside ours for the last whole month."""
    month = story.world.real_now.replace(day=1) - timedelta(days=1)
    start = month.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    async with story.world.work(story.ref, purpose="demo.look") as work:
        rows = await work.table(
            select(
                Partner.code,
                Reward.server,
                Reward.deal,
                func.sum(Reward.amount).label("amount"),
                func.max(Reward.lots).label("lots"),
            )
            .join(Partner, Partner.id == Reward.partner)
            .where(
                Reward.deal > 0,
                Reward.deal_at >= start,
                Reward.deal_at < start + timedelta(days=32),
            )
            .group_by(Partner.code, Reward.server, Reward.deal)
            .order_by(Partner.code, Reward.deal)
        )
    lines, off = ["partner;deal;lots;amount"], story.links[story.partners[1]]
    for number, row in enumerate(rows):
        more = Decimal("0.50") if row.code == off and number % 9 == 0 else Decimal(0)
        lines.append(f"{row.code};{row.server}:{row.deal};{row.lots:.2f};{row.amount + more:.4f}")
    await tried(
        story,
        story.hands["owner"],
        "beside",
        runs.keep,
        f"{month:%Y-%m}",
        "\n".join(lines).encode(),
        "old-system.csv",
    )


async def _terms(story: Story) -> None:
    """A plan with a better rate waits for a second person; so do one partner's ratios; a share is asked."""
    owner, head = story.hands["owner"], story.hands["head"]

    async def better(work: Work) -> int | None:
        known = work.settings(PartnerSettings)
        body = settings.as_data(known)
        plan = body["plans"][0]
        plan["version"] = int(plan["version"]) + 1
        plan["rewards"][0]["rate"]["amount"] = "6.00"
        value = settings.parse("partners", PartnerSettings, body)
        return await settings.put(work, "partners", value, why="A better rate for the last quarter")

    await tried(story, owner, "plan", better)
    since = story.world.clock.now + timedelta(days=2)
    for partner, ratio, agreed in (
        (story.partners[1], Decimal("1.2"), False),
        (story.partners[4], Decimal("0.9"), True),
    ):
        await tried(
            story,
            owner,
            "ratios",
            ratios.ask, partner, ratio=ratio, master=Decimal(1), since=since, until=None,
                why="Agreed at the meeting in Limassol",
        )  # fmt: skip
        if agreed:
            await pumped(story, head, "ratios", ratios.agree, partner)
    for row in [row for row in story.played if row.partner == story.partners[0]][:2]:
        start = story.world.clock.now
        await tried(
            story,
            story.world.client(story.partners[0]),
            "share",
            sharing.ask,
            row.id,
            percent=Decimal(20),
            since=start,
            cap=None,
        )


async def _paid(story: Story) -> None:
    """Payouts that finance made: the smallest is agreed to and paid, one is stopped."""
    head = story.hands["head"]
    async with story.world.work(story.ref, purpose="demo.look") as work:
        waiting = list(
            await work.rows(
                select(PartnerPayout)
                .where(PartnerPayout.state == "waiting")
                .order_by(func.abs(PartnerPayout.amount))
            )
        )
    for row in waiting[:1]:
        await pumped(
            story,
            head,
            "payout",
            payouts.approve,
            row.id,
            payouts.seal(row),
            note="Looked at with the partner.",
        )
    for row in waiting[2:3]:
        why = "An objection of theirs is open; it is counted with the next one."
        await pumped(story, head, "payout", payouts.refuse, row.id, why=why)


__all__ = ["CONTESTED", "INVITED", "happen", "invite", "join"]
