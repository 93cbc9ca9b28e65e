"""Readers of one thing share a reading, and nobody gets one that began before they asked."""

import asyncio

import pytest

from stoa.kernel.together import Together
from support.patience import LONGEST_S


class Source:
    """Something whose value can be raised, and which says how often it was read."""

    def __init__(self) -> None:
        self.value = 0
        self.readings = 0
        self.gate = asyncio.Event()

    async def read(self) -> int:
        self.readings += 1
        found = self.value
        await self.gate.wait()
        return found


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_asks_while_a_reading_goes_on_gets_the_next_one():
    source, together = Source(), Together[int]()
    first = asyncio.create_task(together.ask("a", source.read))
    await _settle()
    source.value = 1
    later = [asyncio.create_task(together.ask("a", source.read)) for _ in range(20)]
    await _settle()
    source.gate.set()
    assert await first == 0
    assert await asyncio.gather(*later) == [1] * 20, "they asked after the value was raised"
    assert source.readings == 2


async def test_two_keys_never_meet():
    one, two, together = Source(), Source(), Together[int]()
    one.value, two.value = 1, 2
    one.gate.set()
    two.gate.set()
    asked = [together.ask(key, src.read) for _ in range(5) for key, src in (("1", one), ("2", two))]
    assert await asyncio.gather(*asked) == [1, 2] * 5


async def test_a_reading_that_fails_leaves_the_others_to_read_for_themselves():
    together = Together[int]()
    begun = asyncio.Event()

    async def slow() -> int:
        begun.set()
        await asyncio.sleep(0.01)
        return 1

    async def fails() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def fine() -> int:
        return 7

    first = asyncio.create_task(together.ask("a", slow))
    await begun.wait()
    leader = asyncio.create_task(together.ask("a", fails))
    await asyncio.sleep(0)
    follower = asyncio.create_task(together.ask("a", fine))
    assert await first == 1
    with pytest.raises(ValueError, match="no"):
        await leader
    assert await follower == 7
    assert await together.ask("a", fine) == 7, "nothing is left behind"


async def test_who_leads_the_next_round_and_goes_away_strands_nobody():
    source, together = Source(), Together[int]()
    first = asyncio.create_task(together.ask("a", source.read))
    await _settle()
    leader = asyncio.create_task(together.ask("a", source.read))
    await _settle()
    follower = asyncio.create_task(together.ask("a", source.read))
    await _settle()
    leader.cancel()
    await _settle()
    source.gate.set()
    assert await first == 0
    assert await asyncio.wait_for(follower, LONGEST_S) == 0
    assert leader.cancelled()


async def test_what_everyone_gets_is_never_older_than_their_question():
    """Two hundred askers at odd moments of a value that only grows."""
    together = Together[int]()
    value = 0

    async def read() -> int:
        found = value
        await asyncio.sleep(0.0005)
        return found

    async def asker(n: int) -> None:
        nonlocal value
        await asyncio.sleep((n * 37 % 100) / 10_000)
        value += 1
        known = value
        assert await together.ask("a", read) >= known

    await asyncio.gather(*(asker(n) for n in range(200)))
