"""The operator's own people, made and changed by others of them."""

import secrets
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from stoa.identity import passkeys, passwords, people
from stoa.identity.grants import EVERYTHING, may_grant
from stoa.identity.model import Operator, Standing
from stoa.identity.operator_gate import by_email, end_all, place
from stoa.identity.operator_tokens import operator_api_actor
from stoa.identity.permissions import Control
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied
from stoa.tenancy.door import Door
from stoa.tenancy.work import PlatformWork
from stoa.vault.keys import MasterKey


async def create(
    work: PlatformWork,
    master: MasterKey,
    *,
    email: str,
    name: str,
    password: str | None = None,
    permissions: Iterable[str] = EVERYTHING,
) -> tuple[Operator, str]:
    """A new operator and their first password, made up where none is given.

    They set up their second factor at the first sign-in. Raises Conflict for a known address.
    """
    work.require(Control.OPERATORS_EDIT)
    normal = people.address(email).casefold()
    granted = may_grant(work, permissions)
    if await by_email(work, normal) is not None:
        raise Conflict("There is an operator with this address already.", field="email")
    first = password or secrets.token_urlsafe(15)
    passwords.check(first, avoid=[normal, name])
    operator = uuid7()
    hashed = await passwords.hashed(first)
    row = Operator(
        id=operator,
        email=normal,
        name=" ".join(name.split())[:120],
        permissions=granted,
        state=Standing.ACTIVE,
        password_sealed=master.seal(place(operator), hashed.encode()),
        password_set_at=work.now,
        recovery_hashes=[],
        passkeys=0,
        epoch=1,
        locale="en",
        mode="auto",
        created_at=work.now,
    )
    work.add(row)
    await work.flush()
    return row, first


async def create_operator(
    door: Door,
    email: str,
    name: str,
    password: str | None = None,
    permissions: Iterable[str] | None = None,
) -> str:
    """For the command line: an operator in a transaction of its own; answers the password."""
    async with door.platform(purpose="operator.create") as work:
        _, first = await create(
            work,
            door.master,
            email=email,
            name=name,
            password=password,
            permissions=EVERYTHING if permissions is None else permissions,
        )
    return first


async def change(
    work: PlatformWork, operator: UUID, *, permissions: Iterable[str], stopped: bool
) -> Operator:
    """What another operator may, and whether they may come in at all.

    Raises Denied for oneself or for permissions the actor lacks, Conflict for the last who may
    change operators.
    """
    work.require(Control.OPERATORS_EDIT)
    row = await work.lock(Operator, operator)
    if row.id == work.actor.id:
        raise Denied("Somebody else has to do this for you. Nothing was changed.", code="oneself")
    asked = set(permissions)
    may_grant(work, asked ^ set(row.permissions))
    row.permissions = sorted(asked)
    if stopped != (row.state == Standing.DISABLED):
        row.move(Standing.DISABLED if stopped else Standing.ACTIVE)
    await end_all(work, row)
    await _someone_left(work)
    return row


async def _someone_left(work: PlatformWork) -> None:
    left = await work.rows(
        select(Operator)
        .where(Operator.state == Standing.ACTIVE)
        .order_by(Operator.id)
        .with_for_update()
    )
    if not any(Control.OPERATORS_EDIT in one.permissions for one in left):
        raise Conflict("Somebody has to be able to change operators. Nothing was changed.")


async def reset_factor(work: PlatformWork, operator: UUID) -> None:
    """They set up a new app at their next sign-in."""
    work.require(Control.OPERATORS_EDIT)
    row = await work.lock(Operator, operator)
    if row.id == work.actor.id:
        raise Denied("Somebody else has to do this for you. Nothing was changed.", code="oneself")
    may_grant(work, row.permissions)
    await passkeys.forget_all(work, row)
    await end_all(work, row)


__all__ = [
    "Control",
    "change",
    "create",
    "create_operator",
    "operator_api_actor",
    "reset_factor",
]
