"""Matches by hand: accept, split over several entries, join several lines, undo."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from brokerage.ledger import accounts
from brokerage.ledger.model import Entry, Leg
from brokerage.recon.model import LineMatch, OutsideLine
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work


async def accept(
    work: Work,
    line: UUID,
    entries: Sequence[UUID],
    *,
    score: int = 0,
    reasons: Sequence[Any] = (),
    how: str = "by-hand",
) -> list[LineMatch]:
    """Let a line stand for one entry, or for several that it is split over, as far as each goes.

    Several lines may be joined to one entry, one after the other. Raises Conflict when either
    side stands for something else already, or they moved the money in different directions.
    """
    work.require(Recon.MATCH)
    row = await work.lock(OutsideLine, line)
    if not entries:
        raise Invalid("Choose what this line is.", field="entry")
    made: list[LineMatch] = []
    for entry in entries:
        rest = row.amount - row.matched
        if not rest:
            raise Conflict("This line is matched to the last cent. Nothing was changed.")
        left = await left_over(work, row.source, row.currency, entry)
        if not left:
            raise Conflict("This entry is matched to the last cent. Nothing was changed.")
        if (left > 0) != (rest > 0):
            raise Conflict("One side came in and the other went out. Nothing was changed.")
        part = min(abs(rest), abs(left))
        made.append(_match(work, row, entry, part if rest > 0 else -part, how, score, reasons))
        await work.flush()
    work.record("recon.accepted", line=str(line), entries=[str(one) for one in entries])
    work.announce("desk|recon")
    return made


async def left_over(work: Work, source: str, currency: str, entry: UUID) -> Decimal:
    """What of an entry's movement of this account no line stands for yet; plus is money in.

    The entry is locked by its name (its row may not be), so that two people cannot give it away twice.
    """
    await work.run(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 8))"),
        {"key": f"{work.tenant.id}|{entry}"},
    )
    account = accounts.house(work, source, currency)
    moved = await work.value(
        select(func.sum(-Leg.amount)).where(Leg.entry == entry, Leg.account == account.id)
    )
    if moved is None:
        raise Conflict("This entry does not touch this account. Nothing was changed.")
    taken = await work.value(
        select(func.coalesce(func.sum(LineMatch.amount), 0)).where(
            LineMatch.source == source,
            LineMatch.currency == currency,
            LineMatch.entry == entry,
            LineMatch.state == "live",
        )
    )
    return Decimal(moved) - Decimal(taken)


def _match(
    work: Work,
    row: OutsideLine,
    entry: UUID,
    amount: Decimal,
    how: str,
    score: int,
    reasons: Sequence[Any],
) -> LineMatch:
    match = LineMatch(
        id=work.new_id(),
        line=row.id,
        entry=entry,
        source=row.source,
        currency=row.currency,
        amount=amount,
        how=how,
        score=score,
        reasons=list(reasons),
        state="live",
        made_at=work.now,
        made_by=work.actor.id,
    )
    work.add(match)
    row.matched += amount
    row.open = row.matched != row.amount
    return match


async def posted(work: Work, row: OutsideLine, entry: UUID, how: str) -> LineMatch:
    """The match of a line with the entry that was written for it. `row` is locked."""
    return _match(work, row, entry, row.amount - row.matched, how, 100, ())


async def undo(work: Work, match: UUID) -> LineMatch:
    """Take a match back: both sides are open again, and the machine will not make it anew."""
    work.require(Recon.MATCH)
    known = await work.get(LineMatch, match)
    row = await work.lock(OutsideLine, known.line)
    found = await work.lock(LineMatch, match)
    reversed_by = select(Entry.id).where(Entry.reverses == found.entry)
    if found.how == "posted" and await work.first(reversed_by) is None:
        raise Conflict(
            "The books were written for this line. Reverse the entry first, then undo the match."
        )
    found.move("undone")
    found.undone_at, found.undone_by = work.now, work.actor.id
    row.matched -= found.amount
    row.open = row.matched != row.amount
    work.record("recon.undone", match=str(match), amount=str(Money(found.amount, found.currency)))
    work.announce("desk|recon")
    return found
