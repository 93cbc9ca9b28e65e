"""The statement that writes the ledger: locks, guards, entry, legs and balances together.

It is one round trip. Balances are locked in the order of their accounts' ids, so postings queue
and never deadlock; every leg's version and balance are computed from the locked rows; the entries
go in only when no account is closed, frozen or short, and legs and balances only when every entry
of the batch was new. Anything this text got wrong the constraints of `model` refuse.

There are three texts of it, and `asked` picks one: POST takes any number of entries with any
legs, as arrays. Nearly every posting is one entry with one line between two accounts, and for
those the arrays, what unpacks them and what joins them again are a third of the price: PAIR moves
between two accounts with a balance, WITH_HOUSE between one of those and the house. They write
what POST would and answer with the same rows.

In POST, `delta` is what the batch has done to the leg's account up to and with this leg, `step`
how many of its legs, and `newest` marks the last one: known before anything is locked, so the
database need not sort. Accounts of the house have no balance row and are not locked.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text

from brokerage.ledger.accounts import Ref
from brokerage.ledger.model import Guard
from brokerage.ledger.rules import Leg, Side, paired
from stoa.kernel import currencies
from stoa.kernel.money import EXACT
from stoa.tenancy.work import Work

POST: Final = text(
    """
with locked as materialized (
    select account, balance, coalesce(version, 0) as version, moved_at,
        frozen_at is not null as frozen, closed_at is not null as closed
    from ledger_balance
    where account = any(cast(:guarded as uuid[]))
    order by account
    for no key update
),
computed as materialized (
    select a.*, k.version + a.step as version, k.balance + a.delta as balance,
        k.balance as was, k.moved_at, k.closed,
        k.frozen and a.amount < 0 and not cast(:despite_freeze as boolean) as frozen,
        a.guard = 'floor' and k.balance + a.delta < 0 as short
    from unnest(
        cast(:legs_entry as uuid[]), cast(:legs_line as smallint[]),
        cast(:legs_account as uuid[]), cast(:legs_amount as numeric[]),
        cast(:legs_currency as text[]), cast(:legs_places as smallint[]),
        cast(:legs_guard as text[]), cast(:legs_delta as numeric[]),
        cast(:legs_step as integer[]), cast(:legs_newest as boolean[])
    ) as a (entry, line, account, amount, currency, places, guard, delta, step, newest)
    left join locked k on k.account = a.account
),
verdict as materialized (
    select greatest(cast(:now as timestamptz), max(moved_at)) as at,
        not coalesce(bool_or(closed or frozen or short), false)
        and (select count(*) from locked) = cardinality(cast(:guarded as uuid[]))
        and (
            select count(*) from ledger_account where id = any(cast(:house as uuid[]))
        ) = cardinality(cast(:house as uuid[])) as good
    from computed
),
fresh as (
    insert into entry (id, operation, asked_hash, kind, amount, currency, ref_kind, ref, reason,
        posted_at, effective_at, reverses, posted_by_kind, posted_by)
    select e.id, e.operation, e.asked_hash, e.kind, e.amount, e.currency, e.ref_kind, e.ref,
        e.reason, v.at, coalesce(e.effective_at, v.at), e.reverses, :by_kind, cast(:by as uuid)
    from unnest(
        cast(:id as uuid[]), cast(:operation as text[]), cast(:asked_hash as bytea[]),
        cast(:kind as text[]), cast(:amount as numeric[]), cast(:currency as text[]),
        cast(:ref_kind as text[]), cast(:ref as uuid[]), cast(:reason as text[]),
        cast(:effective_at as timestamptz[]), cast(:reverses as uuid[])
    ) as e (id, operation, asked_hash, kind, amount, currency, ref_kind, ref, reason,
        effective_at, reverses), verdict v
    where v.good
    on conflict (operation) do nothing
    returning id
),
legs as (
    insert into leg (entry, line, amount, currency, places, account, guard, version, balance,
        posted_at)
    select c.entry, c.line, c.amount, c.currency, c.places, c.account, c.guard, c.version,
        c.balance, v.at
    from computed c, verdict v
    where (select count(*) from fresh) = cardinality(cast(:id as uuid[]))
),
moved as (
    update ledger_balance b
    set balance = c.balance, version = c.version, moved_at = v.at
    from computed c, verdict v
    where b.account = c.account and c.newest
        and (select count(*) from fresh) = cardinality(cast(:id as uuid[]))
)
select (select count(*) from fresh) as fresh, v.good, v.at, c.account, c.was, c.balance,
    c.closed, c.frozen, c.short
