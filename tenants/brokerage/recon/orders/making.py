"""Files of transfers for the bank: made of what waits, agreed to by another person, taken once.

    row, left = await make(work)              what waits, in one file; who could not be written
    await agree(work, file)                   somebody else than who made it
    content = await fetch(work, file)         the bytes, once
    await void(work, file, reason)            its payouts may go into another file

A payout is in one file only: its row names it, and it is free again only when that file is void
and the bank has not answered about it.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update

from brokerage.clients import queries as clients
from brokerage.payments import references
from brokerage.payments.connectors.wire import Settings as WireSettings
from brokerage.payments.connectors.wire import Wire
from brokerage.payments.model import Destination, PayoutAttempt, PayoutState, Withdrawal
from brokerage.payments.payout_places import destinations
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import ToBank
from brokerage.recon.model import FileState, OutsideFile
from brokerage.recon.orders import pain001
from brokerage.recon.orders.pain001 import Group, Party, Transfer
from brokerage.recon.permissions import Recon
from stoa.connectors.outside import outside
from stoa.kernel.clock import business_day
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

KIND: Final = "pain.001"
LEAST_REASON: Final = 10
BANK_KNOWS: Final = "bank-accepted"
"""The code of a payout the bank said it has: no other file may hold it."""
_CONTENT: Final = "outside_file.content"


@dataclass(frozen=True, slots=True)
class Left:
    """A payout that could not be written, and the field a bank would refuse."""

    reference: str
    why: str
    field: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of one account in one currency is in no file yet."""

    psp: str
    label: str
    count: int
    money: Money


def accounts_of(work: Work) -> dict[str, WireSettings]:
    """The tenant's bank accounts that pay out by files, by the code of their provider."""
    found: dict[str, WireSettings] = {}
    for psp in work.settings(PaymentsSettings).psps:
        if psp.connector == Wire.code:
            told = outside().settings(WireSettings, psp.settings)
            if told.pays_out:
                found[psp.code] = told
    return found


def _unordered(codes: Sequence[str]) -> Any:
    return (
        PayoutAttempt.psp.in_(codes),
        PayoutAttempt.state == PayoutState.ACCEPTED,
        PayoutAttempt.file.is_(None),
    )


async def waiting(work: Work) -> list[Waiting]:
    """What a file made now would hold, by account and currency."""
    codes = sorted(accounts_of(work))
    if not codes:
        return []
    rows = await work.table(
        select(
            PayoutAttempt.psp,
            PayoutAttempt.currency,
            func.count().label("n"),
            func.sum(PayoutAttempt.amount).label("amount"),
        )
        .where(*_unordered(codes))
        .group_by(PayoutAttempt.psp, PayoutAttempt.currency)
        .order_by(PayoutAttempt.psp, PayoutAttempt.currency)
    )
    labels = work.settings(PaymentsSettings).psp_names
    return [
        Waiting(row.psp, labels[row.psp], int(row.n), Money(Decimal(row.amount), row.currency))
        for row in rows
    ]


async def make(work: Work) -> tuple[OutsideFile, list[Left]]:
    """One file of all that waits, grouped by account and currency. Raises Conflict when nothing does.

    What no bank could read is left out and named; it stays where it is.
    """
    work.require(Recon.ORDER)
    known = accounts_of(work)
    rows = await work.table(
        select(PayoutAttempt, Withdrawal)
        .join(Withdrawal, Withdrawal.id == PayoutAttempt.withdrawal)
        .where(*_unordered(sorted(known)))
        .order_by(PayoutAttempt.id)
        .limit(pain001.MOST)
        .with_for_update(of=PayoutAttempt, skip_locked=True)
    )
    found, left = await _transfers(work, [tuple(row) for row in rows])
    if not found:
        raise Conflict(
            "Nothing waits that could be ordered. No file was made."
            if not left
            else "None of what waits can be written for a bank. No file was made."
        )
    row_id = work.new_id()
    today = business_day(work.now, work.settings(TenantFacts).time_zone)
    message = f"{work.tenant.slug[:10]}-{today:%y%m%d}-{row_id.hex[-10:]}".upper()
    groups = _groups(message, known, found)
    entity = work.settings(TenantFacts).legal_entity or work.tenant.name
    content = pain001.built(message, work.now, _weekday(today), groups, entity)
    row = OutsideFile(
        id=row_id,
        hash=hashlib.sha256(content).digest(),
        name=message,
        kind=KIND,
        psp=None,
        state=FileState.ASKED,
        size=len(content),
        content_sealed=work.keys.seal(_CONTENT, row_id, zlib.compress(content, 3)),
        lines=len(found),
        report=[[0, one.why, {"of": one.reference, "what": one.field}, False]
                for one in left],
        brought_at=work.now,
        brought_by=work.actor.id,
    )  # fmt: skip
    work.add(row)
    await work.flush()
    await work.run(
        update(PayoutAttempt)
        .where(PayoutAttempt.id.in_([part.id for part, _ in found]))
        .values(file=row_id)
    )
    work.record("recon.order.made", file=str(row_id), message=message, payments=len(found))
    work.announce("desk|recon")
    return row, left


