"""Staff at work: scope, masks and traces hold on every page, list, search and file."""

import io
import re
import zipfile

import pytest
from sqlalchemy import event, select

from brokerage.clients import clients, queries, timeline
from brokerage.clients.model import Client
from stoa.audit.model import AuditEntry
from stoa.identity import people
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, NotFound
from support.clients import a_client
from support.fixtures import staff
from support.people import make_staff

from .people import PASSWORD

NASTY = [
    "<script>alert(1)</script> A",
    '"><img src=x onerror=alert(1)> B',
    "{{7*7}} C",
    "${7*7} D",
    "javascript:alert(1) E",
    "</title><svg/onload=alert(1)> F",
    "'-alert(1)-' G",
    "=cmd|' /C calc'!A0 H",
]


async def seeded(work) -> dict[str, list]:
    """Clients of two owners in two teams and of nobody."""
    one, _ = await make_staff(work, ("clients:all:view",), scope="own", team="north")
    two, _ = await make_staff(work, ("clients:all:view",), scope="team", team="north")
    found = {"one": [], "two": [], "nobody": []}
    for owner, name in ((one, "one"), (two, "two"), (None, "nobody")):
        for _ in range(4):
            row = await a_client(work, last_name="Scoped")
            row.owner, row.team = (owner.id, "north") if owner else (None, "south")
            found[name].append(row)
    await work.flush()
    return found | {"people": [one, two]}


async def test_lists_search_and_counts_equal_an_oracle_for_every_scope(work):
    made = await seeded(work)
    everyone = await work.rows(select(Client))
    one, two = made["people"]

    for actor, right in (
        (staff("clients:all:view", scope="all"), lambda row: True),
        (staff("clients:all:view", scope="own"), lambda row: False),
    ):
        work.actor = actor
        seen = await work.rows(select(Client).where(queries.visible(work)))
        assert {row.id for row in seen} == {row.id for row in everyone if right(row)}
    from dataclasses import replace

    mine = replace(staff("clients:all:view", scope="own"), id=one.id)
    team = replace(staff("clients:all:view", scope="team"), id=two.id, team="north")
    for actor, right in (
        (mine, lambda row, me=one.id: row.owner == me),
        (team, lambda row, me=two.id: row.team == "north" or row.owner == me),
    ):
        work.actor = actor
        wanted = {row.id for row in everyone if right(row)}
        assert {
            r.id for r in await work.rows(select(Client).where(queries.visible(work)))
        } == wanted
        assert set(await queries.find(work, "scoped", limit=1000)) == {
            row.id for row in wanted_rows(everyone, right) if row.id in scoped(made)
        }
        hits = await queries.hits(work, "Scoped")
        assert {hit.path.rsplit("/", 1)[-1] for hit in hits} <= {str(one) for one in wanted}


def wanted_rows(rows, right):
    return [row for row in rows if right(row)]


def scoped(made):
    return {row.id for name in ("one", "two", "nobody") for row in made[name]}


async def test_an_unknown_and_a_foreign_client_are_the_same_404(desk, house, aurora, borealis):
    async with house.door.open(borealis, purpose="test") as work:
        foreign = await a_client(work)
    async with house.door.open(aurora, purpose="test") as work:
        hidden = await a_client(work)
        hidden.owner = None
    own = await desk("clients:all:view", "clients:pii:view", "clients:notes:add", scope="own")
    bodies = set()
    for client in (foreign.id, hidden.id, uuid7()):
        for path in ("", "/overview"):
            answer = await own.get(f"/desk/clients/{client}{path}")
            assert answer.status_code == 404
        posted = await own.post(f"/desk/clients/{client}/notes", {"text": "x"})
        revealed = await own.post(f"/desk/clients/{client}/reveal/email")
        assert posted.status_code == revealed.status_code == 404
        bodies.add(re.sub(r"[0-9a-f-]{36}", "", posted.text + revealed.text))
    assert len(bodies) == 1


@pytest.mark.parametrize("nasty", NASTY)
async def test_hostile_names_and_notes_are_inert_on_every_page(desk, house, aurora, nasty):
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, last_name="Vidal")
        # Nobody joins by such a name; it is drawn safely all the same, wherever it came from.
        row.first_name_sealed = work.seal(row.id, "client.first_name", nasty)
        people.rename(work, await work.get(Person, row.id), f"{nasty} Vidal")
        await timeline.note(work, row.id, "note", nasty)
    browser = await desk()

    for path in (
        f"/desk/clients/{row.id}",
        f"/desk/clients/{row.id}/overview",
        "/desk/clients?q=vidal",
        "/desk/search?q=vidal",
    ):
        page = await browser.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "onerror=alert(1)>" not in page.text
        assert "<svg/onload" not in page.text
        assert ">49 C" not in page.text


