"""Who wants to be forgotten, what a court wants kept, and one who was forgotten."""

from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped, tried
from brokerage.privacy import asking, holds


async def happen(story: Story) -> None:
    """A trader's wish waits; a court's number keeps another; who only looked around is erased."""
    traders = [row for row in story.played if row.fate == "trader"]
    if len(traders) >= 2:
        await tried(
            story,
            story.hands["compliance"],
            "hold",
            holds.place,
            traders[-1].id,
            "Court of Larnaca 214/2026",
            "A claim about a payment is pending; the court asked us to keep everything.",
        )
        await tried(story, story.world.client(traders[-2].id), "wish", asking.ask, traders[-2].id)
    await _forgotten(
        story, [row for row in story.played if row.fate not in {"trader", "depositor"}]
    )


async def _forgotten(story: Story, rows: list[Played]) -> None:
    """The first of them of whom the rules let everything go."""
    for row in rows:
        wish = await tried(
            story,
            story.hands["compliance"],
            "wish-by-staff",
            asking.ask,
            row.id,
            "Letter of this week, signed as on the registration.",
        )
        if wish is None:
            continue
        found = await tried(story, story.hands["compliance"], "propose", asking.propose, wish.id)
        if found is not None:
            await pumped(
                story, story.hands["owner"], "agree", asking.agree, found.id, found.seal or ""
            )
            return
