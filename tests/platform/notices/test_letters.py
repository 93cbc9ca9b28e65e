"""Letters: in the reader's language and the tenant's brand, sent once, nothing personal kept."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from jinja2 import meta
from sqlalchemy import select, text

from stoa.events.model import Outbox
from stoa.identity import people
from stoa.identity.model import Person
from stoa.kernel import process, where
from stoa.kernel.refusals import Conflict, NotFound, Unavailable
from stoa.notices import jobs, letters, notices, sending, unsubscribing
from stoa.notices.events import MailQueued
from stoa.notices.model import Message
from stoa.notices.plain import one_line, plain
from stoa.notices.settings import NoticeSettings, Smtp
from stoa.tenancy import settings
from stoa.theming.render import environment
from support.forging import forged
from support.letters import FACTS
from support.people import make_client_login, unread
from support.post_office import post_office


@pytest.fixture
async def office(house):
    async with post_office() as here:
        process.use(replace(house.config, smtp_url=f"smtp://{here.place}"))
        yield here
    process.use(house.config)


async def reader(house, tenant, **facts):
    async with house.door.open(tenant) as work:
        person, _ = await make_client_login(work, **facts)
        return person, people.email_of(work, person)


async def queued(house, tenant, person, template="deposit_credited", **params):
    params = params or {"amount": Decimal("1234.5"), "currency": "EUR", "reference": "D-7K3M"}
    async with house.door.open(tenant) as work:
        return await notices.mail(work, person.id, template, **params)


async def deliver(house, tenant, message):
    await jobs.send_queued(house.door.opener(tenant, purpose="test"), MailQueued(message=message))


def text_of(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


async def row(house, tenant, message):
    async with house.door.open(tenant) as work:
        return await work.get(Message, message)


async def test_a_letter_is_queued_with_the_change_and_with_its_rollback_gone(house, aurora):
    person, _ = await reader(house, aurora)

    with pytest.raises(RuntimeError, match="undo"):
        async with house.door.open(aurora) as work:
            message = await notices.mail(work, person.id, "reset", link="/reset/x")
            raise RuntimeError("undo")

    async with house.door.open(aurora) as work:
        assert await work.first(select(Message).where(Message.id == message)) is None
        told = await work.rows(select(Outbox.body).where(Outbox.kind == "mail.queued"))
    assert str(message) not in {body["message"] for body in told}


async def test_a_letter_arrives_in_the_brand_with_text_and_markup(house, aurora, office):
    person, email = await reader(house, aurora, name="Ana Ruiz")
    message = await queued(house, aurora, person)

    await deliver(house, aurora, message)

    (mail,) = office.to(email)
    assert mail["Subject"] == "1,234.50 EUR arrived"
    assert "Aurora Markets" in mail["From"] and "Ana Ruiz" in mail["To"]
    words = text_of(mail)
    assert "Reference: D-7K3M" in words and "1,234.50" in words and "<" not in words
    markup = mail.get_body(("html",)).get_content()
    assert "1,234.50" in markup and "<script" not in markup
    assert office.greeted == [aurora.host]
    sent = await row(house, aurora, message)
    assert (sent.state, sent.tries, sent.error) == ("sent", 1, None)


async def test_a_letter_that_is_out_is_not_sent_again(house, aurora, office):
    person, email = await reader(house, aurora)
    message = await queued(house, aurora, person)

    for _ in range(3):
        await deliver(house, aurora, message)

    assert len(office.to(email)) == 1


async def test_two_workers_do_not_send_the_same_letter(house, aurora, office):
    person, _ = await reader(house, aurora)
    message = await queued(house, aurora, person)
    async with house.door.open(aurora) as work:
        assert await letters.claim(work, message, house.config) is not None

    with pytest.raises(Conflict):
        await deliver(house, aurora, message)

    assert office.letters == []


async def test_a_link_is_sealed_until_it_is_sent_and_then_forgotten(house, aurora, office):
    person, email = await reader(house, aurora)
    async with house.door.open(aurora) as work:
        message = await notices.mail(work, person.id, "reset", link="/reset/canary-token")
        stored = await work.value(
            text("select message::text from message where id = :id"), {"id": message}
        )
    assert "canary" not in stored and email not in stored

    await deliver(house, aurora, message)

    words = text_of(office.to(email)[0])
    assert f"{house.config.url(aurora.host, '/reset/canary-token')}\n" in words
    assert (await row(house, aurora, message)).link_sealed is None


async def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    house, aurora, office
):
    person, email = await reader(house, aurora)
    later = await queued(house, aurora, person)
    office.answer = "451 come back later"
    with pytest.raises(Unavailable):
        await deliver(house, aurora, later)
    assert (await row(house, aurora, later)).state == "queued"

    office.answer = "550 no such mailbox"
    never = await queued(house, aurora, person)
    await deliver(house, aurora, never)
    failed = await row(house, aurora, never)
    assert failed.state == "failed" and "550" in failed.error and email not in failed.error

    office.answer = ""
    await deliver(house, aurora, later)
    async with house.door.open(aurora) as work:
        await notices.send_again(work, never)
    await deliver(house, aurora, never)
    assert len(office.to(email)) == 2


async def test_without_a_mail_server_letters_wait(house, aurora):
    process.use(replace(house.config, smtp_url=""))
    person, _ = await reader(house, aurora)
    message = await queued(house, aurora, person)

    with pytest.raises(Unavailable):
        await deliver(house, aurora, message)

    kept = await row(house, aurora, message)
    assert (kept.state, kept.error) == ("queued", "no mail server is set")


async def test_a_mail_server_inside_our_own_network_is_not_called(house, office):
    tenant = await house.tenant()
    inside = NoticeSettings(smtp=Smtp(on=True, host="localhost", port=2525))
    async with house.door.open(tenant) as work:
        await settings.put(work, "notices", inside, why="test")
    person, _ = await reader(house, tenant)
    message = await queued(house, tenant, person)

    await deliver(house, tenant, message)

    assert (await row(house, tenant, message)).state == "failed"
    assert office.letters == []


async def test_the_sender_is_the_tenants_own(house, office):
    tenant = await house.tenant()
    own = NoticeSettings(sender_name="Aurora Desk", sender_address="desk@aurora.example")
    async with house.door.open(tenant) as work:
        await settings.put(work, "notices", own, why="test")
    person, _ = await reader(house, tenant)

    await deliver(house, tenant, await queued(house, tenant, person))

    assert office.letters[-1]["From"] == "Aurora Desk <desk@aurora.example>"


@pytest.mark.parametrize(
    "name",
    ["Eve\r\nBcc: x@evil.example", "Eve\nSubject: hi", "Eve\u2028X", '"Eve" <x@evil.example>'],
)
async def test_a_name_writes_no_header(house, aurora, office, name):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        person.name_sealed = work.seal(person.id, "person.name", name)
        email = people.email_of(work, person)

    await deliver(house, aurora, await queued(house, aurora, person))

    mail = office.letters[-1]
    assert office.recipients[-1:] == [email]
    assert mail["Bcc"] is None and mail["Subject"].endswith("arrived")
    assert [one.addr_spec for one in mail["To"].addresses] == [email]


def wanted(env, name):
    """What a template asks of whoever queues it, each with a likely value."""
    source, _, _ = env.loader.get_source(env, f"mail/{name}.html")
    given = {"look", "ui", "name", "link", "home", "unsubscribe", "postal_address", *env.globals}
    values = {}
    for one in meta.find_undeclared_variables(env.parse(source)) - given:
        if one == "amount" or one.endswith("_amount"):
            values[one] = Decimal(10)
        elif one.endswith("_at"):
            values[one] = datetime(2026, 3, 1, tzinfo=UTC)
        else:
            values[one] = FACTS.get(one, "A word")
    return values


async def test_every_template_speaks_every_language(house, aurora):
    """A template that fails does so in a worker, where nobody looks."""
    folder = Path(where.themes()) / "default" / "templates" / "mail"
    names = sorted(path.stem for path in folder.glob("*.html") if not path.stem.startswith("_"))
    env = environment("default")
    async with house.door.open(aurora) as work:
        for locale in ("en", "es", "ar"):
            person, _ = await make_client_login(work)
            person.locale = locale
            for name in names:
                message = await notices.mail(work, person.id, name, link="/x", **wanted(env, name))
                kept = await work.get(Message, message)
                letter = await letters.compose(work, kept, house.config)
                assert letter.subject and "{" not in letter.subject, name
                assert len(letter.text) > 40 and len(letter.markup) < 100_000
                assert f'lang="{locale}"' in letter.markup
                assert ("rtl" in letter.markup) == (locale == "ar")


async def test_a_letter_nobody_can_write_fails_with_its_reason(house, aurora, office):
    person, _ = await reader(house, aurora)
    message = await queued(house, aurora, person, "no_such_template")

    await deliver(house, aurora, message)

    failed = await row(house, aurora, message)
    assert failed.state == "failed" and "no_such_template" in failed.error


async def test_a_campaign_can_be_left_in_one_click(house, aurora, office):
    person, email = await reader(house, aurora)
    campaign = person.id
    async with house.door.open(aurora) as work:
        message = await notices.mail(
            work, person.id, "campaign", campaign=campaign, subject="Hi", body="Text", action=""
        )
    await deliver(house, aurora, message)
    mail = office.to(email)[0]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    proof = mail["List-Unsubscribe"].strip("<>").rsplit("/", 1)[1]

    async with house.door.open(aurora) as work:
        with pytest.raises(NotFound):
            await unsubscribing.leave(work, forged(proof))
        await unsubscribing.leave(work, proof)
    async with house.door.open(aurora) as work:
        assert (await work.get(Person, person.id)).campaigns_off_at is not None
        again = await notices.mail(
            work, person.id, "campaign", campaign=campaign, subject="Hi", body="Text", action=""
        )
    await deliver(house, aurora, again)
    await deliver(house, aurora, await queued(house, aurora, person))

    assert (await row(house, aurora, again)).state == "failed"
    assert [one["List-Unsubscribe"] is not None for one in office.to(email)] == [True, False]


async def test_an_address_that_is_no_persons_is_kept_sealed(house, aurora, office):
    async with house.door.open(aurora) as work:
        message = await notices.mail_to(
            work, "lead@canary.example", "campaign", subject="Hi", body="Text", action=""
        )
        stored = await work.value(
            text("select message::text from message where id = :id"), {"id": message}
        )
    assert "canary" not in stored

    await deliver(house, aurora, message)

    assert office.to("lead@canary.example")


async def test_notices_are_counted_until_they_are_read(work):
    person, _ = await make_client_login(work)
    other, _ = await make_client_login(work)
    for one in (person, person, other):
        await notices.tell(work, one.id, "{amount} arrived", path="/deposit", amount="10 EUR")

    assert await unread(work, person.id) == 2
    await notices.read(work, person.id)
    assert await unread(work, person.id) == 0
    assert await unread(work, other.id) == 1
    assert len(await notices.newest(work, person.id)) == 2


def test_plain_text_reads_like_a_letter():
    markup = (
        "<html><head><title>No</title></head><body><div style='display:none'>hidden</div>"
        "<h1>Hello</h1><p>One  two</p><table><tr><td>Ref</td><td>D-1</td></tr></table>"
        "<a href='https://x.example/a'>Press</a></body></html>"
    )

    assert plain(markup) == "Hello\n\nOne two\n\nRef: D-1\n\nPress:\nhttps://x.example/a\n"


def test_a_header_is_one_line():
    assert one_line("a\r\nb\u2028c <b>d</b>\x00") == "a b c d"


def test_settings_refuse_what_could_break_a_header():
    for bad in ({"sender_name": "A\r\nB"}, {"sender_address": "a@b\r\nBcc: c"}, {"reply_to": "x"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, NoticeSettings)


async def test_a_message_shows_no_secret_in_its_repr(house, aurora):
    person, email = await reader(house, aurora)
    message = await queued(house, aurora, person)
    async with house.door.open(aurora) as work:
        letter = await letters.compose(work, await work.get(Message, message), house.config)

    assert email not in repr(letter)
    assert email in str(sending.written(letter))


async def test_a_domain_in_another_script_is_written_as_mail_servers_know_it(house, aurora):
    """Its letters were once addressed to `ana@=?utf-8?…?=.example`, which is nobody."""
    address = f"ana-{secrets.token_hex(4)}@bücher.example"
    async with house.door.open(aurora) as work:
        person = await people.create(work, "client", address, "Ana")
    message = await queued(house, aurora, person)
    async with house.door.open(aurora) as work:
        letter = await letters.compose(work, await work.get(Message, message), house.config)

    said = bytes(sending.written(letter))

    assert f"{address.split('@', maxsplit=1)[0]}@xn--bcher-kva.example".encode() in said
    said.decode("ascii")
