"""ACC-04: a document beside the words of who asks for an account without swaps."""

import pytest
from sqlalchemy import select

from brokerage.trading.lifecycle.model import AccountRequest, RequestState
from brokerage.trading.lifecycle.settings import Eligible, SwapFree
from stoa.audit.model import AuditEntry
from stoa.files import store
from stoa.files.model import StoredFile
from stoa.identity.model import Person
from support.people import make_staff
from support.uploads import bill, encoded, with_place, written_pdf
from support.web import signed_in

from .conftest import SERVER
from .lives import retuned

GROUND = "My faith does not allow interest"


@pytest.fixture
async def islamic(broker):
    group = {"group": "real\\standard-usd", "swap_free": "real\\islamic-usd"}
    await retuned(
        broker,
        servers={SERVER: {"groups": [group]}},
        swap_free=SwapFree(decides="staff", when=Eligible(country=("ES",)), days=30),
    )
    return broker


async def room(house, broker, client):
    async with broker.opener()() as work:
        person = await work.get(Person, client)
    return await signed_in(house, broker.tenant, person, "room")


async def asked(browser, account, note=GROUND, content=None, name="letter.jpg"):
    await browser.get(f"/accounts/{account}/change")
    return await browser.http.post(
        f"/accounts/{account}/swap-free",
        data={"note": note},
        files={"file": (name, content)} if content is not None else {"file": ("", b"")},
        headers={
            "x-csrftoken": browser.csrf,
            "hx-request": "true",
            "accept": "application/problem+json",
        },
    )


async def wishes(broker, customer):
    async with broker.opener()() as work:
        return await work.rows(
            select(AccountRequest).where(AccountRequest.account == customer.account)
        )


async def test_the_document_comes_with_the_wish_and_each_look_at_it_is_recorded(house, islamic):
    broker, customer = islamic, await islamic.customer()
    original = with_place(bill())

    answer = await asked(await room(house, broker, customer.id), customer.account, content=original)

    assert answer.status_code < 400, answer.text
    (wish,) = await wishes(broker, customer)
    assert (wish.state, wish.note) == (RequestState.ASKED, GROUND)
    async with broker.opener()() as work:
        file = await work.get(StoredFile, wish.wants["evidence"])
        content = await store.read(work, file)
        owner, _ = await make_staff(work, ["Owner"])
    assert (file.kind, file.owner) == ("account.evidence", customer.id)
    assert content != original and b"GPS" not in content and b"Exif" not in content

    desk = await signed_in(house, broker.tenant, owner, "desk")
    page = await desk.get(f"/desk/requests/{wish.id}")
    assert f"/desk/requests/{wish.id}/evidence" in page.text
    shown = await desk.get(f"/desk/requests/{wish.id}/evidence")
    assert shown.status_code == 200 and shown.content == content
    assert "sandbox" in shown.headers["content-security-policy"]
    async with broker.opener()() as work:
        entries = await work.rows(select(AuditEntry).where(AuditEntry.actor == owner.id))
    looks = [
        (entry.subject, told["request"])
        for entry in entries
        for told in entry.changes
        if told.get("did") == "account.evidence-read"
    ]
    assert looks == [(customer.id, str(wish.id))]


async def test_words_alone_are_enough_and_the_desk_says_that_there_is_no_document(house, islamic):
    broker, customer = islamic, await islamic.customer()

    answer = await asked(await room(house, broker, customer.id), customer.account)

    assert answer.status_code < 400, answer.text
    (wish,) = await wishes(broker, customer)
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
    desk = await signed_in(house, broker.tenant, owner, "desk")
    page = await desk.get(f"/desk/requests/{wish.id}")
    assert "No document was sent with it." in page.text
    assert (await desk.get(f"/desk/requests/{wish.id}/evidence")).status_code == 404


async def test_what_is_no_document_or_has_no_ground_or_is_anothers_leaves_nothing(house, islamic):
    broker, customer, other = islamic, await islamic.customer(), await islamic.customer()
    browser = await room(house, broker, customer.id)
    stranger = await room(house, broker, other.id)

    async def answers(client, **sent):
        return (await asked(client, customer.account, **sent)).status_code

    assert await answers(browser, content=b"#!/bin/sh\nrm -rf /") == 422
    assert await answers(browser, content=encoded(bill())[:400]) == 422
    assert await answers(browser, note="so", content=written_pdf(2), name="letter.pdf") == 422
    assert await answers(stranger, content=encoded(bill())) == 404

    assert await wishes(broker, customer) == []
    async with broker.opener()() as work:
        kept = await work.rows(
            select(StoredFile).where(StoredFile.owner.in_([customer.id, other.id]))
        )
    assert kept == []
