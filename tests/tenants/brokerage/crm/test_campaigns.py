"""Campaigns: whom they reach, each once, and what their texts cannot do."""

import asyncio

import pytest
from sqlalchemy import func, select

from brokerage.crm import campaigns, figures, rules
from brokerage.crm.campaigns import Text
from brokerage.crm.model import Campaign, CampaignRecipient
from brokerage.crm.permissions import Crm
from brokerage.kyc.model import KycCase
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices import letters, unsubscribing
from stoa.notices.model import Message
from stoa.tenancy.actor import Actor, Kind
from support.mailbox import run_reactions
from support.people import make_staff

from .builders import a_campaign, a_client, a_tag


async def in_review(work, client):
    work.add(
        KycCase(
            id=uuid7(),
            client=client.id,
            state="review",
            pack="eu",
            client_type="individual",
            opened_at=work.now,
        )
    )
    await work.flush()


async def some(work, count, **more):
    tag = a_tag()
    found = [await a_client(work, **more) for _ in range(count)]
    for row in found:
        row.tags = [tag]
    await work.flush()
    return tag, found


async def letters_of(work, campaign):
    return await work.rows(select(Message).where(Message.campaign == campaign))


async def test_those_who_must_not_be_reached_are_held_back_and_counted(work):
    tag, (free, closed, left, checked) = await some(work, 4)
    unproven = await a_client(work, proven=False)
    unproven.tags = [tag]
    closed.move("closed")
    closed.closed_at = work.now
    (await work.get(Person, left.id)).campaigns_off_at = work.now
    await in_review(work, checked)
    row = await a_campaign(work, tag)

    await campaigns.start(work, row.id)

    found = {
        one.client: (one.state, one.why)
        for one in await work.rows(
            select(CampaignRecipient).where(CampaignRecipient.campaign == row.id)
        )
    }
    assert found == {
        free.id: ("waiting", None),
        closed.id: ("held", "closed"),
        left.id: ("held", "unsubscribed"),
        checked.id: ("held", "verifying"),
        unproven.id: ("held", "unproven"),
    }
    seen = await figures.of(work, row.id)
    assert (seen.all, seen.waiting, seen.held) == (5, 1, 4)


async def test_an_override_reaches_those_being_verified_only_and_says_why(work):
    tag, (checked, left) = await some(work, 2)
    await in_review(work, checked)
    (await work.get(Person, left.id)).campaigns_off_at = work.now
    row = await a_campaign(work, tag)
    with pytest.raises(Invalid):
        await campaigns.start(work, row.id, override="short")

    await campaigns.start(work, row.id, override="A notice the regulator asks us to send.")

    assert work.reason == "A notice the regulator asks us to send."
    seen = await figures.of(work, row.id)
    assert (seen.waiting, dict(seen.why)) == (1, {"unsubscribed": 1})


async def test_sending_and_overriding_want_their_permissions(work):
    tag, _ = await some(work, 1)
    row = await a_campaign(work, tag)
    person, _ = await make_staff(work, ("Sales",))
    work.actor = Actor(Kind.STAFF, person.id, "Sam", frozenset({Crm.CAMPAIGNS_EDIT}))

    with pytest.raises(Denied):
        await campaigns.start(work, row.id)
    work.actor = Actor(Kind.STAFF, person.id, "Sam", frozenset({Crm.CAMPAIGNS_SEND}))
    with pytest.raises(Denied):
        await campaigns.start(work, row.id, override="Because I should like to.")


async def test_a_killed_campaign_sends_each_letter_once(house, aurora, open_work):
    async with open_work() as work:
        tag, found = await some(work, 10)
        row = await a_campaign(work, tag)
    async with open_work() as work:
        await campaigns.start(work, row.id)
    opened = 0

    class Killed(BaseException):
        pass

    class Mortal:
        """Dies in the middle of the third batch, after letters were written."""

        def __init__(self):
            self.inner = open_work()

        async def __aenter__(self):
            return await self.inner.__aenter__()

        async def __aexit__(self, *why):
            nonlocal opened
            opened += 1
            if opened == 3:
                killed = Killed()
                await self.inner.__aexit__(Killed, killed, None)
                raise killed
            return await self.inner.__aexit__(*why)

    with pytest.raises(Killed):
        await campaigns.go_on(Mortal, row.id, batch=3)
    async with open_work() as work:
        assert len(await letters_of(work, row.id)) == 6
    await asyncio.gather(*(campaigns.go_on(open_work, row.id, batch=3) for _ in range(3)))

    async with open_work() as work:
        written = await letters_of(work, row.id)
        assert sorted(one.person for one in written) == sorted(one.id for one in found)
        assert (await work.get(Campaign, row.id)).state == "sent"
        with pytest.raises(Conflict, match="begun already"):
            await campaigns.start(work, row.id)


async def test_who_leaves_in_between_gets_no_letter(open_work):
    async with open_work() as work:
        tag, (one, other) = await some(work, 2)
        row = await a_campaign(work, tag)
        await campaigns.start(work, row.id)
    async with open_work() as work:
        (await work.get(Person, one.id)).campaigns_off_at = work.now

    await campaigns.go_on(open_work, row.id)

    async with open_work() as work:
        assert [m.person for m in await letters_of(work, row.id)] == [other.id]


async def test_a_stopped_campaign_writes_no_further_letter_until_it_goes_on(open_work):
    async with open_work() as work:
        tag, _ = await some(work, 2)
        row = await a_campaign(work, tag)
        await campaigns.start(work, row.id)
        await campaigns.stop(work, row.id)

    await campaigns.go_on(open_work, row.id)
    async with open_work() as work:
        assert not await letters_of(work, row.id)
        await campaigns.resume(work, row.id)
    await campaigns.go_on(open_work, row.id)

    async with open_work() as work:
        assert len(await letters_of(work, row.id)) == 2


