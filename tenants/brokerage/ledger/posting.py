"""Postings: the only way money is written down. One posting is one statement, one round trip.

    Leg(account, Money)                       positive adds to what the account's owner has
    moving(source, target, money) -> [Leg, Leg]
    await post(work, operation=..., kind=..., legs=[...], ref=("deposit", id), reason=None,
               effective_at=None, despite_freeze=False) -> Posted
    await post_many(work, [Posting(...), ...]) -> list[Posted]      up to 1,000, all or nothing
    await reverse(work, entry, operation=..., reason=...) -> Posted   once per entry, for ever
    await found(work, operation) -> Posted | None

`operation` names what is asked and is unique for ever: the same operation with the same content
answers what it answered before (`replayed`), with other content it is a Conflict. Build it from
your row (`deposit:<id>`) or, for what a person sends, from who they are and the form's key
(`client:<id>:transfer:<key>`), so that no one can use up another's.

Refusals: NotCovered (not enough money), Conflict (frozen, closed, operation used for other
things). Legs that do not sum to zero raise ValueError: that is ours to mend.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from brokerage.ledger import accounts, periods
from brokerage.ledger.accounts import WALLET, Account, Ref
from brokerage.ledger.events import WalletMoved
from brokerage.ledger.model import Entry, Guard, LedgerAccount
from brokerage.ledger.model import Leg as LegRow
from brokerage.ledger.rules import Leg, moving, reversed_legs
from brokerage.ledger.statement import Posting, Ready, asked, made_ready
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import EXACT, Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work

MOST_AT_ONCE: Final = 1000
_TRIES: Final = 3
"""How often a batch is looked at again when others post parts of it at the same time."""


class NotCovered(Invalid):
    """The account has less than is asked of it; nothing moved."""

    kind = "not-covered"


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry that is written. `replayed` when an earlier call had written it already."""

    entry: UUID
    operation: str
    at: datetime
    replayed: bool = False


async def post(
    work: Work,
    *,
    operation: str,
    kind: str,
    legs: Sequence[Leg],
    ref: Ref | None = None,
    reason: str | None = None,
    effective_at: datetime | None = None,
    despite_freeze: bool = False,
) -> Posted:
    """Write one entry, or answer with the one this operation wrote before."""
    posting = Posting(
        operation=operation,
        kind=kind,
        legs=legs,
        ref=ref,
        reason=reason,
        effective_at=effective_at,
    )
    return await _post(work, posting, despite_freeze=despite_freeze)


async def _post(work: Work, posting: Posting, *, despite_freeze: bool) -> Posted:
    if posting.effective_at is not None:
        await periods.must_be_open(work, posting.effective_at)
    ready = made_ready(work, posting)
    rows = await _write(work, [ready], despite_freeze=despite_freeze)
    if _unopened(rows):
        await accounts.ensure(work, [side.account for side in ready.sides])
        rows = await _write(work, [ready], despite_freeze=despite_freeze)
    if rows[0].fresh:
        faultpoint("posting.written")
        _tell(work, [ready], rows)
        return Posted(ready.id, posting.operation, rows[0].at)
    # Somebody else may have written it while we waited for the locks: look before refusing.
    known = await found(work, posting.operation, ready.asked_hash)
    if known is None:
        raise _refusal(rows, [ready])
    return known


async def post_many(
    work: Work, postings: Sequence[Posting], *, despite_freeze: bool = False
) -> list[Posted]:
    """Write up to 1,000 entries in one statement, in this order, all or nothing.

    Operations that are written already are answered from the record and not written again.
    Wallets that moved are told once each, with the sum. Raises NotCovered or Conflict for the
    first account that cannot bear it; then none of the batch is written.
    """
    if len(postings) > MOST_AT_ONCE:
        raise ValueError(f"{MOST_AT_ONCE} postings are the most at once")
    if len({posting.operation for posting in postings}) != len(postings):
        raise ValueError("two postings of a batch share an operation")
    dated = [one.effective_at for one in postings if one.effective_at is not None]
    for moment in sorted({(periods.month_of(work, one), one) for one in dated})[:MOST_AT_ONCE]:
        await periods.must_be_open(work, moment[1])
    ready = [made_ready(work, posting) for posting in postings]
    for _ in range(_TRIES):
        answers = await _known(work, ready)
        todo = [one for one in ready if one.posting.operation not in answers]
        at = await _write_batch(work, todo, despite_freeze) if todo else work.now
        if at is not None:
            answers |= {
                one.posting.operation: Posted(one.id, one.posting.operation, at) for one in todo
            }
            return [answers[posting.operation] for posting in postings]
    raise Conflict("Someone else is posting the same things right now. Nothing was posted.")


async def _write_batch(work: Work, todo: list[Ready], despite_freeze: bool) -> datetime | None:
    """When the batch was written; None when others wrote a part of it meanwhile."""
    step = await work.session.begin_nested()
    rows = await _write(work, todo, despite_freeze=despite_freeze)
    if _unopened(rows):
        await accounts.ensure(work, [side.account for one in todo for side in one.sides])
        rows = await _write(work, todo, despite_freeze=despite_freeze)
    if rows[0].fresh == len(todo):
        await step.commit()
        _tell(work, todo, rows)
        at: datetime = rows[0].at
        return at
    await step.rollback()
    if rows[0].fresh == 0 and not await _known(work, todo):
        raise _refusal(rows, todo)
    return None


