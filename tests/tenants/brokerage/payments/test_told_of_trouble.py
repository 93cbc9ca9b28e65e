"""Who looks after the providers is told when one fails; nobody else is."""

from brokerage.payments.permissions import Payments
from brokerage.payments.routing import watching
from support.people import make_staff, unread


async def test_an_incident_reaches_those_who_look_after_providers(house):
    """It answered 500 to the client whose deposit opened the incident: the query was not one."""
    async with house.door.open(await house.tenant(), purpose="test") as work:
        keeper, _ = await make_staff(work, [str(Payments.PSPS)])
        other, _ = await make_staff(work, [str(Payments.DEPOSITS)])

        await watching.tell_people(work, "{psp} fails; new payments go elsewhere", "alpha")
        await work.flush()

        assert await unread(work, keeper.id) == 1
        assert await unread(work, other.id) == 0
