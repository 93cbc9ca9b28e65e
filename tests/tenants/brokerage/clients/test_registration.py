"""Joining: who is let in, what is kept of them, and what is refused."""

from datetime import date

import pytest
from sqlalchemy import select

from brokerage.clients import hooks, queries, rules
from brokerage.clients.events import ClientRegistered
from brokerage.clients.model import Client, ClientAgreement, State
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid, ManyInvalid
from support.clients import a_client
from support.fixtures import staff


async def test_a_new_client_is_registered_sealed_and_told_of(work):
    row = await a_client(work, email="Maria.Lopez@example.com", phone="612 34 56 78")

    assert row.state == State.REGISTERED
    assert row.reference.startswith("C-")
    person = await work.get(Person, row.id)
    assert person.kind == "client" and person.email_verified_at is None
    stored = await work.table(select(Client).where(Client.id == row.id))
    assert b"Mar" not in repr(stored).encode() and b"pez" not in bytes(row.last_name_sealed)
    assert work.unseal(row.id, "client.phone", row.phone_sealed) == "+34612345678"
    assert [type(fact) for fact in work.told] == [ClientRegistered]
    assert "lopez" not in str(work.told[0]).casefold()


async def test_the_versions_of_the_texts_and_the_language_are_kept(work):
    row = await a_client(work, language="es")

    agreed = await work.rows(select(ClientAgreement).where(ClientAgreement.client == row.id))
    assert {a.document for a in agreed} == {"terms", "risk-warning", "privacy"}
    assert {a.language for a in agreed} == {"es"}


async def test_an_old_version_of_the_terms_is_not_taken(work):
    shown = {"terms": "0", "risk-warning": "1", "privacy": "1"}

    with pytest.raises(Invalid, match="read and accept"):
        await a_client(work, accepted=shown)


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"email": "someone@mailinator.com"}, "email"),
        ({"email": "someone@x.mailinator.com"}, "email"),
        ({"email": "not an address"}, "email"),
        ({"country": "IR"}, "country"),
        ({"country": "XX"}, "country"),
        ({"first_name": "123"}, "first_name"),
        ({"first_name": "a\u202eb"}, "first_name"),
        ({"last_name": "x" * 81}, "last_name"),
        ({"phone": "12"}, "phone"),
        ({"birth_date": date(2020, 1, 1)}, "birth_date"),
        ({"birth_date": date(1800, 1, 1)}, "birth_date"),
        ({"password": "password"}, "password"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(work, wrong, field):
    with pytest.raises(Invalid) as refused:
        await a_client(work, **wrong)

    assert refused.value.field == field


async def test_all_faults_of_a_form_are_told_together(work):
    with pytest.raises(ManyInvalid) as refused:
        await a_client(work, email="x", country="XX", first_name="")

    assert {one.field for one in refused.value.problems} == {"email", "country", "first_name"}


async def test_an_address_has_one_account_however_it_is_written(work):
    await a_client(work, email="Twice@example.com")

    with pytest.raises(Conflict):
        await a_client(work, email="twice@EXAMPLE.com")


async def test_new_clients_are_shared_out_in_turn_among_the_role(work):
    from stoa.identity import people
    from stoa.identity.model import Role, StaffRole

    role = await work.first(select(Role).where(Role.name == "Sales"))
    if role is None:
        role = Role(id=uuid7(), name="Sales", permissions=[], scope="own", built_in=True)
        work.add(role)
        await work.flush()
    team = []
    for n in range(3):
        person = await people.create(work, "staff", f"sales{n}@house.example", f"Sales {n}")
        work.add(StaffRole(person=person.id, role=role.id, granted_at=work.now, granted_by=None))
        team.append(person.id)
    await work.flush()

    from datetime import timedelta

    owners = []
    for _ in range(6):
        work.now += timedelta(seconds=1)
        owners.append((await a_client(work)).owner)

    assert set(owners) >= set(team)
    assert owners[:3] == owners[3:] or len(set(owners)) > 3


async def test_hooks_of_higher_floors_run_in_the_same_transaction(work):
    seen = []

    async def notice(_work, client, touch):
        seen.append((client.id, touch))

    touch = hooks.Touch(visitor=uuid7(), code="ABC", source="partner", campaign="june")
    hooks.on_register.append(notice)
    try:
        row = await a_client(work, touch=touch)
    finally:
        hooks.on_register.remove(notice)

    assert seen == [(row.id, touch)]
    assert (row.source, row.campaign, row.visitor) == ("partner", "june", touch.visitor)


async def test_names_are_read_in_one_query(work):
    rows = [await a_client(work, first_name=f"N{chr(97 + n)}") for n in range(5)]

    found = await queries.names(work, [row.id for row in rows])

    assert sorted(found.values()) == [f"N{chr(97 + n)} López" for n in range(5)]


async def test_the_brief_is_not_given_outside_the_scope(work):
    row = await a_client(work)
    work.actor = staff("clients:all:view", scope="own")

    with pytest.raises(Exception, match="could not find"):
        await queries.brief(work, row.id)


@pytest.mark.parametrize(
    "typed", ["<script>alert(1)</script>", "Ana {name}", "Ana [1]", "a|b", "1234", " "]
)
def test_what_stands_in_no_passport_is_no_name(typed):
    with pytest.raises(Invalid):
        rules.name(typed, "first_name")


@pytest.mark.parametrize(
    "typed", ["O'Brien-Smith", "María José", "أحمد", "李小龍", "D’Angelo Jr.", "Nguyễn Thị"]
)
def test_a_name_of_any_script_stays_as_its_owner_writes_it(typed):
    assert rules.name(f" {typed} ", "first_name") == typed


def test_an_address_that_few_servers_can_write_to_is_refused_before_a_code_is_lost():
    with pytest.raises(Invalid, match="e-mail address"):
        rules.email("ünï@example.org", [])

    assert rules.email("ana@bücher.example", []) == "ana@bücher.example"