async def test_each_reads_the_letter_in_their_own_language_with_their_own_name(house, open_work):
    texts = {
        "en": Text(subject="Hello {first_name}", body="Dear {name},\n\nyour {reference}"),
        "es": Text(subject="Hola {first_name}", body="Estimada {name}"),
        "ar": Text(subject="", body=""),
    }
    async with open_work() as work:
        tag, _ = await some(work, 0)
        people = [
            await a_client(work, language=language, first_name="Lía", last_name="Prado")
            for language in ("es", "ar")
        ]
        for one in people:
            one.tags = [tag]
        row = await a_campaign(work, tag, texts=texts)
        await campaigns.start(work, row.id)

    await campaigns.go_on(open_work, row.id)

    async with open_work() as work:
        by_person = {one.person: one for one in await letters_of(work, row.id)}
        assert "Prado" not in str([one.params for one in by_person.values()])
        spanish = await letters.compose(work, by_person[people[0].id], house.config)
        other = await letters.compose(work, by_person[people[1].id], house.config)
    assert spanish.subject == "Hola Lía" and "Estimada Lía Prado" in spanish.markup
    assert other.subject == "Hello Lía" and people[1].reference in other.markup
    assert spanish.unsubscribe and spanish.unsubscribe in spanish.markup


@pytest.mark.parametrize(
    "payload",
    [
        "{{ 7*7 }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
        "{{ config }} ${7*7} #{7*7} <%= 7*7 %>",
        "{name.__class__.__mro__}",
        "{0} {!r} {name!r} {name:>100000000}",
        "<script>alert(1)</script>",
    ],
)
async def test_what_is_typed_into_a_letter_stays_text(work, house, payload):
    tag, (client,) = await some(work, 1)
    row = await a_campaign(
        work, tag, texts={"en": Text(subject="S", body=f"before {payload} after")}
    )
    message = await campaigns._letter(
        work,
        row,
        client.id,
        campaigns.text_for(row, "en"),
        campaigns.open_values(work),
        campaign=row.id,
    )

    letter = await letters.compose(work, await work.get(Message, message), house.config)

    assert "49" not in letter.text.split("before")[1].split("after")[0]
    assert "<script" not in letter.markup
    assert len(letter.markup) < 60_000
    if "<" not in payload:
        assert payload in letter.text.replace("\n", " ")


async def test_readers_without_their_language_get_the_first_not_the_stored_first(work):
    both = {
        "en": Text(subject="Hello", body="Dear"),
        "ar": Text(subject="مرحبا", body="عزيزي"),
    }
    row = await a_campaign(work, a_tag(), texts=both)
    await work.flush()
    await work.session.refresh(row)

    assert campaigns.text_for(row, "es").subject == "Hello"


def test_a_name_that_looks_like_a_place_is_not_looked_at_again():
    assert rules.fill("{name} {brand}", {"name": "{brand}", "brand": "{name}"}) == "{brand} {name}"


async def test_places_we_do_not_know_and_links_elsewhere_are_refused(work):
    tag = a_tag()
    with pytest.raises(Invalid, match="place"):
        await a_campaign(work, tag, texts={"en": Text(subject="Hi {password}", body="x")})
    for path in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
    ):
        with pytest.raises(Invalid, match="your own site"):
            await a_campaign(work, tag, path=path)


async def test_leaving_by_the_letters_link_is_counted(house, aurora, open_work):
    async with open_work() as work:
        tag, _ = await some(work, 1)
        row = await a_campaign(work, tag)
        await campaigns.start(work, row.id)
    await campaigns.go_on(open_work, row.id)
    async with open_work() as work:
        (message,) = await letters_of(work, row.id)
        proof = unsubscribing.path(work, message.id).rsplit("/", 1)[1]
        await unsubscribing.leave(work, proof)

    await run_reactions(house, aurora, "platform")

    async with open_work() as work:
        assert (await figures.of(work, row.id)).left == 1


async def test_staff_write_try_and_start_a_campaign_on_the_desk(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        tag, _ = await some(work, 2)
        segment = (await a_campaign(work, tag)).segment
    browser = await desk()
    typed = {
        "name": "May",
        "segment": str(segment),
        "path": "/deposit",
        "subject_en": "Hi {name}",
        "body_en": "One\n\nTwo",
        "action_en": "Go",
    }

    preview = await browser.post("/desk/campaigns/preview", typed)
    saved = await browser.post("/desk/campaigns", typed)
    where = saved.headers["hx-redirect"]
    tried = await browser.post(f"{where}/try", {"language": "en"})
    started = await browser.post(f"{where}/start")
    page = await browser.get(where)

    assert "Maria Lopez" in preview.text
    assert tried.status_code == 204 and started.status_code == 204, (tried.text, started.text)
    assert page.status_code == 200, page.text[:400]
    async with house.door.open(aurora, purpose="test") as work:
        mine = select(func.count()).where(Message.person == browser.person.id)
        assert await work.value(mine) == 1
        message = await work.first(select(Message.id).where(Message.person == browser.person.id))
    assert (await browser.get(f"/desk/messages/{message}")).status_code == 200


async def test_letters_to_clients_out_of_scope_are_not_in_the_log(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        client = await a_client(work)
        client.owner = None
        message = await work.first(select(Message.id).where(Message.person == client.id))
    browser = await desk(Crm.MESSAGES_VIEW, scope="own")

    page = await browser.get("/desk/messages")

    assert page.status_code == 200 and "López" not in page.text
    assert (await browser.get(f"/desk/messages/{message}")).status_code == 404