async def _transfers(
    work: Work, rows: Sequence[tuple[PayoutAttempt, Withdrawal]]
) -> tuple[list[tuple[PayoutAttempt, Transfer]], list[Left]]:
    places = {
        one.id: one
        for one in await work.rows(
            select(Destination).where(Destination.id.in_([row.destination for _, row in rows]))
        )
    }
    names = await clients.whole_names(work, [row.client for _, row in rows])
    found: list[tuple[PayoutAttempt, Transfer]] = []
    left: list[Left] = []
    for part, row in rows:
        place = places.get(row.destination) if row.destination else None
        try:
            one = _transfer(work, part, row, place, names.get(row.client, ""))
            pain001.one_right(one)
        except Invalid as why:
            left.append(Left(row.reference, why.sentence, str(why.places.get("what", ""))))
            continue
        found.append((part, one))
    return found, left


def _transfer(
    work: Work, part: PayoutAttempt, row: Withdrawal, place: Destination | None, name: str
) -> Transfer:
    to = destinations.opened(work, place) if place is not None else None
    if place is None or not isinstance(to, ToBank):
        raise Invalid("This payout has no bank account.")
    holder = work.unseal(place.id, destinations.HOLDER, place.holder_sealed)
    return Transfer(
        end_to_end=part.id.hex,
        money=Money(part.amount, part.currency),
        to=Party(
            name=holder or name,
            iban=to.iban.replace(" ", "").upper(),
            number="" if to.iban else to.account_number.replace(" ", "").upper(),
            bic=to.bic.replace(" ", "").upper(),
            clearing=to.routing_number or to.sort_code,
            country=to.country,
        ),
        text=row.reference,
    )


def _groups(
    message: str,
    known: dict[str, WireSettings],
    found: Sequence[tuple[PayoutAttempt, Transfer]],
) -> list[Group]:
    sorted_: dict[tuple[str, str], list[Transfer]] = {}
    for part, one in found:
        sorted_.setdefault((part.psp, part.currency), []).append(one)
    return [
        Group(f"{message}-{number}", _debtor(known[psp]), transfers)
        for number, ((psp, _), transfers) in enumerate(sorted(sorted_.items()), start=1)
    ]


def _debtor(told: WireSettings) -> Party:
    iban = told.iban.replace(" ", "").upper()
    if iban and not references.iban(iban):
        raise Invalid("The IBAN of your own account is not right. Mend it in the settings.")
    return Party(
        name=told.holder,
        iban=iban,
        number="" if iban else told.account_number.replace(" ", "").upper(),
        bic=told.bic.replace(" ", "").upper(),
        clearing=told.routing_number,
    )


def _weekday(day: date) -> date:
    """No bank executes on a Saturday or Sunday."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


async def _locked(work: Work, file: UUID) -> OutsideFile:
    row = await work.lock(OutsideFile, file)
    if row.kind != KIND:
        raise NotFound
    return row


async def agree(work: Work, file: UUID) -> OutsideFile:
    """The second person's yes. Raises Denied for who made it, Conflict when it was decided before."""
    work.require(Recon.ORDER_AGREE)
    row = await _locked(work, file)
    if work.actor.id is None or row.brought_by == work.actor.id:
        raise Denied(
            "You made this file; someone else agrees to it. Nothing was changed.", code="maker"
        )
    row.move(FileState.AGREED)
    row.agreed_by, row.agreed_at = work.actor.id, work.now
    work.announce("desk|recon")
    return row


async def fetch(work: Work, file: UUID) -> tuple[str, bytes]:
    """Its name and bytes, once. Raises Conflict before it was agreed to and after it was taken."""
    work.require(Recon.ORDER)
    row = await _locked(work, file)
    if row.state == FileState.TAKEN:
        raise Conflict(
            "This file was taken already. A second copy could be paid twice: void it with a reason "
            "and make another."
        )
    row.move(FileState.TAKEN)
    row.fetched_by, row.fetched_at = work.actor.id, work.now
    work.record("recon.order.taken", file=str(file), message=row.name)
    work.announce("desk|recon")
    assert row.content_sealed is not None  # noqa: S101 - kept when it was made
    content = zlib.decompress(work.keys.unseal(_CONTENT, row.id, row.content_sealed))
    return f"{row.name}.xml", content


async def void(work: Work, file: UUID, reason: str) -> int:
    """It is not to be paid any more; how many payouts may go into another file.

    Who took it does not void it. What the bank said it has stays with this file.
    """
    work.require(Recon.ORDER_AGREE)
    why = reason.strip()
    if len(why) < LEAST_REASON:
        raise Invalid("Say why, in at least {n} letters.", n=LEAST_REASON, field="reason")
    row = await _locked(work, file)
    if row.fetched_by is not None and row.fetched_by == work.actor.id:
        raise Denied("You took this file; someone else voids it. Nothing was changed.")
    row.move(FileState.VOID)
    row.why, row.done_at = why[:400], work.now
    freed = await work.rows(
        select(PayoutAttempt)
        .where(
            PayoutAttempt.file == file,
            PayoutAttempt.state == PayoutState.ACCEPTED,
            PayoutAttempt.code.is_distinct_from(BANK_KNOWS),
        )
        .order_by(PayoutAttempt.id)
        .with_for_update()
    )
    for part in freed:
        part.file = None
    work.record("recon.order.void", file=str(file), message=row.name, freed=len(freed))
    work.announce("desk|recon")
    return len(freed)