from verdict v
left join computed c on c.newest or c.closed or c.frozen or c.short
"""
)
"""Rows name the accounts with a balance, after their last leg, and each leg that was refused (one
empty row when only the house's are named). `fresh` counts the entries written; when it is less
than asked, `good` tells whether that was for an operation known before.
"""


_ONE_LINE: Final = """
with locked as materialized (
    select account, balance as was, balance + amount as balance, version, amount, guard, moved_at,
        frozen_at is not null and amount < 0 and not cast(:despite_freeze as boolean) as frozen,
        closed_at is not null as closed, guard = 'floor' and balance + amount < 0 as short
    from (
        select account, balance, coalesce(version, 0) + 1 as version, moved_at, frozen_at,
            closed_at,
            case when account = :source then - cast(:amount as numeric) else :amount end as amount,
            case when account = :source then cast(:source_guard as text) else :target_guard end
                as guard
        from ledger_balance
        where account in (cast(:source as uuid), cast(:target as uuid))
        order by account
        for no key update
    ) as b
),
verdict as materialized (
    select greatest(cast(:now as timestamptz), max(moved_at)) as at,
        not coalesce(bool_or(closed or frozen or short), false) and {opened} as good
    from locked
),
fresh as (
    insert into entry (id, operation, asked_hash, kind, amount, currency, ref_kind, ref, reason,
        posted_at, effective_at, reverses, posted_by_kind, posted_by)
    select :id, :operation, :asked_hash, :kind, :amount, :currency, :ref_kind, :ref, :reason,
        at, coalesce(cast(:effective_at as timestamptz), at), :reverses, :by_kind, :by
    from verdict
    where good
    on conflict (operation) do nothing
    returning id, posted_at
),
legs as (
    insert into leg (entry, line, amount, currency, places, account, guard, version, balance,
        posted_at)
    select f.id, 1, k.amount, cast(:currency as text), cast(:places as smallint), k.account,
        k.guard, k.version, k.balance, f.posted_at
    from locked k, fresh f{house}
),
moved as (
    update ledger_balance b
    set balance = k.balance, version = k.version, moved_at = f.posted_at
    from locked k, fresh f
    where b.account = k.account
)
select (select count(*) from fresh) as fresh, v.good, v.at, k.account, k.was, k.balance,
    k.closed, k.frozen, k.short
from verdict v
left join locked k on true
"""
_OPENED_HOUSE: Final = (
    "count(*) = 1 and exists (select from ledger_account where id = cast(:house as uuid))"
)
_HOUSE_LEG: Final = """
    union all
    select f.id, 1, cast(:house_amount as numeric), :currency, :places, :house, 'none', null,
        null, f.posted_at
    from fresh f"""

PAIR: Final = text(_ONE_LINE.format(opened="count(*) = 2", house=""))
WITH_HOUSE: Final = text(_ONE_LINE.format(opened=_OPENED_HOUSE, house=_HOUSE_LEG))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One entry to be: what `post` takes, as a value."""

    operation: str
    kind: str
    legs: Sequence[Leg]
    ref: Ref | None = None
    reason: str | None = None
    effective_at: datetime | None = None
    reverses: UUID | None = None


@dataclass(slots=True)
class Ready:
    """A posting with its id, its stored sides and the hash of what was asked."""

    posting: Posting
    id: UUID
    sides: list[Side] = field(default_factory=list)
    asked_hash: bytes = b""


def made_ready(work: Work, posting: Posting) -> Ready:
    """Check and pair the legs and hash what is asked. Raises ValueError for unsound legs."""
    sides = paired(posting.legs)
    asked = [
        posting.kind,
        [(str(leg.account.id), str(leg.money.rounded().amount)) for leg in posting.legs],
        posting.ref and [posting.ref[0], str(posting.ref[1])],
        posting.reason,
        posting.effective_at and posting.effective_at.isoformat(),
        posting.reverses and str(posting.reverses),
    ]
    digest = hashlib.sha256(msgspec.json.encode(asked)).digest()
    return Ready(posting, work.new_id(), sides, digest)


def asked(
    work: Work, ready: Sequence[Ready], *, despite_freeze: bool = False
) -> tuple[TextClause, dict[str, Any]]:
    """The text that writes these postings, and what it takes."""
    by = {
        "now": work.now,
        "by_kind": str(work.actor.kind),
        "by": work.actor.id,
        "despite_freeze": despite_freeze,
    }
    if len(ready) == 1 and len(ready[0].sides) == 2:
        giver, taker = (side.account for side in ready[0].sides)
        houses = (giver.guard is Guard.NONE) + (taker.guard is Guard.NONE)
        if houses < 2 and giver.id != taker.id:
            return (WITH_HOUSE if houses else PAIR), _one_line(ready[0]) | by
    return POST, _arrays(ready) | by


def _one_line(one: Ready) -> dict[str, Any]:
    given, taken = one.sides
    posting, source, target = one.posting, given.account, taken.account
    values: dict[str, Any] = {
        "source": source.id,
        "source_guard": str(source.guard),
        "target": target.id,
        "target_guard": str(target.guard),
        "amount": taken.amount,
        "currency": source.currency,
        "places": currencies.exponent(source.currency),
        "id": one.id,
        "operation": posting.operation,
        "asked_hash": one.asked_hash,
        "kind": posting.kind,
        "ref_kind": posting.ref and posting.ref[0],
        "ref": posting.ref and posting.ref[1],
        "reason": posting.reason and posting.reason[:400],
        "effective_at": posting.effective_at,
        "reverses": posting.reverses,
    }
    for side in one.sides:
        if side.account.guard is Guard.NONE:
            values |= {"house": side.account.id, "house_amount": side.amount}
    return values


def _arrays(ready: Sequence[Ready]) -> dict[str, Any]:
    sides = [(one.id, side) for one in ready for side in one.sides]
    running = _running([side for _, side in sides])
    accounts = {side.account.id: side.account for _, side in sides}
    owned = [key for key, account in accounts.items() if account.guard is not Guard.NONE]
    postings = [one.posting for one in ready]
    firsts = [one.sides[1] for one in ready]
    return {
        "guarded": owned,
        "house": [key for key, account in accounts.items() if account.guard is Guard.NONE],
        "legs_entry": [entry for entry, _ in sides],
        "legs_line": [side.line for _, side in sides],
        "legs_account": [side.account.id for _, side in sides],
        "legs_amount": [side.amount for _, side in sides],
        "legs_currency": [side.account.currency for _, side in sides],
        "legs_places": [currencies.exponent(side.account.currency) for _, side in sides],
        "legs_guard": [str(side.account.guard) for _, side in sides],
        "legs_delta": [delta for delta, _, _ in running],
        "legs_step": [step for _, step, _ in running],
        "legs_newest": [newest for _, _, newest in running],
        "id": [one.id for one in ready],
        "operation": [posting.operation for posting in postings],
        "asked_hash": [one.asked_hash for one in ready],
        "kind": [posting.kind for posting in postings],
        "amount": [side.amount for side in firsts],
        "currency": [side.account.currency for side in firsts],
        "ref_kind": [posting.ref and posting.ref[0] for posting in postings],
        "ref": [posting.ref and posting.ref[1] for posting in postings],
        "reason": [posting.reason and posting.reason[:400] for posting in postings],
        "effective_at": [posting.effective_at for posting in postings],
        "reverses": [posting.reverses for posting in postings],
    }


def _running(sides: Sequence[Side]) -> list[tuple[Decimal | None, int | None, bool]]:
    """Per leg: what its account has moved so far, in how many legs, and whether it is the last."""
    moved: dict[UUID, tuple[Decimal, int]] = {}
    found: list[tuple[Decimal | None, int | None, bool]] = []
    last: dict[UUID, int] = {}
    for at, side in enumerate(sides):
        if side.account.guard is Guard.NONE:
            found.append((None, None, False))
            continue
        total, steps = moved.get(side.account.id, (Decimal(0), 0))
        moved[side.account.id] = (EXACT.add(total, side.amount), steps + 1)
        found.append((*moved[side.account.id], False))
        last[side.account.id] = at
    for at in last.values():
        found[at] = (found[at][0], found[at][1], True)
    return found