async def reverse(
    work: Work, entry: UUID, *, operation: str, reason: str, ref: Ref | None = None
) -> Posted:
    """Post the opposite of an entry, linked to it. Each entry is reversed at most once.

    `ref` is what the reversal is about, where that is more than the entry it undoes.

    Raises Conflict when it was reversed before or is itself a reversal, NotCovered when the money
    is no longer there to take back.
    """
    row = await work.get(Entry, entry)
    if row.reverses is not None:
        raise Conflict("A reversal is not reversed: post what is right instead.")
    known = await found(work, operation)
    if known is not None:
        if (await work.get(Entry, known.entry)).reverses != entry:
            raise _other()
        return known
    reason = await periods.naming(work, row, reason)
    legs = await legs_of(work, entry)
    posting = Posting(
        operation=operation,
        kind="reversal",
        legs=reversed_legs(legs),
        ref=ref or ("entry", entry),
        reason=reason,
        reverses=entry,
    )
    try:
        async with work.session.begin_nested():
            return await _post(work, posting, despite_freeze=True)
    except IntegrityError as why:
        if "ix_entry_reverses" not in str(why.orig):
            raise
        raise Conflict(
            "This entry was reversed already. Nothing was posted.", code="reversed"
        ) from why


async def legs_of(work: Work, entry: UUID) -> list[Leg]:
    """The legs of an entry as they were posted, line by line, giver first."""
    rows = await work.table(
        select(LegRow.amount, LedgerAccount)
        .join(LedgerAccount, LedgerAccount.id == LegRow.account)
        .where(LegRow.entry == entry)
        .order_by(LegRow.line, LegRow.amount)
    )
    return [Leg(accounts.of_row(row), Money(amount, row.currency)) for amount, row in rows]


async def found(work: Work, operation: str, asked_hash: bytes | None = None) -> Posted | None:
    """What an operation wrote, if it did. With a hash, raises Conflict when that differs."""
    row = await work.table(
        select(Entry.id, Entry.asked_hash, Entry.posted_at).where(Entry.operation == operation)
    )
    if not row:
        return None
    if asked_hash is not None and row[0].asked_hash != asked_hash:
        raise _other()
    return Posted(row[0].id, operation, row[0].posted_at, replayed=True)


def _other() -> Conflict:
    return Conflict(
        "This was sent before with other content. Nothing more was moved; look at the history.",
        code="operation-differs",
    )


async def _known(work: Work, ready: Sequence[Ready]) -> dict[str, Posted]:
    hashes = {one.posting.operation: one.asked_hash for one in ready}
    rows = await work.table(
        select(Entry.operation, Entry.id, Entry.asked_hash, Entry.posted_at).where(
            Entry.operation.in_(hashes)
        )
    )
    for row in rows:
        if row.asked_hash != hashes[row.operation]:
            raise _other()
    return {row.operation: Posted(row.id, row.operation, row.posted_at, True) for row in rows}


async def _write(work: Work, ready: Sequence[Ready], *, despite_freeze: bool) -> Sequence[Any]:
    statement, values = asked(work, ready, despite_freeze=despite_freeze)
    return await work.table(statement, values)


def _unopened(rows: Sequence[Any]) -> bool:
    """Nothing was wrong, yet nothing was written: an account was never used before."""
    first = rows[0]
    return not first.good and not any(row.closed or row.frozen or row.short for row in rows)


def _refusal(rows: Sequence[Any], ready: Sequence[Ready]) -> Exception:
    named = {side.account.id: side.account for one in ready for side in one.sides}
    for row in rows:
        account = named.get(row.account)
        if account is None:
            continue
        if row.closed:
            return Conflict("This account is closed. Nothing was moved.", code="account-closed")
        if row.frozen:
            return Conflict(
                "Money cannot leave this wallet at the moment. Nothing was moved. Please write to "
                "us: we will tell you what we need.",
                code="account-frozen",
            )
        if row.short:
            return NotCovered(
                "There is not enough: {available} is available. Nothing was moved.",
                field="amount",
                available=Money(row.was, account.currency),
            )
    raise AssertionError("a posting was not written and no account says why")


def _tell(work: Work, ready: Sequence[Ready], rows: Sequence[Any]) -> None:
    """The audit note, the facts and the live topics of what was just written."""
    if len(ready) == 1:
        one = ready[0]
        work.record(
            "posted",
            entry=str(one.id),
            kind=one.posting.kind,
            operation=one.posting.operation,
            legs=[[str(s.account.id), f"{s.amount} {s.account.currency}"] for s in one.sides],
        )
    else:
        kinds = sorted({one.posting.kind for one in ready})
        work.record("posted", entries=len(ready), kinds=kinds, first=str(ready[0].id))
    after: dict[UUID, Decimal] = {row.account: row.balance for row in rows if row.account}
    moved: dict[UUID, Decimal] = {}
    last: dict[UUID, tuple[Account, Ready]] = {}
    for one in ready:
        for side in one.sides:
            if side.account.guard is not Guard.NONE:
                known = moved.get(side.account.id, Decimal(0))
                moved[side.account.id] = EXACT.add(known, side.amount)
                last[side.account.id] = (side.account, one)
    for key, (account, one) in last.items():
        work.announce(f"client:{account.owner}|wallets", f"desk|money-{account.owner}")
        if account.kind == WALLET and account.owner is not None and moved[key]:
            work.tell(
                WalletMoved(
                    client=account.owner,
                    currency=account.currency,
                    entry=one.id,
                    entry_kind=one.posting.kind,
                    amount=Money(moved[key], account.currency).text(),
                    balance=Money(after[key], account.currency).text(),
                )
            )


__all__ = [
    "Leg",
    "NotCovered",
    "Posted",
    "Posting",
    "found",
    "legs_of",
    "moving",
    "post",
    "post_many",
    "reverse",
]
