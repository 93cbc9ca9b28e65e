"""J4: a tree of three levels and what it earns, on both sub-brokers at once.

Not walked: simulating a plan before its approval (step 1). Tested where they live: sums per client and
promotion by volume (1, 5), moving a partner (6), what a chargeback takes back (7), objections of partners (8)
and payouts that two agree to in other currencies (9). Six seconds of holding stand for the two minutes of a
real plan, and a killed worker for two hours without one (4).
"""

import pytest

from support.walk import closing, fourth_journey

pytestmark = pytest.mark.browser


async def test_three_levels_earn_their_differences_once_and_see_their_own(world):
    """Steps 1 to 4, 9 and 10; each step's answers are asserted where it is walked."""
    begun = await world.ready()
    customers = await world.customers()

    await world.both_at_once(fourth_journey.walk, begun.both, customers)


async def test_everything_holds_after_the_month(world):
    begun = await world.ready()

    await closing.all_holds(*begun.both)

    assert world.complaints == []
