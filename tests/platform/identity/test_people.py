"""People, their links and their roles."""

import asyncio

import pytest
from sqlalchemy import func, select

from stoa.identity import invitations, people, roles, sessions, tokens
from stoa.identity.model import Person, StaffRole
from stoa.kernel.refusals import Conflict, Denied, Gone, Invalid, NotFound
from stoa.notices.model import Message
from support.fixtures import staff
from support.people import make_client_login, make_staff


async def test_a_new_tenant_has_an_invited_owner_and_the_starting_roles(house, aurora):
    async with house.door.open(aurora) as work:
        owner = await people.by_email(work, "staff", f"owner@{aurora.slug}.example")
        assert owner is not None and owner.state == "invited"
        held = await roles.held_by(work, owner.id)
        names = [role.name for role in await roles.by_ids(work, [row.role for row in held])]
        assert names == ["Owner"]
        letters = await work.rows(select(Message).where(Message.person == owner.id))
        assert [letter.template for letter in letters] == ["invitation"]


async def test_the_owner_may_all_that_staff_may_and_nothing_that_is_a_clients_own(house, work):
    owner = (await roles.by_names(work, ["Owner"]))[0]

    assert set(owner.permissions) == {
        name for name in house.product.permissions if not name.endswith(":own")
    }


async def test_an_address_is_known_however_it_is_written(work):
    person = await people.create(work, "client", "Maria.Lopez@Example.com", "Maria Lopez")

    assert await people.by_email(work, "client", " maria.lopez@EXAMPLE.com") is person
    assert people.name_of(work, person) == "Maria Lopez"
    with pytest.raises(Conflict):
        await people.create(work, "client", "MARIA.lopez@example.com", "Someone")


async def test_nobodys_address_or_name_is_readable_in_the_row(work):
    person = await people.create(work, "client", "canary@example.com", "Canary Bird")

    stored = b"".join([person.email_blind, person.email_sealed, person.name_sealed])
    assert b"canary" not in stored.lower()


@pytest.mark.parametrize(
    "typed", ["", "a", "a@", "@b.com", "a b@c.com", "a@b.com\nBcc: x@y.com", "ünï@b.com"]
)
async def test_what_is_no_address_is_refused_at_its_field(work, typed):
    with pytest.raises(Invalid) as refused:
        await people.create(work, "client", typed, "N")
    assert refused.value.field == "email"


async def test_a_link_is_good_once_for_one_purpose(work):
    person, _ = await make_client_login(work)
    bearer = await tokens.issue(work, person.id, "verify", {"x": 1})

    with pytest.raises(NotFound):
        await tokens.use(work, bearer, "reset")
    used = await tokens.use(work, bearer, "verify")
    assert used.person == person.id and used.about == {"x": 1}
    with pytest.raises(Gone):
        await tokens.use(work, bearer, "verify")


async def test_looking_at_a_link_does_not_use_it(work):
    person, _ = await make_client_login(work)
    bearer = await tokens.issue(work, person.id, "verify")

    for _ in range(3):
        await tokens.look(work, bearer, "verify")

    await tokens.use(work, bearer, "verify")


async def test_a_newer_link_ends_the_older(work):
    person, _ = await make_client_login(work)
    older = await tokens.issue(work, person.id, "verify")
    await tokens.issue(work, person.id, "verify")

    with pytest.raises(Gone):
        await tokens.use(work, older, "verify")


async def test_of_twenty_uses_at_once_one_succeeds(house, aurora):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        bearer = await tokens.issue(work, person.id, "verify")

    async def one() -> bool:
        try:
            async with house.door.open(aurora) as work:
                await tokens.use(work, bearer, "verify")
        except Gone:
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(20)))) == 1


async def test_a_link_of_one_tenant_is_unknown_at_another(house, aurora, borealis):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        bearer = await tokens.issue(work, person.id, "verify")

    async with house.door.open(borealis) as work:
        with pytest.raises(NotFound):
            await tokens.use(work, bearer, "verify")


async def test_an_invitation_brings_the_roles_it_was_sent_with(work):
    person = await invitations.invite(work, "ann@staff.example", ("Support",), "Ann")
    bearer = await tokens.issue(work, person.id, tokens.INVITATION)

    accepted = await invitations.accept(work, bearer, name="Ann B", password="kettle-orchard-9")

    assert accepted.state == "active"
    held = await roles.by_ids(work, [r.role for r in await roles.held_by(work, person.id)])
    assert [role.name for role in held] == ["Support"]
    with pytest.raises(Gone):
        await invitations.accept(work, bearer, name="Eve", password="kettle-orchard-9")


async def test_inviting_again_sends_a_new_link_and_makes_nobody_new(work):
    first = await invitations.invite(work, "bob@staff.example", ("Support",))
    second = await invitations.invite(work, "BOB@staff.example", ("Finance",))

    assert first.id == second.id
    held = await roles.by_ids(work, [r.role for r in await roles.held_by(work, first.id)])
    assert [role.name for role in held] == ["Finance"]


async def test_nobody_invites_to_more_than_they_may(work):
    work.actor = staff("identity:staff:invite", "identity:staff:view")

    with pytest.raises(Denied, match="lack"):
        await invitations.invite(work, "eve@staff.example", ("Owner",))


async def test_a_narrow_reach_grants_no_wide_one(work):
    await make_staff(work, ("identity:staff:view",), scope="all")
    role = await work.first(
        select(roles.Role).where(~roles.Role.built_in).order_by(roles.Role.id.desc())
    )
    work.actor = staff("identity:staff:invite", "identity:staff:view", scope="team")

    with pytest.raises(Denied, match="reach"):
        await invitations.invite(work, "eve@staff.example", (role.name,))


async def test_the_last_owner_stays_owner(house):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        owner, _ = await make_staff(work, ("Owner",))
        with pytest.raises(Conflict, match="stay owner"):
            await roles.give(work, owner, await roles.by_names(work, ["Support"]))


async def test_two_owners_cannot_remove_one_another_at_once(house):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        pair = [(await make_staff(work, ("Owner",)))[0] for _ in range(2)]

    async def demote(person: Person) -> bool:
        try:
            async with house.door.open(tenant) as work:
                row = await work.lock(Person, person.id)
                await roles.give(work, row, await roles.by_names(work, ["Support"]))
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*map(demote, pair))) == [False, True]
    async with house.door.open(tenant) as work:
        owner = (await roles.by_names(work, ["Owner"]))[0]
        left = await work.value(
            select(func.count()).select_from(StaffRole).where(StaffRole.role == owner.id)
        )
    assert left == 2  # the invited one, who never answered, and the one who stayed


async def test_a_change_of_roles_ends_the_sessions(house, aurora):
    async with house.door.open(aurora) as work:
        person, bearer = await make_staff(work, ("Support",))
    async with house.door.open(aurora) as work:
        assert await sessions.actor_of(work, bearer, "desk") is not None

    async with house.door.open(aurora) as work:
        row = await work.lock(Person, person.id)
        await roles.give(work, row, await roles.by_names(work, ["Finance"]))

    async with house.door.open(aurora) as work:
        assert await sessions.actor_of(work, bearer, "desk") is None


async def test_permissions_and_scope_come_with_the_session(house, aurora):
    async with house.door.open(aurora) as work:
        _, bearer = await make_staff(work, ("identity:staff:view",), scope="team", team="North")

    async with house.door.open(aurora) as work:
        actor = (await sessions.actor_of(work, bearer, "desk")).actor
    assert actor.permissions == {"identity:staff:view"}
    assert (actor.scope, actor.team) == ("team", "North")
