"""Passkeys of a tenant's people and of the operator's: added, shown, taken away. The same verbs over
either table; neither side ever reads the other's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from stoa.identity import ceremony, challenges, factors
from stoa.identity.ceremony import Held
from stoa.identity.challenges import Answer, Asked, Fault, Ground, Unproven
from stoa.identity.factors import Login
from stoa.identity.model import OperatorPasskey, Passkey
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import PlatformWork, Work
from stoa.vault.keys import MasterKey

MOST: Final = 10
LONGEST_NAME: Final = 60
_NAME: Final = "passkey.name"

Row = Passkey | OperatorPasskey


@dataclass(frozen=True, slots=True)
class Ring:
    """The passkeys of one side: their table, and its key for what people call theirs."""

    work: Work | PlatformWork
    seal: Callable[[UUID, str], bytes]
    unseal: Callable[[UUID, bytes], str]

    @property
    def table(self) -> Any:
        return Passkey if isinstance(self.work, Work) else OperatorPasskey


@dataclass(frozen=True, slots=True)
class Listed:
    """A passkey as its owner sees it. One made at another host is of no use at this one."""

    id: UUID
    name: str
    host: str
    here: bool
    made_at: datetime
    last_used_at: datetime | None


def ring(work: Work) -> Ring:
    keys = work.keys
    return Ring(
        work,
        lambda row, text: keys.seal(_NAME, row, text.encode()),
        lambda row, sealed: keys.unseal(_NAME, row, sealed).decode(),
    )


def operator_ring(work: PlatformWork, master: MasterKey) -> Ring:
    return Ring(
        work,
        lambda row, text: master.seal(f"operator.{_NAME}|{row}", text.encode()),
        lambda row, sealed: master.unseal(f"operator.{_NAME}|{row}", sealed).decode(),
    )


async def of(ring: Ring, owner: UUID) -> Sequence[Row]:
    found: Sequence[Row] = await ring.work.rows(
        select(ring.table).where(ring.table.owner == owner).order_by(ring.table.made_at)
    )
    return found


async def listed(ring: Ring, owner: UUID, host: str) -> list[Listed]:
    return [
        Listed(
            id=row.id,
            name=ring.unseal(row.id, row.name_sealed),
            host=row.host,
            here=row.host == host,
            made_at=row.made_at,
            last_used_at=row.last_used_at,
        )
        for row in await of(ring, owner)
    ]


def _held(rows: Sequence[Row], host: str) -> list[Held]:
    return [Held(row.credential, row.transports) for row in rows if row.host == host]


async def ask_new(
    ring: Ring, login: Login, ground: Ground, *, brand: str, name: str, account: str, shown: str
) -> str:
    """What the browser needs to make one. Raises Conflict where somebody has too many."""
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > LONGEST_NAME:
        raise Invalid("Give it a name of at most {most} letters.", field="name", most=LONGEST_NAME)
    rows = await of(ring, login.id)
    if len(rows) >= MOST:
        raise Conflict("You have {most} passkeys. Remove one first.", most=MOST)
    handle = next((row.handle for row in rows if row.host == ground.host), None)
    row = uuid7()
    asked = Asked(
        purpose="add",
        host=ground.host,
        bound=ground.bound,
        person=login.id,
        handle=handle or ceremony.new_handle(),
        row=row,
        name_sealed=ring.seal(row, tidy),
    )
    held = _held(rows, ground.host)
    return await ceremony.to_make(
        ground, asked, brand=brand, account=account, shown=shown, held=held
    )


async def add(ring: Ring, login: Login, ground: Ground, credential: Mapping[str, Any]) -> Row:
    """The passkey that a device has made for what was asked. The login's row must be locked.

    Raises Unproven.
    """
    answer = await challenges.take(ground, "add", credential)
    asked = answer.asked
    if asked.person != login.id:
        raise Unproven(Fault.LATE)
    made = await ceremony.made(ground, answer)
    if await _by_credential(ring, made.credential) is not None:
        raise Unproven(Fault.KNOWN)
    row: Row = ring.table(
        id=asked.row,
        owner=login.id,
        credential=made.credential,
        handle=asked.handle,
        public_key=made.public_key,
        sign_count=made.sign_count,
        host=ground.host,
        transports=made.transports,
        name_sealed=asked.name_sealed,
        made_at=ring.work.now,
    )
    ring.work.add(row)
    await _count(ring, login)
    return row


async def _count(ring: Ring, login: Login) -> None:
    await ring.work.flush()
    login.passkeys = len(await of(ring, login.id))
    await ring.work.flush()


async def _by_credential(ring: Ring, credential: bytes) -> Row | None:
    found: Row | None = await ring.work.first(
        select(ring.table).where(ring.table.credential == credential)
    )
    return found


async def ask_shown(ring: Ring, login: Login, ground: Ground) -> str:
    """What the browser needs to show one of this person's. Raises Conflict where none is of here."""
    held = _held(await of(ring, login.id), ground.host)
    if not held:
        raise Conflict("You have no passkey for this address. Nothing was changed.")
    asked = Asked(purpose="show", host=ground.host, bound=ground.bound, person=login.id)
    return await ceremony.to_show(ground, asked, held)


