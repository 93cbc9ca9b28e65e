"""Roles: named permissions with a data scope, and who holds them. Nobody grants what they lack."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import any_, delete, func, literal, select, update

from stoa.identity import people
from stoa.identity.model import Person, Role, Session, StaffRole, Standing
from stoa.identity.permissions import Identity
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.product import Product
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.rights import Right
from stoa.theming.texts import N_

OWNER: Final = "Owner"
SCOPES: Final = ("own", "team", "all")
STARTING: Final = (
    N_("Auditor"),
    N_("Compliance"),
    N_("Dealing"),
    N_("Finance"),
    N_("Head of dealing"),
    N_("Head of finance"),
    N_("Owner"),
    N_("Sales"),
    N_("Support"),
)
"""Names of the roles that modules give a new tenant, for translation; a tenant's own stand as written."""
_STARTING_SCOPES: Final[Mapping[str, str]] = {"Sales": "own"}
_LONGEST: Final = 60


def starting(product: Product) -> dict[str, list[str]]:
    """The roles a new tenant has. The owner may all that staff may."""
    names = {name for module in product.modules for name in module.roles} | {OWNER}
    found = {name: product.role_permissions(name) for name in sorted(names)}
    found[OWNER] = grantable(product)
    return found


def grantable(product: Product) -> list[str]:
    """Every permission of staff; a client's own things are nobody's to grant."""
    return sorted(name for name in product.permissions if not name.endswith(":own"))


async def seed(work: Work, product: Product) -> None:
    """Make the starting roles that are missing, and keep the owner's role complete.

    Safe to repeat, as after a release. Other roles are the tenant's own to widen.
    """
    known = {role.name: role for role in await work.rows(select(Role).where(Role.built_in))}
    for name, permissions in starting(product).items():
        role = known.get(name)
        if role is None:
            work.add(
                Role(
                    id=work.new_id(),
                    name=name,
                    permissions=permissions,
                    scope=_STARTING_SCOPES.get(name, "all"),
                    built_in=True,
                )
            )
        elif name == OWNER and role.permissions != permissions:
            role.permissions = permissions
    await work.flush()


async def by_names(work: Work, names: Iterable[str]) -> list[Role]:
    """Raises Invalid for a name that no role has."""
    wanted = list(dict.fromkeys(names))
    found = await work.rows(select(Role).where(Role.name.in_(wanted)).order_by(Role.name))
    missing = set(wanted) - {role.name for role in found}
    if missing:
        raise Invalid("There is no role {name}.", field="roles", name=min(missing))
    return list(found)


async def by_ids(work: Work, ids: Iterable[UUID]) -> list[Role]:
    wanted = set(ids)
    found = await work.rows(select(Role).where(Role.id.in_(wanted)).order_by(Role.name))
    if len(found) != len(wanted):
        raise NotFound
    return list(found)


def may_grant(work: Work, permissions: Iterable[str], scope: str) -> None:
    """Raises Denied for a permission or a reach that the granting person does not have."""
    if work.actor.kind is Kind.SYSTEM:
        return
    lacking = sorted(name for name in permissions if not work.actor.may(name))
    if lacking:
        raise Denied(
            "You can only grant what you may do yourself; you lack “{permission}”. Nothing was "
            "changed.",
            code="grants-more",
            permission=Right(lacking[0]),
        )
    if SCOPES.index(scope) > SCOPES.index(work.actor.scope):
        raise Denied(
            "You can only grant a reach as wide as your own. Nothing was changed.",
            code="grants-more",
        )


async def give(work: Work, person: Person, roles: Sequence[Role]) -> None:
    """The person has exactly these roles from now on. Their sessions end where that changes them.

    Raises Denied when the actor lacks what a given or taken role may, Conflict when nobody would be
    left who may change roles.
    """
    if not roles:
        raise Invalid("Choose at least one role.", field="roles")
    held = {row.role: row for row in await held_by(work, person.id)}
    wanted = {role.id: role for role in roles}
    taken = await by_ids(work, set(held) - set(wanted))
    changed = [role for role in roles if role.id not in held] + taken
    for role in changed:
        may_grant(work, role.permissions, role.scope)
    if not changed:
        return

    for role in taken:
        await work.delete(held[role.id])
    for role in roles:
        if role.id not in held:
            work.add(
                StaffRole(
                    person=person.id,
                    role=role.id,
                    granted_at=work.now,
                    granted_by=work.actor.id,
                )
            )
    people.end_sessions(person)
    await work.flush()
    if any(role.name == OWNER for role in taken):
        await an_owner_left(work)


async def held_by(work: Work, person: UUID) -> Sequence[StaffRole]:
    return await work.rows(select(StaffRole).where(StaffRole.person == person))


async def begin(work: Work, person: UUID) -> None:
    """What was granted with an invitation counts from its acceptance."""
    await work.run(update(StaffRole).where(StaffRole.person == person).values(granted_at=work.now))


