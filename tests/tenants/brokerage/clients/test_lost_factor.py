"""A client who lost the app and the recovery codes gets back in, after somebody made sure who it is.

There was no way: staff could reset one another's second factor and no client's, and the page asked for
a code that nobody had any more.
"""

import pyotp
from sqlalchemy import select

from brokerage.clients.permissions import Clients
from stoa.audit.model import AuditEntry
from stoa.identity import factors
from stoa.identity.model import Person
from support.mailbox import newest

WHY = {"reason": "called back on the number we have, two questions answered"}


async def enrolled(house, tenant, client):
    async with house.door.open(tenant, purpose="test") as work:
        row = await work.lock(Person, client)
        secret = pyotp.random_base32()
        code = pyotp.TOTP(secret).at(int(work.now.timestamp()))
        factors.enrol(factors.keeper(work, row.id), row, secret, code, work.now)


async def test_a_clients_lost_factor_is_reset_with_a_reason(house, aurora, desk, room):
    theirs, client = await room()
    await enrolled(house, aurora, client.id)
    officer = await desk("Compliance")
    here = f"/desk/clients/{client.id}"
    assert "reset-factor" in (await officer.get(here)).text

    hasty = await officer.post(f"{here}/second-factor/reset", {"reason": "x"})
    done = await officer.post(f"{here}/second-factor/reset", WHY)
    again = await officer.post(f"{here}/second-factor/reset", WHY)

    assert (hasty.status_code, done.status_code, again.status_code) == (422, 204, 409)
    assert (await theirs.get("/profile")).status_code == 303, "signed out everywhere"
    async with house.door.open(aurora, purpose="test") as work:
        assert not factors.has(await work.get(Person, client.id))
        letter = await newest(work, client, "second_factor_changed")
        entries = await work.rows(
            select(AuditEntry).where(
                AuditEntry.subject == client.id, AuditEntry.reason == WHY["reason"]
            )
        )
    assert letter.params["what"] == "reset"
    assert len(entries) == 1
    assert "reset-factor" not in (await officer.get(here)).text


async def test_who_may_not_does_not_and_nobody_reaches_beyond_their_scope(
    house, aurora, desk, room
):
    _, client = await room()
    await enrolled(house, aurora, client.id)
    path = f"/desk/clients/{client.id}/second-factor/reset"

    assert (await (await desk("Support")).post(path, WHY)).status_code == 403
    narrow = await desk(Clients.VIEW, Clients.FACTOR, scope="own")
    assert (await narrow.post(path, WHY)).status_code == 404
    async with house.door.open(aurora, purpose="test") as work:
        assert factors.has(await work.get(Person, client.id))
