"""Two months in the life of a demo tenant, told by the product's own verbs."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from brokerage.demo import (
    alliances,
    arriving,
    changes,
    coins,
    courting,
    day,
    dealing,
    forgetting,
    gifts,
    leaving,
    lives,
    money,
    outage,
    proof,
    recent,
    returning,
    staffing,
    undoing,
    venues,
    verify,
    watch,
    wires,
)
from brokerage.demo.cast import STAFF, people
from brokerage.demo.recent import LATE, Late
from brokerage.demo.story import DAYS, Story
from stoa.control import pulse

CLIENTS: Final = 110
OUTAGE: Final = 68
"""So many clients have come when the card provider has a bad hour."""
COINS: Final = 30
"""So many have come when the first of them asks for addresses of coins."""


FATES: Final = (
    ("trader", 62),
    ("depositor", 10),
    ("verified", 8),
    ("in-queue", 8),
    ("asked-again", 5),
    ("demo-only", 9),
    ("left-half-way", 8),
)


async def tell(story: Story) -> None:
    """The whole story, in order of time."""
    await _prepare(story)
    early = [
        (story.start + timedelta(minutes=story.chance.randint(0, DAYS * 1440 - 2000)), None)
        for _ in range(CLIENTS)
    ]
    late = [(recent.moment(one, story.world.real_now), one) for one in LATE[story.wish.slug]]
    joins = sorted([*early, *late], key=lambda one: one[0])
    weeks = proof.ends(story)[:-1]
    for number, (joined, about) in enumerate(joins):
        while weeks and weeks[0] <= joined:
            await _week(story, weeks.pop(0))
        await story.world.to(joined)
        await _one(story, number, joined, about)
        await _besides(story, number)
        if number % 5 == 0:
            await courting.sweep(story)
        if number % 8 == 7:
            await courting.call_back(story)
        if number % 4 == 0:
            await pulse.take(story.world.door, story.world.provisioner.product, story.ref)
        if number % 3 == 1:
            await courting.arrive(story, number // 3)
        if number % 10 == 9:
            story.world.tell(f"{story.wish.name}: {number + 1} of {len(joins)} clients")
    await _meet(story)
    story.world.tell(f"{story.wish.name}: two months of trading")
    await dealing.trade(story)
    story.world.tell(f"{story.wish.name}: a working day")
    await courting.keep(story)
    await money.later(story)
    await returning.happen(story)
    await lives.happen(story)
    await alliances.happen(story)
    await venues.happen(story)
    story.world.tell(f"{story.wish.name}: statements and settlement files")
    await proof.told(story)
    await wires.leave(story, most=2, to_bank=False)
    await wires.order(story, answered=False)
    await wires.leave(story, most=2, to_bank=False)
    await day.leave(story)
    await coins.happen(story)
    await undoing.happen(story)
    await watch.happen(story)
    await courting.plan(story)
    await changes.happen(story)
    await forgetting.happen(story)
    await story.world.pump(story.ref)


async def _week(story: Story, until: datetime) -> None:
    """The week's statements and settlement files; then what is to leave goes to the bank."""
    await story.world.to(until)
    await proof.week(story, until, newest=False)
    await wires.leave(story, most=3, to_bank=True)


async def _besides(story: Story, number: int) -> None:
    """What happens beside the clients who come, by how many have."""
    late = story.world.clock.now > story.world.real_now - timedelta(days=2)
    if number % 6 == 5 and number > 15 and not late:
        await leaving.along(story, number // 6)
    if number == alliances.INVITED - 1:
        story.invitation = await alliances.invite(story)
    if number == alliances.INVITED:
        await alliances.join(story, story.played[-1])
    if number == OUTAGE:
        await outage.happen(story)
    if number == COINS:
        await coins.begin(story)


async def _meet(story: Story) -> None:
    """Both stories wait for one another: then the trading server's clock is set right."""
    state = story.world.config.state
    (state / f"demo.{story.wish.slug}.told").touch()
    go = state / "demo.go"
    while not go.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.1)
    story.world.past = False


async def _prepare(story: Story) -> None:
    story.staff = await staffing.hire(story.world, story.ref)
    names = {short: name for name, short, _ in STAFF}
    for short, person in story.staff.items():
        held = await staffing.permissions(story.world, story.ref, person)
        story.hands[short] = story.world.staff(person, names[short], held)
    sample = next(people(story.wish.seed + 7, story.wish.countries, "sample.example"))
    for kind, content, told in (
        ("identity", verify.card(sample), verify.identity_told),
        ("address", verify.bill(sample), verify.address_told),
    ):
        seen, made = await verify.prepared(content, f"{kind}.jpg")
        story.papers[kind] = (seen, made, told)
    seen, made = await verify.prepared(verify.card(sample, blurred=True), "blur.jpg")
    story.papers["blurred"] = (seen, made, verify.identity_told)
    await venues.connect(story)
    await gifts.offer(story)
    await proof.begin(story)
    await wires.connect(story)
    await alliances.offer(story)
    await lives.offer(story)
    await changes.settle_in(story)


def _fate(story: Story, number: int) -> str:
    if number < 8:
        return "trader"
    return story.chance.choices([f for f, _ in FATES], [w for _, w in FATES])[0]


async def _one(story: Story, number: int, joined: datetime, about: Late | None) -> None:
    someone = next(story.cast)
    fate = about.fate if about else _fate(story, number)
    if about:
        someone = recent.dressed(about, someone, story.wish.slug)
    row = await arriving.register(
        story, someone, joined, fate, known=number < 3 or fate == "unready"
    )
    story.played.append(row)
    await arriving.open_demo(story, row)
    if fate not in {"demo-only", "left-half-way", "unready"}:
        await arriving.verified(story, row)
    if number < 8:
        await arriving.become_partner(story, row, number)
    if fate in {"trader", "depositor"}:
        await gifts.take(story, row, number)
        await money.deposit(story, row)
        story.paid_in += 1
        if story.paid_in % wires.EVERY == 1:
            await wires.announce(story, row)
    if fate == "trader" and row.live is not None:
        await dealing.fund(story, row)
        await venues.open_beside(story, row)
    if story.chance.random() < 0.3:
        await courting.speak(story, row)
