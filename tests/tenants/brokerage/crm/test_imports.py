"""Files of leads: looked at, taken over once, never a danger."""

import gzip

import pytest
from sqlalchemy import func, select

from brokerage.clients.settings import ClientSettings
from brokerage.crm import imports
from brokerage.crm.model import Lead, LeadImport
from stoa.kernel.refusals import Invalid
from support.mailbox import run_reactions

from .builders import a_client, a_lead, address

LIMITS = ClientSettings()


def look(text: str | bytes):
    content = text.encode() if isinstance(text, str) else text
    return imports.look(content, source="fair", campaign="", limits=LIMITS)


def outcomes(looked):
    return [outcome for _, outcome, _ in looked.results]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_of_any_usual_encoding_are_read(encoding):
    looked = look("name;email\nJosé Núñez;jose@example.com\n".encode(encoding))

    assert looked.rows[0].wish.name == "José Núñez"


def test_first_and_last_names_and_other_words_for_columns_are_understood():
    looked = look(
        "First Name\tLast Name\tE-Mail\tMobile\nAda\tLee\tada@example.com\t+34612345678\n"
    )

    wish = looked.rows[0].wish
    assert (wish.name, wish.phone, wish.source) == ("Ada Lee", "+34612345678", "fair")


def test_each_row_says_how_it_fares():
    looked = look(
        "name,email,country\n"
        "Ada Lee,ada@example.com,ES\n"
        "Ada Again,ADA@example.com,ES\n"
        "No Address,nonsense,ES\n"
        "Nowhere,no@example.com,XX\n"
        ",nameless@example.com,ES\n"
    )

    assert outcomes(looked) == ["new", "twice", "refused", "refused", "refused"]
    assert [line for line, _, _ in looked.results] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3+cmd"])
def test_cells_a_spreadsheet_would_run_are_refused(name):
    assert outcomes(look(f'name,email\n"{name}",a@example.com\n')) == ["refused"]


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"a" * 10_000_000),
        b"PK\x03\x04" + b"0" * 100,
        b"%PDF-1.7",
        b"name,email\n\x00\x00",
        b"name,email\n",
        b"a,b\n1,2\n",
        b"name,email\n" + b'"' + b"x" * 200_000,
        b",".join([b"c"] * 100) + b"\n",
    ],
)
def test_what_is_no_list_of_leads_is_refused(content):
    with pytest.raises(Invalid):
        look(content)


def test_fifty_thousand_rows_are_read_and_one_more_is_too_many():
    rows = [f"Ada Lee,a{n}@example.com" for n in range(50_001)]

    with pytest.raises(Invalid, match="50,000"):
        look("name,email\n" + "\n".join(rows))


async def upload(house, tenant, text):
    async with house.door.open(tenant, purpose="test") as work:
        row = await imports.upload(work, text.encode(), name="fair.csv", source="fair")
    await run_reactions(house, tenant, "platform")
    return row.id


async def test_a_file_is_looked_at_then_taken_over_once(house, aurora):
    known, client = address(), address()
    async with house.door.open(aurora, purpose="test") as work:
        await a_lead(work, email=known)
        await a_client(work, email=client)
    emails = [address() for _ in range(1500)]
    text = "name,email\n" + "".join(
        f"Ada Lee,{one}\n" for one in [*emails, emails[0], known, client, "bad"]
    )

    batch = await upload(house, aurora, text)
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(LeadImport, batch)
        assert row.counts == {"new": 1500, "twice": 1, "lead": 1, "client": 1, "refused": 1}
        assert not await work.value(select(func.count()).where(Lead.batch == batch))
        await imports.apply(work, batch)
        await imports.apply(work, batch)
    await run_reactions(house, aurora, "platform")

    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(LeadImport, batch)
        assert row.state == "applied" and row.content_sealed is None
        assert row.counts["new"] == 1500
        assert await work.value(select(func.count()).where(Lead.batch == batch)) == 1500
        same = await imports.upload(work, text.encode(), name="again.csv", source="fair")
        assert same.id == batch


async def test_a_take_over_that_was_killed_goes_on_where_it_stopped(house, aurora, open_work):
    text = "name,email\n" + "".join(f"Ada Lee,{address()}\n" for _ in range(1200))
    batch = await upload(house, aurora, text)
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.lock(LeadImport, batch)
        row.move("applying")
    opened = 0

    class Killed(RuntimeError):
        pass

    def mortal(**more):
        nonlocal opened
        opened += 1
        if opened == 3:
            raise Killed
        return open_work(**more)

    with pytest.raises(Killed):
        await imports.take_over(mortal, batch)
    await imports.take_over(open_work, batch)

    async with house.door.open(aurora, purpose="test") as work:
        assert await work.value(select(func.count()).where(Lead.batch == batch)) == 1200


async def test_the_page_of_a_file_tells_and_offers_every_result(desk, house, aurora):
    batch = await upload(house, aurora, f"name,email\nAda,{address()}\nBob,bad\n")
    browser = await desk()

    page = await browser.get(f"/desk/leads/imports/{batch}")
    results = await browser.get(f"/desk/leads/imports/{batch}?format=csv")

    assert page.status_code == 200, page.text[:400]
    assert "e-mail address" in page.text
    assert results.text.splitlines()[1:2] == ['2,new,""']


async def test_a_file_comes_by_the_form(desk):
    browser = await desk()

    answer = await browser.post(
        "/desk/leads/imports",
        {"source": "fair"},
        files={"file": ("f.csv", f"name,email\nAda,{address()}\n".encode(), "text/csv")},
    )

    assert answer.headers["hx-redirect"].startswith("/desk/leads/imports/")
