"""Leads: scope, turns, conversion, story."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.crm import jobs, leads, queries, tasks
from brokerage.crm.model import EMAIL, Lead, Task
from brokerage.crm.permissions import Crm
from brokerage.crm.rules import score
from brokerage.crm.settings import CrmSettings, ScoreRule
from stoa.kernel.refusals import Conflict, Denied, NotFound
from stoa.tenancy.actor import Actor, Kind
from support.mailbox import run_reactions
from support.people import make_staff

from .builders import a_client, a_lead, address


def acting(person, *permissions, scope="all", team=None):
    return Actor(Kind.STAFF, person.id, "Sam", frozenset(permissions), scope=scope, team=team)


async def test_sales_see_their_own_leads_and_no_others(desk, house, aurora):
    browser = await desk(Crm.LEADS_VIEW, Crm.LEADS_EDIT, Crm.TASKS_VIEW, scope="own")
    async with house.door.open(aurora, purpose="test") as work:
        mine, other = await a_lead(work, name="Ana Propia"), await a_lead(work, name="Otto Ajeno")
        await leads.assign(work, mine.id, browser.person.id)
        await leads.assign(work, other.id, None)

    board, listed = await browser.get("/desk/leads"), await browser.get("/desk/leads/list")
    search = await browser.get(f"/desk/leads/{other.id}")
    moved = await browser.post("/desk/leads/move", {"card": str(other.id), "column": "lost"})

    for page in (board, listed):
        assert "Ana Propia" in page.text and "Otto Ajeno" not in page.text
    assert search.status_code == 404 and moved.status_code == 404
    assert (await browser.get(f"/desk/leads/{mine.id}")).status_code == 200


async def test_a_card_moves_along_the_board_and_the_move_is_in_its_story(desk, house, aurora):
    browser = await desk()
    async with house.door.open(aurora, purpose="test") as work:
        lead = await a_lead(work)

    moved = await browser.post("/desk/leads/move", {"card": str(lead.id), "column": "contacted"})

    assert moved.status_code == 204
    async with house.door.open(aurora, purpose="test") as work:
        assert (await work.get(Lead, lead.id)).stage == "contacted"
        assert {line.kind for line in await queries.story(work, lead.id)} == {"arrived", "stage"}


async def test_nobody_drags_a_lead_to_won(work):
    lead = await a_lead(work)

    with pytest.raises(Conflict, match="opens an account"):
        await leads.move(work, lead.id, "won")

    assert lead.stage == "new"


async def test_a_known_address_is_refused(work):
    email = address()
    await a_lead(work, email=email)
    client = address()
    await a_client(work, email=client)

    with pytest.raises(Conflict, match="lead with this address"):
        await a_lead(work, email=email.upper())
    with pytest.raises(Conflict, match="belongs to a client"):
        await a_lead(work, email=client)


async def test_leads_go_around_among_sales(work):
    first, _ = await make_staff(work, ("Sales",))
    second, _ = await make_staff(work, ("Sales",))

    turns = [one for one, _ in await leads.turns(work, 40)]

    assert {first.id, second.id} <= set(turns)
    assert max(turns.count(one) for one in turns) - min(turns.count(one) for one in turns) <= 1


async def test_a_new_lead_opens_one_task_for_whoever_got_it(work):
    person, _ = await make_staff(work, ("Sales",))
    lead = await a_lead(work)
    await leads.assign(work, lead.id, None)

    await leads.assign(work, lead.id, person.id)

    found = await work.rows(select(Task).where(Task.about == lead.id))
    assert len(found) == 1
    assert found[0].due_at == work.now + timedelta(hours=4)


async def test_signing_up_with_the_same_address_converts_and_keeps_the_owner(house, aurora):
    email = address()
    async with house.door.open(aurora, purpose="test") as work:
        person, _ = await make_staff(work, ("Sales",))
        lead = await a_lead(work, email=email)
        await leads.assign(work, lead.id, person.id)
    async with house.door.open(aurora, purpose="test") as work:
        client = await a_client(work, email=email.upper(), proven=False)

    await run_reactions(house, aurora, "platform")
    await run_reactions(house, aurora, "platform")

    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Lead, lead.id)
        assert (row.stage, row.client) == ("won", client.id)
        assert (await work.get(Client, client.id)).owner == person.id


async def test_who_never_proves_their_address_becomes_a_lead_once_and_converts_later(work):
    class Opened:
        async def __aenter__(self):
            return work

        async def __aexit__(self, *_):
            await work.flush()

    client = await a_client(work, proven=False)
    client.registered_at = work.now - timedelta(hours=30)
    await work.flush()

    await jobs.gather_unverified(Opened)
    await jobs.gather_unverified(Opened)

    found = await work.rows(select(Lead).where(Lead.client == client.id))
    assert [one.source for one in found] == ["registration"]
    await jobs.convert_verified(Opened, jobs.EmailVerified(client=client.id))
    assert found[0].stage == "won"


async def test_a_corrected_note_keeps_what_it_said_before(work):
    lead = await a_lead(work)
    first = await leads.note(work, lead.id, "Calls back on Monday", kind="call")

    await leads.note(work, lead.id, "Calls back on Tuesday", kind="call", replaces=first.id)

    calls = [one for one in await queries.story(work, lead.id) if one.kind == "call"]
    assert [one.text for one in calls] == ["Calls back on Tuesday"]
    assert [text for _, text in calls[0].was] == ["Calls back on Monday"]


async def test_a_note_of_one_lead_never_replaces_anothers(work):
    one, other = await a_lead(work), await a_lead(work)
    first = await leads.note(work, one.id, "Mine")

    with pytest.raises(NotFound):
        await leads.note(work, other.id, "Yours", replaces=first.id)


async def test_the_number_is_masked_until_asked_for_and_asking_is_kept(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        lead = await a_lead(work, phone="+34612345678")
    browser = await desk()
    stranger = await desk(Crm.LEADS_VIEW)

    before = await browser.get(f"/desk/leads/{lead.id}")
    shown = await browser.post(f"/desk/leads/{lead.id}/reveal/phone")

    assert "612345678" not in before.text and "612345678" in shown.text
    assert (await stranger.post(f"/desk/leads/{lead.id}/reveal/phone")).status_code == 403
    assert (await browser.post(f"/desk/leads/{lead.id}/reveal/name")).status_code == 404


def test_points_are_explained_and_add_up():
    rules = (
        ScoreRule(code="a", label="From Spain", field="country", values=("es",), points=5),
        ScoreRule(code="b", label="Can be called", field="phone", points=20),
        ScoreRule(code="c", label="From a fair", field="source", values=("fair",), points=9),
    )

    found = score({"country": "ES", "phone": "+34", "source": "form"}, rules)

    assert [(one.label, one.points) for one in found] == [("From Spain", 5), ("Can be called", 20)]


def test_settings_want_one_stage_to_win():
    with pytest.raises(ValueError, match="one stage is won"):
        CrmSettings(stages=CrmSettings().stages[:3])


async def test_a_task_is_seen_by_its_owner_and_not_by_another(work):
    owner, _ = await make_staff(work, ("Sales",))
    other, _ = await make_staff(work, ("Sales",))
    task = await tasks.open(work, "Call", owner=owner.id, rule="test", once="x")
    again = await tasks.open(work, "Call", owner=owner.id, rule="test", once="x")
    work.actor = acting(other, Crm.TASKS_EDIT, scope="own")

    with pytest.raises(NotFound):
        await tasks.done(work, task.id)
    assert again is None
    work.actor = acting(owner, Crm.TASKS_EDIT, scope="own")
    assert (await tasks.done(work, task.id)).state == "done"
    work.actor = acting(owner, scope="own")
    with pytest.raises(Denied):
        await tasks.done(work, task.id)


async def test_leads_are_found_by_the_global_search_within_scope(work):
    lead = await a_lead(work, name="Zenobia Querini")
    person, _ = await make_staff(work, ("Sales",))

    assert [hit.path for hit in await queries.hits(work, "zenob quer")] == [
        f"/desk/leads/{lead.id}"
    ]
    work.actor = acting(person, Crm.LEADS_VIEW, scope="own")
    assert lead.owner == person.id or await queries.hits(work, "zenob") == []


async def test_nothing_personal_lies_in_clear(work):
    email = address()
    lead = await a_lead(work, name="Clara Texto", email=email)

    row = (await work.table(select(Lead.__table__).where(Lead.id == lead.id)))[0]

    assert "Clara" not in repr(row) and email not in repr(row)
    assert row.email_blind == work.blind(EMAIL, email)
