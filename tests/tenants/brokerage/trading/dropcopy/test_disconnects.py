"""A hundred random disconnects, kill -9 of the receiving process among them: nothing lost or doubled."""

import pytest

from brokerage.bench.disconnects import FixStorm

pytestmark = pytest.mark.long

ROUNDS = 100


async def test_nothing_is_lost_or_doubled_over_a_hundred_disconnects(house, tmp_path):
    tenant = await house.tenant()
    storm = FixStorm(house.config, house.door, tenant, tmp_path, seed=4)

    tally = await storm.run(ROUNDS)

    assert tally.breaks.total() == ROUNDS
    assert min(tally.breaks[how] for how in ("kill -9", "cut", "torn in a message")) > 10
    assert tally.faults["drop"] and tally.faults["garble"] and tally.faults["reorder"]
    assert tally.executions > 600
    assert (tally.lost, tally.doubled, tally.wrong) == ([], [], [])