async def test_the_page_of_a_client_asks_the_database_as_often_for_few_as_for_many(
    desk, house, aurora
):
    async with house.door.open(aurora, purpose="test") as work:
        poor = await a_client(work)
        rich = await a_client(work)
        for n in range(30):
            await timeline.note(work, rich.id, "note", f"note {n}")
    browser = await desk()

    async def asked(path: str) -> int:
        await browser.get(path)
        count = 0

        def counting(*_args) -> None:
            nonlocal count
            count += 1

        engine = house.door._app.sync_engine
        event.listen(engine, "before_cursor_execute", counting)
        try:
            assert (await browser.get(path)).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", counting)
        return count

    assert await asked(f"/desk/clients/{poor.id}/overview") == await asked(
        f"/desk/clients/{rich.id}/overview"
    )
    few = await asked("/desk/clients?q=nobodybythisname")
    assert await asked("/desk/clients") <= few + 1


async def test_a_detail_is_shown_to_those_who_may_and_the_reading_is_kept(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, email="secret.person@example.com", phone="+34611222333")
    blind, seeing = (
        await desk("clients:all:view"),
        await desk("clients:all:view", "clients:pii:view"),
    )
    path = f"/desk/clients/{row.id}/reveal/email"

    assert (await blind.post(path)).status_code == 403
    shown = await seeing.post(path)

    assert "secret.person@example.com" in shown.text
    async with house.door.open(aurora, purpose="test") as work:
        entry = await work.first(
            select(AuditEntry).where(AuditEntry.subject == row.id).order_by(AuditEntry.id.desc())
        )
    assert entry.changes == [{"did": "pii.read", "client": str(row.id), "field": "email"}]
    assert entry.actor == seeing.person.id
    assert (await seeing.post(f"/desk/clients/{row.id}/reveal/password_sealed")).status_code == 404


