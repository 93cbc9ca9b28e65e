"""After an erasure nothing of the person is found, in no table and in no file; what stays is said."""

import json
import secrets

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from brokerage.clients import clients, details, timeline
from brokerage.clients.model import Client
from brokerage.crm import leads, tasks
from brokerage.kyc.model import KycCase
from brokerage.privacy import asking, carrying, certificates, holds, letters, steps
from brokerage.privacy.model import Erasure, ErasureState
from brokerage.privacy.permissions import Privacy
from stoa.audit import chain, sealer
from stoa.audit.model import AuditEntry
from stoa.files import store
from stoa.files.model import StoredFile
from stoa.identity import people, sessions
from stoa.identity.model import Person
from stoa.kernel.config import Role
from stoa.kernel.refusals import Conflict, Denied
from stoa.notices import keeping, notices
from stoa.notices.model import Message
from stoa.vault.keys import TenantKeys
from support.clients import a_client
from support.verification import applicant, drained, settled

MARK = "Qwyzmarkov"


@pytest.fixture
def canary(monkeypatch):
    """Every sealed text that holds the mark, as it was sealed: found again only where it still lies."""
    sealed: dict[bytes, str] = {}
    real = TenantKeys.seal

    def seal(self, place, row, secret):
        made = real(self, place, row, secret)
        if MARK.lower().encode() in bytes(secret).lower() or place.startswith("kyc.document"):
            sealed[bytes(made)] = place
        return made

    monkeypatch.setattr(TenantKeys, "seal", seal)
    return sealed


async def found(house, tenant, sealed, blinds=()) -> set[str]:
    """`table.column` of everything in the tenant's schema and file store that still holds the mark."""
    where: set[str] = set()
    owner = await asyncpg.connect(house.config.dsn(Role.OWNER))
    try:
        tables = await owner.fetch(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = $1 order by 1, 2",
            tenant.schema,
        )
        for table, column in tables:
            rows = await owner.fetch(f'select "{column}" as v from "{tenant.schema}"."{table}"')
            for row in rows:
                value = row["v"]
                if isinstance(value, bytes):
                    if value in sealed or value in blinds or MARK.encode() in value:
                        where.add(f"{table}.{column}")
                elif value is not None and MARK.lower() in str(value).lower():
                    where.add(f"{table}.{column}")
    finally:
        await owner.close()
    for path in store.folder(tenant.id).glob("*/*"):
        if path.read_bytes() in sealed:
            where.add("files")
    return where


async def planted(house, aurora):
    """A verified client with their mark wherever the product's own verbs let it be written."""
    email = f"{MARK}.{secrets.token_hex(4)}@example.com".lower()
    async with house.door.open(aurora, purpose="test") as work:
        wish = leads.Wish(name=f"{MARK} Lead", email=email, source="fair")
        lead = await leads.create(work, wish)
        await leads.note(work, lead.id, f"{MARK} likes gold")
    who = await applicant(house, aurora, first_name=MARK, last_name="Ortega", email=email)
    await drained(house, aurora)
    await who.all_of_it(first_name=MARK, street=f"Calle {MARK} 1")
    await settled(house, aurora, who, "review")
    async with house.door.open(aurora, purpose="test") as work:
        await timeline.note(work, who.id, "note", f"{MARK} called about the weather")
        address = details.Address(street=f"Calle {MARK} 1", city=MARK, postcode="28013")
        await details.change_address(work, who.id, address)
        await tasks.open(work, f"Ring {MARK}", about_kind="client", about=who.id)
        person = await work.get(Person, who.id)
        await sessions.start(
            work,
            who.id,
            audience="room",
            stage=sessions.FULL,
            epoch=person.epoch,
            ip="192.0.2.7",
            device=f"{MARK}'s telephone",
            second_factor=False,
        )
        letter = await notices.mail(work, who.id, "kyc_rejected", link=f"/verify?{MARK}")
        keeping.keep(work, await work.get(Message, letter), f"Dear {MARK}".encode(), ())
        blinds = {work.blind(people.EMAIL, email)}
    return who, blinds


async def rejected(house, aurora, who):
    """Verification ends without a yes, so that nothing is open any more."""
    async with house.door.open(aurora, purpose="test") as work:
        case = await work.first(select(KycCase).where(KycCase.client == who.id))
        case.move("rejected")
        case.reason = "identity"
        case.decided_at = work.now


