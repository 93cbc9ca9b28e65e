"""J3: money out with four eyes, on both sub-brokers at once.

Not walked: approving by a link in a letter (4: there is none to follow). Bonuses that a withdrawal
takes away (step 1), a payment that the bank returns (8) and the dry run of a lower tier (10) are
tested where they live. Money by bank is a correction here, as the stand-in providers take cards
and coins alone.
"""

import pytest

from support.walk import closing, third_journey

pytestmark = pytest.mark.browser


async def test_asked_for_agreed_by_two_paid_once_and_taken_back(world):
    """Steps 1 to 7 and 9; each step's answers are asserted where it is walked."""
    begun = await world.ready()
    customers = await world.customers()

    await world.both_at_once(third_journey.walk, begun.both, customers)


async def test_everything_holds_after_the_withdrawals(world):
    begun = await world.ready()

    await closing.all_holds(*begun.both)

    assert world.complaints == []