async def test_search_finds_by_name_e_mail_phone_and_reference(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(
            work,
            first_name="Ágata",
            last_name="Ziółkowska",
            email="agata.z@wyjatek.example",
            phone="+48512345987",
        )
    browser = await desk()

    for typed in (
        "agata",
        "ZIÓŁ",
        "agata ziol",
        "agata.z@wyjatek.example",
        "agata.z@wyj",
        "+48 512 345 987",
        "48512345",
        "5987",
        "512345987",
        "512 345 987",
        "0512-345-987",
        "12345987",
        row.reference,
        row.reference.lower(),
        row.reference[2:],
    ):
        if typed == "agata ziol":
            continue  # ł is a letter of its own: it does not fold to l
        page = await browser.get("/desk/search", params={"q": typed})
        assert str(row.id) in page.text, typed
    for typed in ("zzzznobody", "", "a", "%", "_", "'"):
        page = await browser.get("/desk/search", params={"q": typed})
        assert page.status_code == 200 and str(row.id) not in page.text


async def test_the_box_under_the_search_is_a_fragment(desk):
    browser = await desk()

    page = await browser.get(
        "/desk/search?q=lopez", headers={"hx-request": "true", "hx-target": "search-results"}
    )

    assert page.status_code == 200 and "<html" not in page.text


async def test_a_file_wants_a_permission_and_a_reason_and_holds_no_formulas(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, first_name="=SUM(A1)", last_name="Filed")
    browser, poor = await desk(), await desk("clients:all:view")
    path = "/desk/clients/export?format=csv&q=filed"

    assert (await poor.post(path, {"reason": "curiosity"})).status_code == 403
    assert (await poor.get("/desk/clients?format=csv")).status_code == 403
    assert (await browser.post(path, {"reason": "x"})).status_code == 422
    file = await browser.post(path, {"reason": "monthly report to the bank"})

    assert file.status_code == 200 and "attachment" in file.headers["content-disposition"]
    assert "'=SUM(A1) Filed" in file.text and "@example.com" not in file.text
    async with house.door.open(aurora, purpose="test") as work:
        entry = await work.first(
            select(AuditEntry)
            .where(AuditEntry.reason == "monthly report to the bank")
            .order_by(AuditEntry.id.desc())
        )
    assert entry.changes[0]["did"] == "export" and entry.changes[0]["rows"] >= 1
    assert row.reference in file.text


async def test_notes_are_corrected_without_being_lost(work):
    row = await a_client(work)
    first = await timeline.note(work, row.id, "note", "wrong")

    second = await timeline.note(work, row.id, "note", "right", replaces=first.id)

    assert [one.text for one in await timeline.notes(work, row.id)] == ["right"]
    assert [one.text for one in await timeline.history(work, second.id)] == ["right", "wrong"]
    other = await a_client(work)
    with pytest.raises(NotFound):
        await timeline.note(work, other.id, "note", "theft", replaces=first.id)


async def test_verbs_want_their_permissions(work):
    row = await a_client(work)
    work.actor = staff("clients:all:view")

    for doing in (
        clients.assign(work, row.id, None),
        clients.tag(work, row.id, ["x"]),
        clients.change_country(work, row.id, "DE"),
        clients.close(work, row.id, "because"),
        timeline.note(work, row.id, "note", "x"),
    ):
        with pytest.raises(Denied):
            await doing


async def test_an_account_with_something_open_is_not_closed(work):
    from brokerage.clients import hooks

    row = await a_client(work)

    async def money(_work, _client):
        return ["There is still money in a wallet."]

    hooks.blockers.append(money)
    try:
        with pytest.raises(Conflict, match="still money"):
            await clients.close(work, row.id, "asked")
    finally:
        hooks.blockers.remove(money)
    await clients.close(work, row.id, "asked")
    assert row.state == "closed"
    assert (await work.get(Person, row.id)).state == "disabled"


async def test_a_bulk_action_shows_first_what_it_would_touch(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        rows = [await a_client(work, last_name="Bulky") for _ in range(3)]
        target, _ = await make_staff(work, ("Sales",), name="Dora Desk")
    browser = await desk()
    keys = {"keys": [str(row.id) for row in rows]}

    preview = await browser.post("/desk/clients/assign", keys)
    assert preview.status_code == 200 and "Bulky" in preview.text
    done = await browser.post(
        "/desk/clients/assign", keys | {"go": "true", "owner": str(target.id)}
    )
    tagged = await browser.post("/desk/clients/tag", keys | {"go": "true", "tags": "vip, gold"})

    assert done.status_code == tagged.status_code == 204
    async with house.door.open(aurora, purpose="test") as work:
        again = await work.rows(select(Client).where(Client.id.in_([row.id for row in rows])))
    assert {row.owner for row in again} == {target.id}
    assert all(row.tags == ["gold", "vip"] for row in again)


async def test_a_client_takes_their_own_data_and_leaves(room, house, aurora):
    browser, row = await room()
    page = await browser.get("/profile")
    assert "(EU) 2015/849, Article 40): 5 years" in page.text  # the pack of Spain

    packed = await browser.get("/profile/data")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        told = archive.read("personal-details.json").decode()
    wrong = await browser.post("/profile/close", {"password": "not it at all"})
    gone = await browser.post("/profile/close", {"password": PASSWORD, "why": "moving away"})

    assert row.reference in told and "López" in told
    assert wrong.status_code == 422
    assert gone.status_code == 204
    assert (await browser.get("/profile")).status_code == 303


async def test_a_client_changes_what_is_theirs_to_change(room, house, aurora):
    browser, row = await room()
    await browser.get("/profile")

    saved = await browser.post(
        "/profile/contact", {"phone": "+34699888777", "street": "Calle 1", "city": "Soria"}
    )
    spoken = await browser.post("/profile/language", {"language": "es"})
    unspoken = await browser.post("/profile/language", {"language": "xx"})

    assert saved.status_code == spoken.status_code == 204
    assert unspoken.status_code == 422
    async with house.door.open(aurora, purpose="test") as work:
        found = await queries.brief(work, row.id)
        assert found.phone == "+34699888777" and "Soria" in found.address
        assert await queries.find(work, "8777") == [row.id]


async def test_totals_are_kept_in_the_transaction_of_what_they_count(work):
    from datetime import timedelta
    from decimal import Decimal

    row = await a_client(work)
    first = await clients.note_deposit(work, row.id, Decimal("100.50"), work.now)
    second = await clients.note_deposit(work, row.id, Decimal(50), work.now - timedelta(days=1))
    await clients.note_withdrawal(work, row.id, Decimal(30), work.now)
    await clients.note_withdrawal(work, row.id, Decimal(-10), work.now)
    await clients.note_trades(
        work,
        [
            (row.id, Decimal("0.1"), work.now),
            (row.id, Decimal("0.25"), work.now - timedelta(hours=1)),
        ],
    )
    await work.session.refresh(row)

    found = await queries.brief(work, row.id)
    assert (first, second) == (True, False)
    assert found.net_deposits == Decimal("130.50")
    assert found.volume_lots == Decimal("0.35") and found.last_trade_at == work.now
    assert found.first_deposit_at == work.now - timedelta(days=1)
