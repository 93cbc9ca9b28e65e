"""What staff see of a letter: what its reader got, with nothing in it that proves who somebody is."""

import ast
import hashlib
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from brokerage.clients.permissions import Clients
from brokerage.crm import campaigns
from brokerage.crm.permissions import Crm
from stoa.audit.model import AuditEntry
from stoa.identity.model import Person
from stoa.identity.permissions import Identity
from stoa.kernel import process
from stoa.notices import keeping, notices, reading, unsubscribing
from stoa.notices.model import Message
from stoa.theming import words
from stoa.web.reader import LANGUAGE_COOKIE
from support.letters import FACTS, TEMPLATES
from support.people import make_staff

from .builders import a_campaign, a_client, a_tag

ROOT = Path(__file__).resolve().parents[4]
SECRET = "/reset/4c1d5b0f9e7a-proof"
TAG = re.compile(r"<[^>]+>")


async def queued(house, tenant, person, template="reset", **facts):
    async with house.door.open(tenant, purpose="test") as work:
        return await notices.mail(work, person, template, link=SECRET, **facts)


@pytest.fixture
async def client(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        return (await a_client(work)).id


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_no_letter_shows_a_link_or_what_it_proves(house, aurora, client, template, language):
    async with house.door.open(aurora, purpose="test") as work:
        (await work.get(Person, client)).locale = language
    message = await queued(house, aurora, client, template, **FACTS)

    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Message, message)
        row.campaign = row.id if template == "campaign" else None
        markup = await reading.shown(work, row, process.config())
        proof = unsubscribing.path(work, row.id)

    assert "proof" not in markup and proof.rsplit(".", 1)[1] not in markup
    assert not [tag for tag in TAG.findall(markup) if re.search(r"\s(href|action|on\w+)=", tag)]
    assert "<script" not in markup
    assert "<h1" in markup and f'<html lang="{language}"' in markup


async def test_a_letter_is_read_in_a_frame_and_the_reading_is_kept(house, aurora, client, desk):
    message = await queued(house, aurora, client)
    browser = await desk(Crm.MESSAGES_VIEW, Clients.VIEW, Clients.SEE_PII)

    closed = await browser.get(f"/desk/messages/{message}")
    opened = await browser.get(f"/desk/messages/{message}?letter=shown")
    letter = await browser.get(f"/desk/messages/{message}/letter")

    assert "<iframe" not in closed.text and "?letter=shown" in closed.text
    assert 'sandbox="allow-same-origin" referrerpolicy="no-referrer"' in opened.text
    assert f'src="/desk/messages/{message}/letter"' in opened.text
    assert letter.status_code == 200 and "Choose a new password" in letter.text
    assert SECRET not in letter.text and "href" not in letter.text
    policy = letter.headers["content-security-policy"]
    assert "script-src" not in policy and "default-src 'none'" in policy and "sandbox" in policy
    assert "allow-scripts" not in policy and "frame-ancestors 'self'" in policy
    assert letter.headers["x-frame-options"] == "SAMEORIGIN"
    assert letter.headers["cache-control"] == "no-store"
    async with house.door.open(aurora, purpose="test") as work:
        entries = await work.rows(select(AuditEntry).where(AuditEntry.subject == client))
    kept = [one for entry in entries for one in entry.changes if one.get("did") == "pii.read"]
    assert [one["message"] for one in kept] == [str(message)]


async def test_a_letter_is_not_read_without_the_right_to_personal_details(
    house, aurora, client, desk
):
    message = await queued(house, aurora, client)
    poor = await desk(Crm.MESSAGES_VIEW, Clients.VIEW)
    other = await desk(Clients.VIEW, Clients.SEE_PII)
    elsewhere = await desk(Crm.MESSAGES_VIEW, Clients.VIEW, Clients.SEE_PII, scope="own")

    page = await poor.get(f"/desk/messages/{message}?letter=shown")

    assert page.status_code == 200 and "/letter" not in page.text
    assert (await poor.get(f"/desk/messages/{message}/letter")).status_code == 403
    assert (await other.get(f"/desk/messages/{message}/letter")).status_code == 403
    assert (await elsewhere.get(f"/desk/messages/{message}/letter")).status_code == 404