async def test_nothing_of_the_person_is_found_where_the_certificate_does_not_say_so(
    house, aurora, screened, canary, years, agreed
):
    who, blinds = await planted(house, aurora)
    await rejected(house, aurora, who)
    before = await found(house, aurora, canary, blinds)
    assert {
        "client.first_name_sealed",
        "client.address_sealed",
        "client_note.text_sealed",
        "person.email_sealed",
        "person.email_blind",
        "person.name_sealed",
        "kyc_case.answers_sealed",
        "lead.name_sealed",
        "lead.email_blind",
        "message.link_sealed",
        "session.device",
        "task.title_sealed",
        "files",
    } <= before
    async with house.door.open(aurora, purpose="test") as work:
        await clients.close(work, who.id, f"{MARK} leaves")
    await sealer.seal(house.door, aurora)

    with years(8):
        erasure = await agreed(who.id)

        async with house.door.open(aurora, purpose="test") as work:
            row = await work.get(Erasure, erasure)
            assert row.state == ErasureState.DONE, row.gone
            letters = set(await work.rows(select(Message.id).where(Message.about == erasure)))
            assert len(letters) == 1
            client = await work.get(Client, who.id)
            assert client.erased_at is not None and len(client.erased) == 7
    after = await found(house, aurora, canary, blinds)
    # The letter that says so still carries its own copy of the address: it has not been sent yet.
    assert after == {"message.to_sealed"}
    await sealer.seal(house.door, aurora)
    assert (await chain.verify(house.door.opener(aurora, purpose="verify"))).fault is None


async def test_a_letter_that_is_out_forgets_the_address_it_carried(
    house, aurora, canary, years, agreed, open_work
):
    async with house.door.open(aurora, purpose="test") as work:
        email = f"{MARK}.{secrets.token_hex(4)}@example.com".lower()
        row = await clients.register(
            work, email=email, first_name=MARK, last_name="Ortega", country="ES"
        )
    erasure = await agreed(row.id)
    async with house.door.open(aurora, purpose="test") as work:
        letter = await work.first(select(Message).where(Message.about == erasure))
        assert work.unseal(letter.id, notices.TO, letter.to_sealed) == email
        letter.move("sent")
        letter.sent_at = work.now

    await letters.forget_addresses(open_work)

    async with house.door.open(aurora, purpose="test") as work:
        letter = await work.first(select(Message).where(Message.about == erasure))
        assert work.unseal(letter.id, notices.TO, letter.to_sealed) == ""
        assert letter.kept_sealed is None and letter.link_sealed is None


async def test_the_bytes_of_a_paper_are_gone_and_its_row_says_since_when(
    house, aurora, screened, years, agreed
):
    who = await applicant(house, aurora)
    await who.all_of_it()
    await settled(house, aurora, who, "review")
    await rejected(house, aurora, who)
    async with house.door.open(aurora, purpose="test") as work:
        await clients.close(work, who.id, "leaves")
        files = await work.rows(select(StoredFile).where(StoredFile.owner == who.id))
        digests = {row.digest for row in files}
    assert len(files) == 2
    with years(8):
        await agreed(who.id)

    async with house.door.open(aurora, purpose="test") as work:
        files = await work.rows(select(StoredFile).where(StoredFile.owner == who.id))
        assert {row.digest for row in files} == digests
        assert all(row.gone_at and row.media_type for row in files)
        assert [store.name(work, row) for row in files] == ["document", "document"]
    on_disk = {path.name for path in store.folder(aurora.id).glob("*/*")}
    assert on_disk.isdisjoint({str(row.id) for row in files})


async def test_within_the_period_only_marketing_goes_and_the_rest_has_its_day(
    house, aurora, screened, agreed
):
    who = await applicant(house, aurora)
    await who.all_of_it()
    await settled(house, aurora, who, "review")
    await rejected(house, aurora, who)
    async with house.door.open(aurora, purpose="test") as work:
        await clients.close(work, who.id, "leaves")

    erasure = await agreed(who.id)

    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Erasure, erasure)
        told = row.certificate
        assert told["emptied"] == ["marketing"]
        kept = {one["category"]: one for one in told["kept"]}
        assert kept["documents"]["because"] == "law" and kept["documents"]["until"] > "2031"
        assert kept["identity"]["until"] == kept["financial"]["until"]
        person = await work.get(Person, who.id)
        assert people.name_of(work, person) == "María Ortega"
        assert person.campaigns_off_at is not None


