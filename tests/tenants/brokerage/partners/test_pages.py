"""The portal and the desk over HTTP: one's own and nothing else, and what each button does."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from brokerage.clients.model import ClientAgreement
from brokerage.partners import campaigns, payouts, statements
from brokerage.partners.model import (
    Attribution,
    Objection,
    Partner,
    PartnerLink,
    PartnerPayout,
    PartnerState,
)
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import attribution, joining, standings
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.actor import Actor, Kind
from stoa.theming import texts
from stoa.web.reader import LANGUAGE_COOKIE
from support import people
from support.fixtures import staff
from support.web import signed_in

from .builders import a_partner, a_person, a_trade, a_trader, imported, later, rewards, three
from .test_calendar import by

EDIT = (str(Partners.VIEW), str(Partners.EDIT), "clients:client:view")


def as_client(work, client):
    work.actor = Actor(Kind.CLIENT, id=client, permissions=frozenset({str(Partners.OWN)}))


@pytest.fixture
async def told(house, guild):
    """A tree with one rewarded deal, kept, and a desk that may do everything."""
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        tree = await three(work)
        work.now = now
        deals = a_trade(tree.trader.login, now)
        await imported(work, tree.trader, deals)
        tree.deal = deals[1].deal
        tree.rewards = {row.partner: row.id for row in await rewards(work, tree.trader.client)}
        tree.codes = {
            one: (await work.get(Partner, one)).code for one in (tree.master, tree.sub, tree.third)
        }
        owner, _ = await people.make_staff(work, ["Owner"])
    tree.desk = await signed_in(house, guild, owner, "desk")
    return tree


async def browser_of(house, guild, client):
    async with house.door.open(guild, purpose="test") as work:
        person = await work.get(Person, client)
    return await signed_in(house, guild, person, "room")


PORTAL = ("", "?days=365", "/tree", "/links", "/postbacks", "/payouts", "/objections", "/clients")


async def test_a_partner_reads_of_their_own_tree_and_of_nobody_elses(house, guild, told):
    browser = await browser_of(house, guild, told.sub)
    hidden = told.codes[told.master]

    for path in PORTAL:
        answer = await browser.get(f"/partner{path}")
        assert answer.status_code == 200, (path, answer.text[:400])
        assert hidden not in answer.text, path
        assert len(answer.text.encode()) < 100_000, path
        # The reader's own name stands in the frame; nobody's in the page.
        assert "Ines Duarte" not in answer.text.split("<main", 1)[1], path
    assert "I••• D•••" in (await browser.get("/partner/clients")).text
    assert told.codes[told.third] in (await browser.get("/partner/tree")).text
    below = await browser.get(f"/partner/tree?at={told.codes[told.third]}")
    assert below.status_code == 200 and told.codes[told.sub] not in below.text
    for foreign in (hidden, "nobody", "'; drop"):
        assert (await browser.get(f"/partner/tree?at={foreign}")).status_code == 404


async def test_the_statement_of_a_month_comes_in_every_form_and_says_ones_own(house, guild, told):
    browser = await browser_of(house, guild, told.sub)
    async with house.door.open(guild, purpose="test") as work:
        month = statements.months(work, work.now)[0]

    pdf = await browser.get(f"/partner/statements/{month}")
    sheet = await browser.get(f"/partner/statements/{month}?format=csv")
    book = await browser.get(f"/partner/statements/{month}?format=xlsx")

    assert pdf.content[:5] == b"%PDF-"
    assert book.content[:2] == b"PK"
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"#{told.deal}" in sheet.text
    assert sheet.text.count(f"#{told.deal}") == 1
    assert (await browser.get("/partner/statements/2026-13")).status_code == 422
    again = await browser.get(f"/partner/statements/{month}")
    assert again.content == pdf.content


async def test_a_statement_of_ours_sent_back_as_their_sheet_differs_in_nothing(house, guild, told):
    browser = await browser_of(house, guild, told.third)
    async with house.door.open(guild, purpose="test") as work:
        month = statements.months(work, work.now)[0]
    for form, language in (("csv", "en"), ("xlsx", "en"), ("csv", "es"), ("xlsx", "ar")):
        browser.http.cookies.set(LANGUAGE_COOKIE, language)
        sheet = await browser.get(f"/partner/statements/{month}?format={form}")
        answer = await browser.http.post(
            "/partner/objections",
            data={"month": month, "says": "only to see"},
            files={"file": (f"mine.{form}", sheet.content)},
            headers={"x-csrftoken": browser.csrf, "hx-request": "true"},
        )
        path = answer.headers["hx-redirect"]
        page = await browser.get(path)
        assert page.status_code == 200
        assert texts.of(language).gettext("Nothing differs.") in page.text
        other = await browser_of(house, guild, told.sub)
        assert (await other.get(path)).status_code == 404
        assert (await other.post(f"{path}/withdraw")).status_code == 404


async def test_a_sheet_that_differs_in_every_way_is_shown_to_both_sides(house, guild, told):
    """A deal that only one side knows has no figure on the other, which once broke the page."""
    browser = await browser_of(house, guild, told.sub)
    async with house.door.open(guild, purpose="test") as work:
        month = statements.months(work, work.now)[0]
    answer = await browser.http.post(
        "/partner/objections",
        data={"month": month, "says": "where is my deal"},
        files={"file": ("mine.csv", b"deal,amount\n987654321,5.00\n")},
        headers={"x-csrftoken": browser.csrf, "hx-request": "true"},
    )
    path = answer.headers["hx-redirect"]

    page = await browser.get(path)
    desk = await told.desk.get(path.replace("/partner/", "/desk/partners/"))

    for one, says, never in (
        (page, "Not in your sheet", "in their sheet"),
        (desk, "Not in their sheet", "in your sheet"),
    ):
        assert one.status_code == 200, one.text[:300]
        assert says in one.text and "#987654321" in one.text
        assert never not in one.text


async def test_a_code_to_print_is_of_ones_own_link(house, guild, told):
    browser = await browser_of(house, guild, told.sub)

    own = await browser.get(f"/partner/links/{told.codes[told.sub]}/qr.svg")

    assert own.status_code == 200 and b"<svg" in own.content
    foreign = await browser.get(f"/partner/links/{told.codes[told.master]}/qr.svg")
    assert foreign.status_code == 404


async def test_an_objection_goes_from_the_portal_to_the_desk_and_back(house, guild, told):
    browser = await browser_of(house, guild, told.sub)
    answer = await browser.post(
        f"/partner/rewards/{told.rewards[told.sub]}/objection",
        {"claimed": "6.00", "says": "my rate is six <b>and</b> not one"},
    )
    path = answer.headers["hx-redirect"].replace("/partner/", "/desk/partners/")
    foreign = await browser.post(
        f"/partner/rewards/{told.rewards[told.master]}/objection", {"says": "it is mine"}
    )
    assert foreign.status_code == 404

    page = await told.desk.get(path)
    assert page.status_code == 200 and "<b>and</b>" not in page.text
    assert "Somebody nearer to the client earns 5 of the rate 6" in page.text
    assert (await told.desk.get("/desk/partners/objections")).status_code == 200
    refused = await told.desk.post(f"{path}/agree", {"reason": "we agree after all"})
    assert refused.status_code == 422
    done = await told.desk.post(f"{path}/agree", {"reason": "we agree after all", "line": "0"})
    assert done.status_code == 204, done.text
    async with house.door.open(guild, purpose="test") as work:
        row = await work.first(select(Objection).where(Objection.reward == told.rewards[told.sub]))
        assert row is not None and (row.state, row.adjusted) == ("agreed", 5)
    assert "Added after an objection" in (await browser.get("/partner/rewards")).text
    assert (await browser.get(answer.headers["hx-redirect"])).status_code == 200


async def test_the_desks_pages_around_partners_open(house, guild, told):
    for path in (
        "/desk/partners",
        f"/desk/partners/{told.sub}",
        "/desk/partners/payouts",
        "/desk/partners/objections",
        "/desk/partners/contests",
        f"/desk/clients/{told.trader.client}/partner",
    ):
        answer = await told.desk.get(path)
        assert answer.status_code == 200, (path, answer.text[:500])
        assert len(answer.text.encode()) < 100_000, path


async def test_a_payout_is_read_agreed_and_paid_at_the_desk(house, guild, told):
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        partner = await a_partner(work, rate="5")
        trader = await a_trader(work, partner)
        later(work, minutes=1)
        await imported(work, trader, a_trade(trader.login, work.now, lots="30"))
        work.now, work.actor = now, staff(str(Partners.PAY))
        row = await payouts.make(work, partner)
        assert row is not None
    path = f"/desk/partners/payouts/{row.id}"
    page = await told.desk.get(path)
    seal = re.search(r'name="seal" value="([0-9a-f]{32})"', page.text)
    assert seal is not None

    wrong = await told.desk.post(f"{path}/approve", {"seal": "0" * 32})
    assert wrong.status_code == 409
    assert (await told.desk.post(f"{path}/approve", {"seal": seal[1]})).status_code == 204

    async with house.door.open(guild, purpose="test") as work:
        assert (await work.get(PartnerPayout, row.id)).state == "paid"


async def test_why_a_payout_was_refused_is_for_staff_alone(house, guild, told):
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        partner = await a_partner(work, rate="5")
        trader = await a_trader(work, partner)
        later(work, minutes=1)
        await imported(work, trader, a_trade(trader.login, work.now, lots="30"))
        work.now, work.actor = now, staff(str(Partners.PAY))
        row = await payouts.make(work, partner)
        assert row is not None
    path = f"/desk/partners/payouts/{row.id}"
    await told.desk.post(f"{path}/refuse", {"reason": "smells of fraud"})

    page = await (await browser_of(house, guild, partner)).get("/partner/payouts")

    assert page.status_code == 200 and "smells" not in page.text
    assert "smells of fraud" in (await told.desk.get(path)).text


async def test_a_period_is_closed_by_hand_and_one_that_runs_is_not(house, guild, told):
    async with house.door.open(guild, purpose="test") as work:
        month = statements.months(work, work.now)[0]
    runs = await told.desk.post("/desk/partners/payouts/close", {"period": month})
    bent = await told.desk.post("/desk/partners/payouts/close", {"period": "soon"})
    over = await told.desk.post("/desk/partners/payouts/close", {"period": "2020-01"})

    assert (runs.status_code, bent.status_code, over.status_code) == (409, 422, 204)


async def test_a_contest_is_decided_at_the_desk(house, guild, told):
    async with house.door.open(guild, purpose="test") as work:
        now, visitor = work.now, uuid7()
        work.now = now.replace(microsecond=0)
        later(work, hours=-3)
        for partner in (told.master, told.sub):
            later(work, minutes=5)
            await attribution.touch(work, visitor, code=told.codes[partner], source="link")
        await work.flush()
        client = await a_person(work)
        later(work, minutes=1)
        row = await attribution.attribute(work, client, visitor)
        at = row.valid_from
    path = f"/desk/partners/contests/{client}"
    page = await told.desk.get(path)
    assert page.status_code == 200
    assert 'value="' + at.isoformat() in page.text.replace("&#43;", "+")

    given = {"valid_from": at.isoformat(), "code": told.codes[told.sub], "reason": "met in person"}
    assert (await told.desk.post(path, given)).status_code == 204

    async with house.door.open(guild, purpose="test") as work:
        rows = await work.rows(
            select(Attribution).where(Attribution.client == client).order_by(Attribution.valid_from)
        )
        assert [one.contest for one in rows][-2:] == ["decided", None]
        assert rows[-1].partner == told.sub


async def arrived(work, link):
    """Somebody who came by a link and registered."""
    visitor = uuid7()
    await attribution.touch(work, visitor, code=link, source="link")
    await work.flush()
    client = await a_person(work)
    later(work, minutes=1)
    await attribution.attribute(work, client, visitor)
    await work.flush()
    return client


async def test_who_was_invited_joins_below_at_the_agreed_rate_with_the_version_they_accepted(work):
    master = await a_partner(work, rate="8")
    as_client(work, master)
    link = await campaigns.add(work, master, "Sara", rates={"per-lot": "6"})
    with pytest.raises(Invalid, match="cannot exceed 8"):
        await campaigns.add(work, master, "Greta", rates={"per-lot": "8.01"})
    await work.flush()
    work.actor = staff(*EDIT)
    client = await arrived(work, link.code)

    as_client(work, client)
    with pytest.raises(Invalid, match="changed"):
        await joining.join(work, version=7)
    row = await joining.join(work, version=1)

    assert (row.parent, row.rates, row.state) == (master, {"per-lot": "6"}, PartnerState.ACTIVE)
    assert (row.agreement, row.agreed_at) == (1, work.now)
    kept = await work.rows(select(ClientAgreement).where(ClientAgreement.client == client))
    assert ("partner:standard", "1") in {(one.document, one.version) for one in kept}
    [brought] = [one for one in await campaigns.brought(work, master) if one.rates]
    assert (brought.clicks, brought.registered, brought.joined) == (1, 1, 1)


@pytest.mark.parametrize(
    ("mode", "plain", "invited"),
    [
        ("auto", "active", "active"),
        ("public", "applied", "active"),
        ("restricted", None, "active"),
        ("private", None, None),
    ],
)
async def test_the_programme_is_open_to_whom_the_tenant_says(
    work, monkeypatch, mode, plain, invited
):
    by(work, monkeypatch, access=mode)
    master = await a_partner(work, rate="8")
    link = await campaigns.add(work, master, "Sara", rates={"per-lot": "6"})
    await work.flush()
    clients = {plain: await a_person(work), invited: await arrived(work, link.code)}
    wanted = [(plain, await a_person(work)), (invited, await arrived(work, link.code))]
    assert clients

    for state, client in wanted:
        as_client(work, client)
        if state is None:
            with pytest.raises(Denied):
                await joining.join(work, version=1)
        else:
            assert (await joining.join(work, version=1)).state == state


async def test_an_application_is_admitted_or_turned_down_once(work, monkeypatch):
    by(work, monkeypatch, access="public")
    rows = []
    for client in [await a_person(work) for _ in range(2)]:
        as_client(work, client)
        rows.append(await joining.join(work, version=1))
    await work.flush()
    work.actor = staff(*EDIT)

    await joining.admit(work, rows[0].id)
    await joining.turn_down(work, rows[1].id, why="not in our countries")

    assert [row.state for row in rows] == [PartnerState.ACTIVE, PartnerState.CLOSED]
    assert [len(await standings.history(work, row.id)) for row in rows] == [1, 0], "who earns"
    with pytest.raises(Conflict):
        await joining.admit(work, rows[1].id)
    await joining.pause(work, rows[0].id, why="a check of their site")
    visitor = uuid7()
    assert await attribution.touch(work, visitor, code=rows[0].code, source="link") is None
    await joining.resume(work, rows[0].id)
    assert await attribution.touch(work, visitor, code=rows[0].code, source="link") == rows[0].id


async def test_one_made_by_staff_accepts_the_version_in_the_portal(work):
    partner = await a_partner(work)
    row = await work.get(Partner, partner)
    assert row.agreement is None

    as_client(work, partner)
    await joining.agree(work, version=work.settings(PartnerSettings).plan(row.plan).version)

    assert row.agreement == 1


async def test_a_link_that_ended_brings_nobody_and_the_main_one_does_not_end(work):
    partner = await a_partner(work)
    link = await campaigns.add(work, partner, "March")
    await work.flush()
    as_client(work, partner)
    await campaigns.end(work, partner, link.code)
    await work.flush()

    assert await attribution.touch(work, uuid7(), code=link.code, source="link") is None
    main = (await work.get(Partner, partner)).code
    for code in (main, link.code):
        with pytest.raises(Conflict):
            await campaigns.end(work, partner, code)
    other = await work.first(select(PartnerLink.code).where(PartnerLink.partner != partner))
    if other is not None:
        with pytest.raises(Invalid):
            await campaigns.end(work, partner, other)


async def test_a_campaign_counts_its_own_people_and_rewards(work):
    partner = await a_partner(work, rate="5")
    link = await campaigns.add(work, partner, "March")
    await work.flush()
    for _ in range(2):
        await arrived(work, link.code)

    by_code = {one.code: one for one in await campaigns.brought(work, partner)}

    assert (by_code[link.code].clicks, by_code[link.code].registered) == (2, 2)
    assert by_code[link.code].earned == Decimal(0)
    main = (await work.get(Partner, partner)).code
    assert (by_code[main].clicks, by_code[main].registered) == (0, 0)
