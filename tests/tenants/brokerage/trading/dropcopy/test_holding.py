"""One process holds a session; numbers that do not fit are seen; a person may begin them anew."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from brokerage.trading.dropcopy import attendant, mapping
from brokerage.trading.model import TradingServer
from brokerage.trading.settings import TradingSettings
from stoa.audit.model import AuditEntry
from stoa.identity.model import Person
from stoa.kernel.refusals import Denied, Invalid
from stoa.tenancy.actor import Actor, Kind
from support.fix_desk import CODE
from support.patience import LONGEST_S
from support.people import make_staff
from support.web import signed_in


async def settings_of(copy):
    async with copy.opener()() as work:
        return work.settings(TradingSettings).server(CODE)


async def test_two_workers_never_both_log_on(copy):
    await copy.listen()
    await copy.until(lambda row: row.state == "open")

    assert await attendant.claim(copy.opener(), await settings_of(copy)) is None

    async with copy.opener()() as work:
        row = await attendant.session_of(work, CODE)
        row.held_until = work.now - timedelta(seconds=1)
    second = await attendant.claim(copy.opener(), await settings_of(copy))
    assert second is not None
    # The first finds at its next step that the session is somebody else's, and hangs up.
    await asyncio.wait_for(copy.tasks[0], LONGEST_S)
    assert (await copy.session()).held_by == second.holder
    copy.tasks.append(asyncio.create_task(attendant.hold(copy.opener(), second)))
    row = await copy.until(lambda row: row.state == "open")

    assert row.held_by == second.holder
    assert (await copy.acceptor())["logons"] == 2


async def test_numbers_that_went_back_end_it_visibly_and_a_person_begins_anew(copy):
    await copy.adopt("A")
    await copy.listen()
    await copy.fill("A", "1", 100_000, "1.10000")
    await copy.in_step()
    await copy.hush()
    await copy.lever("/numbers", next_out=1)

    await copy.listen()
    row = await copy.until(lambda row: bool(row.error))
    async with copy.opener()() as work:
        server = await work.get(TradingServer, CODE)

    assert "MsgSeqNum too low" in row.error
    assert (row.state, server.state) == ("down", "failing")

    with pytest.raises(Invalid):
        async with copy.opener()() as work:
            await mapping.begin_anew(work, CODE, "  ")
    async with copy.opener()() as work:
        await mapping.begin_anew(work, CODE, "agreed with their desk by telephone")
    await copy.listen()
    await copy.until(lambda row: row.state == "open")
    await copy.fill("A", "2", 100_000, "1.10500")
    row = await copy.in_step()

    assert (row.epoch, row.anew) == (1, False)
    assert [deal.entry for deal in await copy.deals("A")] == ["in", "out"]
    async with copy.opener()() as work:
        told = await work.rows(select(AuditEntry.reason).where(AuditEntry.reason.is_not(None)))
    assert "agreed with their desk by telephone" in told


async def test_who_may_only_look_changes_nothing(copy):
    nobody = Actor(Kind.STAFF, None, "Looks on", frozenset({"trading:servers:view"}))
    opener = copy.house.door.opener(copy.tenant, actor=nobody, purpose="test")

    for act in (
        lambda work: mapping.begin_anew(work, CODE, "because"),
        lambda work: mapping.adopt(work, CODE, "A", client=copy.tenant.id, currency="USD"),
    ):
        with pytest.raises(Denied):
            async with opener() as work:
                await act(work)


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_desk_sees_a_session_and_connects_an_account(house, copy, language):
    client = await copy.client()
    await copy.listen()
    await copy.fill("LATE-7", "1", 100_000, "1.10000")
    await copy.lever("/raw", kind="8", body=[[17, "b"], [150, "F"], [1, "LATE-7"], [31, "0"]])
    await copy.in_step()
    async with copy.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        person = await work.get(Person, client)
        email = work.unseal(person.id, "person.email", person.email_sealed)
    browser = await signed_in(house, copy.tenant, owner, "desk")
    browser.http.cookies.set("language", language)

    page = await browser.get(f"/desk/servers/{CODE}/session")
    assert page.status_code == 200, page.text[:400]
    assert "LATE-7" in page.text and "MARKET" in page.text
    assert len(page.content) < 100_000
    assert f"/desk/servers/{CODE}/session" in (await browser.get("/desk/servers")).text
    assert (await browser.get("/desk/servers/mt5-live/session")).status_code == 404

    form = {"name": "LATE-7", "email": email, "currency": "USD"}
    done = await browser.post(f"/desk/servers/{CODE}/session/accounts", form)
    assert done.status_code < 400, done.text[:400]
    await attendant.catch_up(copy.opener(), await settings_of(copy))
    assert len(await copy.deals("LATE-7")) == 1
