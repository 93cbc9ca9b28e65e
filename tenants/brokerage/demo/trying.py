"""One deed of one person in the story; a refusal is told and the story goes on."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from brokerage.demo.story import Story
from stoa.kernel.refusals import Refusal
from stoa.tenancy.actor import Actor
from stoa.tenancy.work import Work

T = TypeVar("T")
P = ParamSpec("P")
Deed = Callable[Concatenate[Work, P], Awaitable[T]]


async def tried(
    story: Story, actor: Actor, what: str, deed: Deed[P, T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """What the verb answers, in a transaction of its own; None where the product refused it."""
    try:
        async with story.world.work(story.ref, actor, f"demo.{what}") as work:
            return await deed(work, *args, **kwargs)
    except Refusal as why:
        story.world.tell(f"{story.wish.name}: refused ({what}): {why}")
        return None


async def pumped(
    story: Story, actor: Actor, what: str, deed: Deed[P, T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """The same, and everything it tells is heard before this returns."""
    answer = await tried(story, actor, what, deed, *args, **kwargs)
    await story.world.pump(story.ref)
    return answer