async def test_what_somebody_wrote_into_a_campaign_is_text_in_the_frame(house, aurora, desk):
    hostile = '<script>alert(1)</script> <a href="https://evil.example">x</a> action=buy'
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work)
        row.tags = [a_tag()]
        texts = {"en": campaigns.Text(subject="Hello", body=hostile, action="Look")}
        campaign = await a_campaign(work, row.tags[0], texts=texts)
        message = await notices.mail(
            work, row.id, "campaign", link="/", campaign=campaign.id,
            subject="Hello", body=hostile, action="Look",
        )  # fmt: skip
    browser = await desk()

    letter = await browser.get(f"/desk/messages/{message}/letter")

    assert "<script" not in letter.text and "&lt;script&gt;" in letter.text
    assert "evil.example" in letter.text and "<a href" not in letter.text
    assert "action=buy" in letter.text
    assert "/unsubscribe/" not in letter.text


async def test_the_page_of_a_letter_names_it_in_the_readers_language(house, aurora, client, desk):
    """ "kyc approved" stood there: its code with a blank in it is known to no list of words."""
    message = await queued(house, aurora, client, "kyc_approved", level="Verified")
    browser = await desk()
    browser.http.cookies.set(LANGUAGE_COOKIE, "es")

    page = await browser.get(f"/desk/messages/{message}")
    tab = await browser.get(f"/desk/clients/{client}/messages")

    for one in (page, tab):
        assert "kyc approved" not in one.text.lower() and "Verificado" in one.text


def test_every_letter_has_a_name():
    assert [one for one in TEMPLATES if words.label(one) == one] == []


def test_no_letter_is_given_a_proof_beside_its_link():
    """`link` is sealed and forgotten; the other facts of a letter are kept, and staff may read them."""
    wrong = []
    for path in (*ROOT.glob("platform/stoa/**/*.py"), *ROOT.glob("tenants/brokerage/**/*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                named = ast.unparse(call.func)
                if named in {"notices.mail", "notices.mail_to", "rows.write"}:
                    told = {one.arg for one in call.keywords if one.arg}
                    wrong += [
                        f"{path.name}:{call.lineno} {word}"
                        for word in told
                        & {"code", "token", "bearer", "secret", "password", "proof"}
                    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("whose", "right"), [("staff", Identity.STAFF_VIEW), ("lead", Crm.LEADS_VIEW)]
)
async def test_a_letter_to_others_than_clients_is_read_with_the_right_to_them(
    house, aurora, desk, whose, right
):
    async with house.door.open(aurora, purpose="test") as work:
        if whose == "staff":
            person, *_ = await make_staff(work)
            message = await notices.mail(work, person.id, "reset", link=SECRET)
        else:
            message = await notices.mail_to(work, "lead@example.com", "reset", link=SECRET)
    rights = [Crm.MESSAGES_VIEW, Clients.VIEW, Clients.SEE_PII]
    poor, good = await desk(*rights), await desk(*rights, right)

    shown = await poor.get(f"/desk/messages/{message}?letter=shown")
    refused = await poor.get(f"/desk/messages/{message}/letter")
    letter = await good.get(f"/desk/messages/{message}/letter")

    assert shown.status_code == 200 and "<iframe" not in shown.text
    assert refused.status_code == 403
    assert letter.status_code == 200 and "Choose a new password" in letter.text
    assert SECRET not in letter.text


async def test_what_was_sent_is_taken_away_as_a_file_and_that_is_kept(house, aurora, client, desk):
    message = await queued(house, aurora, client)
    raw = b"Subject: Hello\r\nContent-Type: text/plain\r\n\r\nDear reader\r\n"
    browser = await desk(Crm.MESSAGES_VIEW, Clients.VIEW, Clients.SEE_PII)
    before = await browser.get(f"/desk/messages/{message}/sent")
    async with house.door.open(aurora, purpose="test") as work:
        keeping.keep(work, await work.get(Message, message), raw, ())

    page = await browser.get(f"/desk/messages/{message}")
    file = await browser.get(f"/desk/messages/{message}/sent")

    assert before.status_code == 404
    assert hashlib.sha256(raw).hexdigest() in page.text
    assert file.content == raw and file.headers["content-type"].startswith("message/rfc822")
    async with house.door.open(aurora, purpose="test") as work:
        entries = await work.rows(select(AuditEntry).where(AuditEntry.subject == client))
    kept = [one for entry in entries for one in entry.changes if one.get("did") == "pii.read"]
    assert [one["field"] for one in kept] == ["letter file"]