async def show(ring: Ring, login: Login, ground: Ground, credential: Mapping[str, Any]) -> None:
    """Accept one of this person's as their second factor. The login's row must be locked.

    Raises Unproven, over a count that went back as well: what was written about that has to stay.
    """
    answer = await challenges.take(ground, "show", credential)
    if answer.asked.person != login.id:
        raise Unproven(Fault.LATE)
    row = await named(ring, ground, answer)
    if row.owner != login.id or answer.handle not in {b"", row.handle}:
        raise Unproven(Fault.UNKNOWN)
    if not await used(ring, row, await ceremony.shown(ground, answer, row.public_key)):
        raise Unproven(Fault.COPIED)


async def ask_any(ground: Ground) -> str:
    """What the browser needs to offer whatever its devices have for here: the same for everyone."""
    return await ceremony.to_show(
        ground, Asked(purpose="enter", host=ground.host, bound=ground.bound)
    )


async def named(ring: Ring, ground: Ground, answer: Answer) -> Row:
    """The passkey an answer speaks for, not proven yet. Raises Unproven."""
    row = await _by_credential(ring, answer.id)
    if row is None:
        raise Unproven(Fault.UNKNOWN)
    if row.host != ground.host:
        raise Unproven(Fault.HOST)
    return row


async def used(ring: Ring, row: Row, count: int) -> bool:
    """Note the use. A count that went back is refused, told to the owner and kept in the audit log."""
    work = ring.work
    if ceremony.fell(row.sign_count, count):
        work.record(
            "refused a passkey whose count went back",
            owner=str(row.owner),
            passkey=str(row.id),
            kept=row.sign_count,
            told=count,
        )
        if isinstance(work, Work):
            work.subject = work.subject or row.owner
            await notices.mail(
                work, row.owner, "passkey_refused", made_at=row.made_at, refused_at=work.now
            )
        return False
    row.sign_count, row.last_used_at = count, work.now
    return True


async def remove(ring: Ring, login: Login, key: UUID) -> None:
    """Take one away; the audit log keeps that it was there. The login's row must be locked.

    Raises NotFound for another's, Conflict where nothing would be left.
    """
    row = await ring.work.lock(ring.table, key)
    if row.owner != login.id:
        raise NotFound
    if login.passkeys <= 1 and not factors.has_app(login):
        raise Conflict(
            "This is your only second factor: set up another one first. Nothing was changed."
        )
    await ring.work.delete(row)
    await _count(ring, login)


async def forget_all(work: Work | PlatformWork, login: Login) -> None:
    """The whole second factor: app, recovery codes and passkeys. The row must be locked."""
    table: Any = Passkey if isinstance(work, Work) else OperatorPasskey
    for row in await work.rows(select(table).where(table.owner == login.id)):
        await work.delete(row)
    login.passkeys = 0
    factors.forget(login)
    await work.flush()
