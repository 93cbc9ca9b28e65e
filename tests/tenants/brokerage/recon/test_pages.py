"""What finance sees and does in the browser, from a file to a signed day."""

import gzip
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from brokerage.payments.permissions import Payments
from brokerage.recon import client_money, jobs, proofs
from brokerage.recon.events import FileBrought
from brokerage.recon.model import Break, OutsideFile, OutsideLine
from brokerage.recon.permissions import Recon
from support.people import make_staff
from support.web import signed_in

from .conftest import IBAN, a_bank, settlement_file
from .statements import Moved, camt053
from .test_banks import day, waited_for

PATHS = (
    "/desk/recon",
    "/desk/recon/breaks?state=open",
    "/desk/recon/files",
    "/desk/recon/lines",
    "/desk/recon/matches",
    "/desk/recon/accounts",
    "/desk/recon/client-money",
)


@pytest.fixture
def narrow(market):
    """A browser of staff who hold these permissions for their own clients only."""

    async def of(*permissions: str):
        async with market.opener()() as work:
            person, _ = await make_staff(work, permissions, scope="own")
        return await signed_in(market.house, market.tenant, person, "desk")

    return of


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_page_stands_empty(market, desk, language):
    browser = await desk("Head of finance")
    browser.http.cookies.set("language", language)

    for path in PATHS:
        answer = await browser.get(path)

        assert answer.status_code == 200, path
        assert len(answer.content) < 100_000


async def brought(market, browser, content: bytes, **form) -> OutsideFile:
    answer = await browser.http.post(
        "/desk/recon/files",
        data=form,
        files={"file": ("statement.xml", content)},
        headers={"x-csrftoken": browser.csrf, "hx-request": "true"},
    )
    assert answer.status_code == 204, answer.text
    path = answer.headers["hx-redirect"]
    assert (await browser.get(path)).status_code == 200
    file = path.rpartition("/")[2]
    await jobs.take_in(market.opener(), FileBrought(file=file))
    async with market.opener()() as work:
        return await work.get(OutsideFile, file)


async def test_finance_goes_from_a_statement_to_a_signed_day(market, customer, desk):
    browser = await desk("Head of finance")
    await browser.get("/desk/recon/accounts")
    made = await browser.post(
        "/desk/recon/accounts",
        {
            "name": "Clients, dollar", "code": "usd-clients", "purpose": "client",
            "number": "CY17 0020 0128 0000 0012 0052 7600", "currency": "USD", "bic": "bcypcy2n",
        },
    )  # fmt: skip
    assert made.status_code == 204, made.text
    wire = await waited_for(market, customer, "250.00")
    await customer.paid("500.00")
    moved = [
        Moved("250.00", text="for my account", name="Duarte", ref="B1", day=day()),
        Moved("-3.00", text="fee", ref="B2", day=day()),
    ]
    row = await brought(market, browser, gzip.compress(camt053(moved, account=IBAN, day=day())))
    assert (row.state, row.fresh) == ("done", 2)
    async with market.opener()() as work:
        lines = {one.amount > 0: one for one in await work.rows(select(OutsideLine))}
        found = {one.line: one for one in await work.rows(select(Break))}
    for path in (
        *PATHS,
        f"/desk/recon/files/{row.id}",
        *(f"/desk/recon/lines/{one.id}" for one in lines.values()),
        *(f"/desk/recon/breaks/{one.id}" for one in found.values()),
    ):
        assert (await browser.get(path)).status_code == 200, path
    shown = await browser.get(f"/desk/recon/lines/{lines[True].id}")
    assert "same amount" in shown.text and str(wire.id) in shown.text

    broken = found[lines[False].id]
    for step, form in (
        (f"breaks/{broken.id}/assign", {"owner": ""}),
        (f"breaks/{broken.id}/explain", {"reason": "fee", "note": "The bank's monthly fee"}),
        (f"breaks/{broken.id}/explain", {"note": "Asked for an invoice"}),
        (f"lines/{lines[True].id}/accept", {"deposit": str(wire.id), "score": "90"}),
        (f"lines/{lines[False].id}/book", {"outcome": "cost", "note": "Monthly fee"}),
        (f"breaks/{broken.id}/resolve", {}),
        ("prove", {}),
    ):
        answer = await browser.post(f"/desk/recon/{step}", form)
        assert answer.status_code == 204, (step, answer.text)
    for one in lines.values():
        matched = await browser.get(f"/desk/recon/lines/{one.id}")
        assert matched.status_code == 200 and "/desk/ledger/entries/" in matched.text
    assert (await customer.deposit(wire.id)).state == "credited"
    assert "Asked for an invoice" in (await browser.get(f"/desk/recon/breaks/{broken.id}")).text

    before = market.house.door.clock
    market.house.door.clock = lambda now: before(now) + timedelta(days=1)
    try:
        async with market.opener()() as work:
            (record,) = await client_money.calculate(work, datetime.now(UTC).date())
    finally:
        market.house.door.clock = before
    page = await browser.get(f"/desk/recon/client-money/{record.id}")
    assert page.status_code == 200 and record.hash in page.text
    signed = await browser.post(f"/desk/recon/client-money/{record.id}/sign", {"note": "ok"})
    assert signed.status_code == 204
    own = await browser.post(f"/desk/recon/client-money/{record.id}/review", {})
    assert own.status_code == 403
    other = await desk("Head of finance")
    await other.get("/desk/recon")
    reviewed = await other.post(f"/desk/recon/client-money/{record.id}/review", {})
    assert reviewed.status_code == 204
    for form, mark in (("pdf", b"%PDF"), ("xlsx", b"PK")):
        answer = await browser.get(f"/desk/recon/client-money/{record.id}/{form}")
        assert answer.status_code == 200 and answer.content.startswith(mark)
    assert (await browser.get(f"/desk/recon/client-money/{record.id}/exe")).status_code == 404
    assert (await browser.get("/desk/recon/client-money")).status_code == 200
    await proofs.prove(market.opener())
    seen = await browser.get("/desk/recon")
    assert "Clients, dollar" in seen.text