async def test_the_certificate_is_numbered_hashed_in_the_audit_and_reads_on_paper(
    house, aurora, agreed
):
    numbers = []
    for _ in range(2):
        async with house.door.open(aurora, purpose="test") as work:
            row = await a_client(work, first_name="Ana")
        erasure = await agreed(row.id)
        async with house.door.open(aurora, purpose="test") as work:
            done = await certificates.of(work, erasure)
            numbers.append(done.number)
            told = json.loads(certificates.as_json(done))
            assert certificates.hash_of(told["certificate"]) == told["sha256"] == done.hash
            assert told["certificate"]["decided_by"] == "Peter Second"
            assert (await certificates.as_pdf(work, done, "ar")).startswith(b"%PDF")
            entries = await work.rows(select(AuditEntry).where(AuditEntry.subject == row.id))
            assert any(done.hash in json.dumps(entry.changes) for entry in entries)
    assert numbers[1] == numbers[0] + 1


async def test_the_one_who_proposed_does_not_agree_and_a_change_undoes_the_yes(
    house, aurora, officer, as_actor
):
    first, second = await officer(), await officer(name="Peter Second")
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, first_name="Ana")
    async with as_actor(first) as work:
        wish = await asking.ask(work, row.id, "by letter")
        await asking.propose(work, wish.id)
    with pytest.raises(Denied):
        async with as_actor(first) as work:
            await asking.agree(work, wish.id, wish.seal)
    async with as_actor(second) as work:
        await holds.place(work, row.id, "Court 7/26", "a claim is pending")
    with pytest.raises(Conflict, match="changed since"):
        async with as_actor(second) as work:
            await asking.agree(work, wish.id, wish.seal)
    async with house.door.open(aurora, purpose="test") as work:
        client = await work.get(Client, row.id)
        assert client.erased == [] and client.state != "closed"


async def test_a_hold_stops_a_job_on_its_way_and_lifted_it_goes_on(
    house, aurora, officer, as_actor, open_work
):
    first, second = await officer(), await officer(name="Peter Second")
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, first_name="Hilda")
    async with as_actor(first) as work:
        wish = await asking.ask(work, row.id, "by letter")
        await asking.propose(work, wish.id)
    async with as_actor(second) as work:
        await asking.agree(work, wish.id, wish.seal)
    async with as_actor(first) as work:
        hold = await holds.place(work, row.id, "Court 8/26", "a claim is pending")
    await drained(house, aurora)
    async with house.door.open(aurora, purpose="test") as work:
        stopped = await work.get(Erasure, wish.id)
        assert stopped.state == ErasureState.RUNNING and stopped.gone == {}

    async with as_actor(first) as work:
        await holds.ask(work, hold.id, "the claim was withdrawn")
    with pytest.raises(Denied):
        async with as_actor(first) as work:
            await holds.answer(work, hold.id, agreed=True)
    async with as_actor(second) as work:
        await holds.answer(work, hold.id, agreed=True)
    await drained(house, aurora)

    async with house.door.open(aurora, purpose="test") as work:
        assert (await work.get(Erasure, wish.id)).state == ErasureState.DONE
    await carrying.carry_out(open_work, wish.id)


async def test_a_job_that_dies_between_batches_goes_on_where_it_was(
    house, aurora, officer, as_actor, open_work, monkeypatch
):
    first, second = await officer(), await officer(name="Peter Second")
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, first_name="Bea")
        for number in range(5):
            await timeline.note(work, row.id, "note", f"note {number}")
    async with as_actor(first) as work:
        wish = await asking.ask(work, row.id, "by letter")
        await asking.propose(work, wish.id)
    async with as_actor(second) as work:
        await asking.agree(work, wish.id, wish.seal)
    monkeypatch.setattr(steps, "BATCH", 2)

    def dies(name):
        raise ConnectionError(name)

    monkeypatch.setattr(carrying, "faultpoint", dies)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await carrying.carry_out(open_work, wish.id)
    monkeypatch.setattr(carrying, "faultpoint", lambda name: None)
    await carrying.carry_out(open_work, wish.id)

    async with house.door.open(aurora, purpose="test") as work:
        done = await work.get(Erasure, wish.id)
        assert done.state == ErasureState.DONE
        assert done.gone["client_note.text_sealed"]["count"] == 5
        assert {note.text for note in await timeline.notes(work, row.id)} == {""}


async def test_nobody_writes_other_words_into_an_old_note_unseen(house, aurora):
    """The columns an erasure may empty are the only ones the role may update in such a table."""
    async with house.door.open(aurora, purpose="test") as work:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await work.run(text("update client_note set author_name = 'nobody'"))


async def test_a_member_of_staff_without_the_right_decides_nothing(
    house, aurora, officer, as_actor
):
    reader = await officer(Privacy.VIEW)
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, first_name="Rita")
    for verb in (
        lambda work: asking.ask(work, row.id, "by letter"),
        lambda work: holds.place(work, row.id, "1", "because of it"),
    ):
        with pytest.raises(Denied):
            async with as_actor(reader) as work:
                await verb(work)