async def given_lately(work: Work, person: UUID, permission: str, since: datetime) -> bool:
    """Whether all somebody has this permission by was given by a person after an instant.

    What the house itself gave (its first owner) counts at once: nobody gave it to themselves.
    """
    gifts = await work.table(
        select(StaffRole.granted_at, StaffRole.granted_by)
        .join(Role, Role.id == StaffRole.role)
        .where(StaffRole.person == person, literal(permission) == any_(Role.permissions))
    )
    return bool(gifts) and all(by is not None and at > since for at, by in gifts)


async def holders(work: Work, permission: str) -> Sequence[UUID]:
    """Active members of staff who may do something."""
    return await work.rows(
        select(Person.id)
        .join(StaffRole, StaffRole.person == Person.id)
        .join(Role, Role.id == StaffRole.role)
        .where(
            Person.kind == "staff",
            Person.state == Standing.ACTIVE,
            literal(permission) == any_(Role.permissions),
        )
        .distinct()
    )


async def an_owner_left(work: Work) -> None:
    """Raises Conflict when the change leaves nobody with the owner's role.

    The role's row is locked first: of two owners who remove one another at once, one is refused.
    """
    owner = await work.first(select(Role).where(Role.name == OWNER).with_for_update())
    if owner is None:
        return
    left = await work.value(
        select(func.count())
        .select_from(StaffRole)
        .join(Person, Person.id == StaffRole.person)
        .where(
            StaffRole.role == owner.id,
            Person.state == Standing.ACTIVE,
        )
    )
    if not left:
        raise Conflict(
            "Somebody has to stay owner. Make another person owner first. Nothing was changed.",
            code="last-owner",
        )


async def edit(
    work: Work,
    role: UUID | None,
    *,
    name: str,
    scope: str,
    permissions: Iterable[str],
    product: Product,
) -> Role:
    """Make a role (None) or change one; everyone who holds it signs in again.

    Raises Denied for what the editor lacks, Invalid for a name in use or an unknown permission,
    Conflict for the owner's role, which is always all that staff may.
    """
    work.require(Identity.ROLES_EDIT)
    asked = sorted(set(permissions))
    row = await work.lock(Role, role) if role is not None else None
    tidy = _checked(row.name if row is not None and row.built_in else name, scope, asked, product)
    if row is not None and row.name == OWNER:
        raise Conflict("The owner's role is always everything. Nothing was changed.")
    other = await work.first(select(Role).where(func.lower(Role.name) == tidy.lower()))
    if other is not None and (row is None or other.id != row.id):
        raise Invalid("There is a role of this name already.", field="name")
    before = set(row.permissions) if row is not None else set[str]()
    may_grant(work, before ^ set(asked), scope)

    if row is None:
        row = Role(
            id=work.new_id(),
            name=tidy,
            permissions=asked,
            scope=scope,
            built_in=False,
        )
        work.add(row)
    elif (row.name, row.scope, sorted(row.permissions)) != (tidy, scope, asked):
        gained = set(asked) - before
        row.name, row.scope, row.permissions = tidy, scope, asked
        await _sign_out(work, row.id)
        if gained:
            # A permission's age counts from its grant, also when the role gained it later.
            await work.run(
                update(StaffRole)
                .where(StaffRole.role == row.id)
                .values(granted_at=work.now, granted_by=work.actor.id)
            )
    await work.flush()
    return row


def _checked(name: str, scope: str, asked: list[str], product: Product) -> str:
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > _LONGEST:
        raise Invalid("Give the role a name of at most 60 letters.", field="name")
    if scope not in SCOPES:
        raise Invalid("Choose one of the offered values.", field="scope")
    unknown = sorted(set(asked) - set(grantable(product)))
    if unknown:
        raise Invalid("There is no permission {name}.", field="permissions", name=unknown[0])
    return tidy


async def _sign_out(work: Work, role: UUID) -> None:
    """End the sessions of everyone who holds a role."""
    holding = select(StaffRole.person).where(StaffRole.role == role)
    await work.run(update(Person).where(Person.id.in_(holding)).values(epoch=Person.epoch + 1))
    if work.actor.session is not None and work.actor.id is not None:
        person = await work.session.get(Person, work.actor.id, populate_existing=True)
        own = await work.session.get(Session, work.actor.session)
        if person is not None and own is not None:
            own.epoch = person.epoch
    work.record("ended sessions of a role", role=str(role))


async def remove(work: Work, role: UUID) -> None:
    """Raises Conflict for a starting role or one that somebody still has."""
    work.require(Identity.ROLES_EDIT)
    row = await work.lock(Role, role)
    if row.built_in:
        raise Conflict("A starting role stays. Take its permissions away instead.")
    if await work.first(select(StaffRole).where(StaffRole.role == role)):
        raise Conflict("Somebody still has this role. Give them another first.")
    may_grant(work, row.permissions, row.scope)
    await work.run(delete(Role).where(Role.id == role))
    work.record("removed role", role=str(role), name=row.name)