async def test_a_reader_of_narrow_scope_reads_no_names_of_the_bank_or_of_clients(
    market, customer, desk, narrow
):
    browser = await desk("Head of finance")
    await a_bank(market)
    await waited_for(market, customer, "250.00")
    moved = [Moved("250.00", text="savings of Mrs Duarte", name="Ana Duarte", ref="B1", day=day())]
    await brought(market, browser, camt053(moved, account=IBAN, day=day()))
    async with market.opener()() as work:
        [line] = await work.rows(select(OutsideLine))

    paths = (f"/desk/recon/lines/{line.id}", "/desk/recon/lines")
    whole = [(await browser.get(path)).text for path in paths]
    other = await narrow(*(str(one) for one in (*Recon, *Payments)))
    masked = [(await other.get(path)).text for path in paths]

    assert all("Duarte" in page for page in whole)
    assert "same amount" in whole[0] and "same amount" in masked[0]
    assert not any("Duarte" in page for page in masked)
    assert "A••• D•••" in masked[0]


async def test_a_mapping_is_tried_on_a_file_and_nothing_is_kept(market, customer, desk):
    await customer.paid("90.00")
    browser = await desk("Finance")
    await browser.get("/desk/recon/files")
    content = await settlement_file(market.alpha)
    spoilt = content + b"x,not a date,charge,1.00,0,1.00,usd,pi_1,\n"

    for sent, says in ((content, "Columns of the file"), (spoilt, "would be refused")):
        answer = await browser.http.post(
            "/desk/recon/files/try",
            data={"psp": "alpha"},
            files={"file": ("a.csv", sent)},
            headers={"x-csrftoken": browser.csrf},
        )
        assert answer.status_code == 200, answer.text
        assert says in answer.text
    async with market.opener()() as work:
        assert await work.count(select(OutsideFile)) == 0


async def test_a_refused_file_shows_its_report_by_line(market, desk):
    browser = await desk("Finance")
    await browser.get("/desk/recon/files")

    row = await brought(market, browser, camt053([Moved("5.00", day=day())], account=IBAN))
    page = await browser.get(f"/desk/recon/files/{row.id}")

    assert row.state == "refused"
    assert IBAN in page.text and re.search("Nothing of it was taken", page.text)
    today = await browser.get("/desk")
    assert row.name in today.text
    big = await browser.http.post(
        "/desk/recon/files",
        files={"file": ("big.csv", b"x" * 20_000_000)},
        headers={"x-csrftoken": browser.csrf, "hx-request": "true"},
    )
    assert big.status_code == 413
