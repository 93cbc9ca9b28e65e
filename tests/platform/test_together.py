"""Things handed in at once are worked off together, and one bad thing spoils no other."""

import asyncio
import contextlib

import pytest

from stoa.jobs.together import Together
from support.patience import LONGEST_S


async def test_what_comes_while_one_is_worked_off_is_the_next_batch():
    desk, batches, go = Together(10), [], asyncio.Event()

    async def work_off(things):
        batches.append(list(things))
        await go.wait()

    tasks = [asyncio.create_task(desk.hand_in(n, work_off)) for n in range(5)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)

    assert batches == [[0], [1, 2, 3, 4]] or batches == [[0, 1, 2, 3, 4]]
    assert sorted(n for batch in batches for n in batch) == [0, 1, 2, 3, 4]


async def test_a_batch_has_a_limit():
    desk, batches = Together(3), []

    async def work_off(things):
        batches.append(len(things))
        await asyncio.sleep(0)

    await asyncio.gather(*(desk.hand_in(n, work_off) for n in range(20)))

    assert max(batches) == 3
    assert sum(batches) == 20


async def test_what_fails_together_is_tried_one_by_one():
    desk, kept = Together(10), []

    async def work_off(things):
        await asyncio.sleep(0)
        if 3 in things:
            raise ValueError("three is bad")
        kept.extend(things)

    ends = await asyncio.gather(
        *(desk.hand_in(n, work_off) for n in range(6)), return_exceptions=True
    )

    assert [isinstance(end, ValueError) for end in ends] == [n == 3 for n in range(6)]
    assert sorted(kept) == [0, 1, 2, 4, 5]


async def test_who_gives_up_takes_nothing_from_the_others():
    desk, kept, go = Together(10), [], asyncio.Event()

    async def work_off(things):
        await go.wait()
        kept.extend(things)

    tasks = [asyncio.create_task(desk.hand_in(n, work_off)) for n in range(4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[0]
    go.set()
    await asyncio.wait_for(asyncio.gather(tasks[1], tasks[3]), LONGEST_S)
    with pytest.raises(asyncio.CancelledError):
        await tasks[2]

    assert {1, 3} <= set(kept)


async def test_turns_that_gather_begin_apart_and_take_what_came_between():
    desk, began, batches, between = Together(10, gather_s=1.0), [], [], []

    async def work_off(things):
        began.append(asyncio.get_running_loop().time())
        batches.append(list(things))
        if things == [0]:
            between.extend(asyncio.create_task(desk.hand_in(n, work_off)) for n in range(1, 6))
            await asyncio.sleep(0)

    await desk.hand_in(0, work_off)
    await asyncio.gather(*between)

    assert batches == [[0], [1, 2, 3, 4, 5]]
    assert began[1] - began[0] > 0.99


async def test_who_gives_up_while_a_turn_gathers_takes_nothing_from_the_others():
    desk, kept = Together(10, gather_s=0.2), []

    async def work_off(things):
        kept.extend(things)

    await desk.hand_in(0, work_off)
    tasks = [asyncio.create_task(desk.hand_in(n, work_off)) for n in range(1, 4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[0]
    await asyncio.wait_for(asyncio.gather(*tasks[1:]), LONGEST_S)

    assert {0, 2, 3} <= set(kept)
