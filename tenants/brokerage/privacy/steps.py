"""Taking one kind of data out: each step in batches, each batch a transaction that says what it did."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, LargeBinary, String, and_, delete, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from brokerage.clients.events import ClientClosed
from brokerage.clients.model import SEARCH, Client, State
from brokerage.crm.model import Lead
from brokerage.privacy.datamap import CELLS, FILES, Cell
from brokerage.privacy.settings import Category
from stoa.audit.capture import plain
from stoa.files import store
from stoa.files.model import StoredFile
from stoa.identity import people
from stoa.identity.model import Person, Standing
from stoa.tenancy.work import Work

BATCH: Final = 500
_FILES: Final = 50


@dataclass(frozen=True, slots=True)
class Took:
    """How much one batch removed, digests of it, and whether there may be more."""

    count: int
    digests: tuple[str, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    category: Category
    run: Callable[[Work, UUID], Awaitable[Took]]


def digest(value: Any) -> str:
    """What was removed is still recognised by who has a copy, and read by nobody."""
    return hashlib.sha256(msgspec.json.encode(plain(value), order="deterministic")).hexdigest()


def _cell(cell: Cell) -> Step:
    async def run(work: Work, client: UUID) -> Took:
        table = cell.model.__table__
        keys = list(table.primary_key.columns)
        columns = [table.c[name] for name in cell.blank] or keys
        left = [_is_left(table.c[name]) for name in cell.blank]
        whose = and_(cell.whose(client), or_(*left)) if left else cell.whose(client)
        rows = await work.table(
            select(*keys, *columns).where(whose).order_by(*keys).limit(BATCH if left else None)
        )
        if not rows:
            return Took(0, (), False)
        if cell.rows:
            await work.run(delete(cell.model).where(whose))
        else:
            picked = or_(
                *(
                    and_(*(key == value for key, value in zip(keys, row, strict=False)))
                    for row in rows
                )
            )
            await work.run(
                update(cell.model)
                .where(picked)
                .values(
                    {name: _nothing(table.c[name]) for name in cell.blank} | dict(cell.put or {})
                )
                .execution_options(synchronize_session=False)
            )
        told = tuple(digest(list(row[len(keys) :])) for row in rows)
        return Took(len(rows), told, bool(left) and len(rows) == BATCH)

    return Step(cell.name, cell.category, run)


def _nothing(column: Any) -> Any:
    if column.nullable:
        return null()
    kinds: dict[Any, Any] = {LargeBinary: b"", String: "", JSONB: [], ARRAY: []}
    return next(nothing for kind, nothing in kinds.items() if isinstance(column.type, kind))


def _is_left(column: Any) -> Any:
    if column.nullable:
        return column.is_not(None)
    if isinstance(column.type, JSONB):
        return func.jsonb_array_length(column) > 0
    return column != _nothing(column)


def _files(kind: str, category: Category) -> Step:
    async def run(work: Work, client: UUID) -> Took:
        rows: Sequence[StoredFile] = await work.rows(
            select(StoredFile)
            .where(
                StoredFile.owner == client, StoredFile.kind == kind, StoredFile.gone_at.is_(None)
            )
            .order_by(StoredFile.id)
            .limit(_FILES)
        )
        for row in rows:
            await store.forget(work, row.id)
            row.name_sealed = b""
        return Took(len(rows), tuple(row.digest.hex() for row in rows), len(rows) == _FILES)

    return Step(f"file.{kind}", category, run)


async def _marketing(work: Work, client: UUID) -> Took:
    """How they came, the lead they were, and that they want no campaigns from now on."""
    row, person = await work.lock(Client, client), await work.lock(Person, client)
    before = [row.source, row.campaign, row.visitor]
    row.source = row.campaign = row.visitor = None
    person.campaigns_off_at = person.campaigns_off_at or work.now
    lead = await work.first(select(Lead).where(Lead.client == client).with_for_update())
    told = [digest(before)] if any(before) else []
    if lead is not None:
        told.append(digest([lead.name_sealed, lead.email_sealed, lead.phone_sealed]))
        lead.name_sealed = lead.email_sealed = b""
        lead.email_blind = work.blind(people.EMAIL, _nowhere(lead.id))
        lead.phone_sealed = lead.campaign = None
        lead.search, lead.because = [], []
    return Took(len(told), tuple(told), False)


async def _identity(work: Work, client: UUID) -> Took:
    """Name, address, telephone, birth, password. Their number stands where the name stood."""
    row, person = await work.lock(Client, client), await work.lock(Person, client)
    told = digest(
        [
            row.first_name_sealed,
            row.last_name_sealed,
            row.phone_sealed,
            row.birth_date_sealed,
            row.address_sealed,
            person.email_sealed,
            person.name_sealed,
        ]
    )
    if row.state != State.CLOSED:
        row.move(State.CLOSED)
        row.closed_at = work.now
        work.tell(ClientClosed(client=client, by_client=True))
    row.closed_why, row.tags = None, []
    row.first_name_sealed = work.keys.seal("client.first_name", client, row.reference.encode())
    row.last_name_sealed = work.keys.seal("client.last_name", client, b"")
    row.phone_sealed = row.phone_blind = row.birth_date_sealed = row.address_sealed = None
    row.search = work.keys.tokens(SEARCH, row.reference)
    row.erased_at = work.now
    person.email_blind = work.blind(people.EMAIL, _nowhere(client))
    person.email_sealed = work.keys.seal(people.EMAIL, client, b"")
    person.password_sealed = person.totp_sealed = None
    person.recovery_hashes = []
    people.rename(work, person, row.reference)
    if person.state != Standing.DISABLED:
        people.disable(person)
    return Took(1, (told,), False)


def _nowhere(row: UUID) -> str:
    return f"{row}@erased.invalid"


_OF_A_KIND: Final = {
    Category.MARKETING: [Step("lead", Category.MARKETING, _marketing)],
    Category.IDENTITY: [Step("person", Category.IDENTITY, _identity)],
}
STEPS: Final[tuple[Step, ...]] = tuple(
    step
    for category in Category
    for step in (
        *(_files(kind, of) for kind, of in FILES.items() if of is category),
        *(_cell(cell) for cell in CELLS if cell.category is category),
        *_OF_A_KIND.get(category, []),
    )
)
