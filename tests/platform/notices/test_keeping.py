"""What a letter said is kept sealed, byte for byte, without what opens something."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from stoa.identity import people
from stoa.kernel import process
from stoa.notices import jobs, keeping, letters, notices, reading, unsubscribing
from stoa.notices.events import MailQueued
from stoa.notices.model import Message
from support.people import make_client_login
from support.post_office import post_office

ID = "01a21bda-58d4-7fc4-8081-60c63075748a"


@pytest.fixture
async def office(house):
    async with post_office() as here:
        process.use(replace(house.config, smtp_url=f"smtp://{here.place}"))
        yield here
    process.use(house.config)


@pytest.fixture
async def sent(house, aurora, office):
    """Send a letter to a new reader: its id, and the bytes that the mail server took."""

    async def send(template="deposit_credited", **params):
        async with house.door.open(aurora, purpose="test") as work:
            person, _ = await make_client_login(work, name=params.pop("to", "Ana Ruiz"))
            facts = {"amount": Decimal("1234.5"), "currency": "EUR", "reference": "D-7K3M"} | params
            campaign = facts.pop("campaign", None)
            message = await notices.mail(work, person.id, template, campaign=campaign, **facts)
            address = people.email_of(work, person)
        await jobs.send_queued(
            house.door.opener(aurora, purpose="test"), MailQueued(message=message)
        )
        return message, address, office.raw[-1]

    return send


async def kept(house, tenant, message):
    async with house.door.open(tenant, purpose="test") as work:
        return keeping.kept(work, await work.get(Message, message))


@pytest.mark.parametrize("link", [None, "/", "/verify", f"/deposit/{ID}", f"/desk/alerts/{ID}"])
async def test_a_letter_that_opens_nothing_is_kept_as_the_very_bytes_that_went(
    house, aurora, sent, link
):
    message, _, went = await sent(link=link)

    found = await kept(house, aurora, message)

    assert found.raw.rstrip() == went.rstrip() and len(found.raw) - len(went) in {0, 2, -2}
    assert found.whole and found.digest == hashlib.sha256(found.raw).hexdigest()


async def test_nothing_of_it_is_read_without_the_tenants_key(house, aurora, sent):
    message, address, _ = await sent(to="Canary Reader")

    async with house.door.open(aurora, purpose="test") as work:
        stored = await work.value(
            text("select message::text from message where id = :id"), {"id": message}
        )

    assert "Canary" not in stored and address not in stored and "1,234.50" not in stored


@pytest.mark.parametrize(
    ("template", "link", "secrets"),
    [
        ("reset", "/reset/Zk3-x_canaryBearer", ["Zk3-x_canaryBearer"]),
        ("verify_email", "/verify-email/Zk3canary&'x#481516", ["Zk3canary", "481516"]),
        ("invitation", "/desk/invitation/lowercase-canary", ["lowercase-canary"]),
        ("reset", f"/reset/{ID}?k=1", [ID]),
    ],
)
async def test_a_key_in_a_letter_is_not_kept_but_the_digest_is_of_all_that_went(
    house, aurora, sent, template, link, secrets
):
    message, _, went = await sent(template, link=link, hours=24)

    found = await kept(house, aurora, message)

    assert found is not None and not found.whole
    assert found.digest in {hashlib.sha256(one).hexdigest() for one in (went, went + b"\r\n")} or (
        found.digest == hashlib.sha256(went.rstrip() + b"\r\n").hexdigest()
    )
    parts = [found.mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
    for one in (*secrets, link):
        assert one.encode() not in found.raw
        assert not [part for part in parts if one in part]
    assert all(keeping.WITHHELD in part for part in parts)


async def test_the_way_out_of_campaigns_is_taken_out_of_the_headers_too(house, aurora, sent):
    message, _, _ = await sent(
        "campaign", campaign=ID, link="/", subject="News", body="Hello", action="Look"
    )

    found = await kept(house, aurora, message)

    async with house.door.open(aurora, purpose="test") as work:
        proof = unsubscribing.path(work, message)
    assert keeping.WITHHELD in found.mail["List-Unsubscribe"]
    assert proof not in str(found.mail) and proof.rsplit("/", 1)[1].encode() not in found.raw


def test_what_cannot_be_taken_out_is_not_kept():
    raw = b"Subject: canary\r\nContent-Type: text/plain\r\n\r\ncanary\r\n"

    assert keeping.without(raw, ["canary"]) is None
    assert keeping.without(raw, ["other"]) is not None


async def test_staff_read_what_was_sent_after_the_person_is_called_otherwise(house, aurora, sent):
    message, _, _ = await sent(to="Maiden Name")
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Message, message)
        row.params = row.params | {"reference": "D-ALTERED"}

        markup = await reading.shown(work, row, house.config)

    assert "D-7K3M" in markup and "D-ALTERED" not in markup and "href" not in markup


async def test_a_letter_is_taken_away_when_its_time_is_over_and_its_digest_stays(
    house, aurora, sent
):
    old, _, _ = await sent()
    young, _, _ = await sent()
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Message, old)
        row.queued_at = work.now - timedelta(days=1827)

    await keeping.sweep(house.door.opener(aurora, purpose="test"))

    assert await kept(house, aurora, old) is None
    assert await kept(house, aurora, young) is not None
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Message, old)
    assert row.state == "sent" and len(row.digest) == 64


async def test_a_letter_that_did_not_go_leaves_nothing(house, aurora, office):
    async with house.door.open(aurora, purpose="test") as work:
        person, _ = await make_client_login(work)
        message = await notices.mail(work, person.id, "reset", link="/reset/x1")
        letter = await letters.claim(work, message, house.config)
        await letters.conclude(work, message, letter, letters.Sent(None, "later"))
        row = await work.get(Message, message)

    assert row.digest is None and row.kept_sealed is None and row.link_sealed is not None
