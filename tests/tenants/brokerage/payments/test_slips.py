"""PSP-18: a client's proof of a wire, made anew and sealed, beside what finance waits for."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from brokerage.payments.model import Deposit, PaymentAttempt
from stoa.files import store
from stoa.files.model import StoredFile
from stoa.kernel.ids import reference, uuid7
from support.uploads import bill, encoded, with_place, written_pdf


async def a_wire(market, customer, state: str = "waiting", method: str = "bank") -> Deposit:
    async with market.opener()() as work:
        row = Deposit(
            id=uuid7(),
            reference=reference("D"),
            client=customer.id,
            method=method,
            amount=Decimal(250),
            currency="USD",
            fee=Decimal(0),
            state=state,
            psp="wire",
            started_at=work.now,
            expires_at=work.now + timedelta(days=10),
            ended_at=work.now if state == "cancelled" else None,
        )
        work.add(row)
        await work.flush()
        work.add(
            PaymentAttempt(
                id=uuid7(), deposit=row.id, number=1, psp="wire", state="open",
                decision={"route": "w", "rule": 1, "version": 1}, asked_at=work.now,
            )
        )  # fmt: skip
    return row


async def sent(browser, row, content: bytes, name: str = "slip.jpg"):
    await browser.get(f"/deposit/{row.id}")
    return await browser.http.post(
        f"/deposit/{row.id}/slip",
        files={"file": (name, content)},
        headers={
            "x-csrftoken": browser.csrf,
            "hx-request": "true",
            "accept": "application/problem+json",
        },
    )


async def test_a_proof_is_made_anew_sealed_and_shown_to_its_owner_and_to_finance(
    market, customer, desk
):
    row = await a_wire(market, customer)
    browser = await customer.browser()
    original = with_place(bill())

    answer = await sent(browser, row, original)

    assert answer.status_code < 400, answer.text
    kept = await customer.deposit(row.id)
    assert kept.slip is not None and kept.slip_at is not None
    async with market.opener()() as work:
        file = await work.get(StoredFile, kept.slip)
        content = await store.read(work, file)
    assert (file.kind, file.owner) == ("deposit.slip", customer.id)
    assert content != original and b"GPS" not in content and b"Exif" not in content
    assert (await browser.get(f"/deposit/{row.id}/slip")).status_code == 200
    finance = await desk("Finance")
    page = await finance.get(f"/desk/deposits/{row.id}")
    assert f"/desk/deposits/{row.id}/slip" in page.text
    shown = await finance.get(f"/desk/deposits/{row.id}/slip")
    assert shown.status_code == 200 and "sandbox" in shown.headers["content-security-policy"]


async def test_another_one_takes_its_place_and_a_pdf_is_fine(market, customer):
    row = await a_wire(market, customer)
    browser = await customer.browser()
    await sent(browser, row, encoded(bill()))
    first = (await customer.deposit(row.id)).slip

    answer = await sent(browser, row, written_pdf(2), "slip.pdf")

    assert answer.status_code < 400, answer.text
    assert (await customer.deposit(row.id)).slip not in {None, first}


async def test_what_is_no_picture_or_comes_too_late_or_is_anothers_is_refused(market, customer):
    row = await a_wire(market, customer)
    browser = await customer.browser()
    other = await (await market.client()).browser()

    assert (await sent(browser, row, b"#!/bin/sh\nrm -rf /", "slip.jpg")).status_code == 422
    assert (await sent(browser, row, encoded(bill())[:400])).status_code == 422
    assert (await sent(other, row, encoded(bill()))).status_code == 404
    assert (await other.get(f"/deposit/{row.id}/slip")).status_code == 404
    done = await a_wire(market, customer, "cancelled")
    assert (await sent(browser, done, encoded(bill()))).status_code == 409
    card = await a_wire(market, customer, method="card")
    assert (await sent(browser, card, encoded(bill()))).status_code == 404
    async with market.opener()() as work:
        kept = await work.rows(select(StoredFile).where(StoredFile.kind == "deposit.slip"))
    assert kept == []
