"""What an open line may be: entries and waiting wires of about that amount, ranked with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.clients import queries as clients
from brokerage.ledger import accounts
from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.values import Method
from brokerage.recon import outside_lines, rules
from brokerage.recon.model import OutsideLine
from brokerage.recon.rules import Fit, Side
from brokerage.recon.settings import ReconSettings
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

MOST: Final = 8
_LOOKED: Final = 60

_NEAR: Final = text(
    """
select e.id, e.kind, e.operation, e.ref_kind, e.ref, e.posted_at, l.left_over
from entry e join lateral (
    select -sum(g.amount) - coalesce((
        select sum(m.amount) from line_match m where m.source = :source
            and m.currency = :currency and m.entry = e.id and m.state = 'live'
    ), 0) as left_over
    from leg g where g.entry = e.id and g.account = :account
) l on true
where e.id in (
        select g.entry from leg g where g.account = :account
            and g.posted_at between :since and :until
            and -g.amount between :least and :most
    )
    and l.left_over <> 0 and sign(l.left_over) = :sign
    and e.reverses is null and not exists (select from entry r where r.reverses = e.id)
order by abs(l.left_over - :amount), abs(extract(epoch from e.posted_at - :at))
limit :looked
"""
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something a line may be: an entry to match, or a wire deposit to credit."""

    what: str
    id: UUID
    title: str
    detail: str
    amount: Money
    at: datetime
    fit: Fit
    path: str
    slip: str = ""
    """Where the client's proof of the transfer is shown, where there is one."""


async def of(work: Work, row: OutsideLine) -> list[Suggestion]:
    """The best first; those below the tenant's score are left out."""
    settings = work.settings(ReconSettings)
    about = outside_lines.about(work, row)
    line = Side(
        row.amount - row.matched,
        row.at.date(),
        [about.name] if about.name else [],
        sorted(rules.references_in(row.structured, row.reference, about.text)),
    )
    found = await _entries(work, row, line, settings)
    if row.amount > 0 and row.source.startswith("bank:") and not row.matched:
        found += await _wires(work, row, line, settings)
    kept = [one for one in found if one.fit.score >= settings.least_score]
    return sorted(kept, key=lambda one: (-one.fit.score, one.at))[:MOST]


def _window(line: Side, settings: ReconSettings, at: datetime) -> dict[str, Any]:
    span = timedelta(days=max(1, settings.near_days) * 3)
    near = (line.amount * Decimal("0.95"), line.amount * Decimal("1.05"))
    return {
        "since": at - span,
        "until": at + span,
        "least": min(near),
        "most": max(near),
        "sign": 1 if line.amount > 0 else -1,
        "amount": line.amount,
        "at": at,
        "looked": _LOOKED,
    }


async def _entries(
    work: Work, row: OutsideLine, line: Side, settings: ReconSettings
) -> list[Suggestion]:
    account = accounts.house(work, row.source, row.currency)
    near = await work.table(
        _NEAR,
        {
            "source": row.source,
            "currency": row.currency,
            "account": account.id,
            **_window(line, settings, row.at),
        },
    )
    people = await _people(work, near)
    found: list[Suggestion] = []
    for one in near:
        name, shown, word = people.get(one.ref, ("", "", ""))
        side = Side(
            one.left_over, one.posted_at.date(), [name] if name else [], [word] if word else []
        )
        found.append(
            Suggestion(
                "entry",
                one.id,
                one.kind,
                " · ".join(part for part in (word, shown) if part) or one.operation[:60],
                Money(one.left_over, row.currency),
                one.posted_at,
                rules.fit(line, side, near_days=settings.near_days),
                f"/desk/ledger/entries/{one.id}",
            )
        )
    return found


async def _people(work: Work, near: Sequence[Any]) -> dict[UUID, tuple[str, str, str]]:
    """Client's name, the same as the reader may see it, and our reference behind an entry, by what
    the entry is about.
    """
    ids = [one.ref for one in near if one.ref_kind in {"deposit", "withdrawal"}]
    if not ids:
        return {}
    rows = await work.table(
        text(
            "select id, client, reference from deposit where id = any(:ids) union all "
            "select id, client, reference from withdrawal where id = any(:ids)"
        ),
        {"ids": ids},
    )
    whole, seen = await _names(work, [one.client for one in rows])
    return {
        one.id: (whole.get(one.client, ""), seen.get(one.client, ""), one.reference) for one in rows
    }


async def _names(work: Work, ids: Sequence[UUID]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Names to compare, so that all readers get the same suggestions, and names to show."""
    seen = await clients.names(work, ids)
    whole = seen if work.actor.sees_all else await clients.whole_names(work, ids)
    return whole, seen


async def _wires(
    work: Work, row: OutsideLine, line: Side, settings: ReconSettings
) -> list[Suggestion]:
    """Wire deposits still waited for, of about this amount."""
    near = _window(line, settings, row.at)
    waiting = await work.rows(
        select(Deposit)
        .where(
            Deposit.method == Method.BANK,
            Deposit.currency == row.currency,
            Deposit.state.in_((DepositState.WAITING, DepositState.EXPIRED)),
            Deposit.amount.between(near["least"], near["most"]),
            Deposit.started_at.between(near["since"], near["until"]),
        )
        .order_by(Deposit.started_at.desc())
        .limit(_LOOKED)
    )
    whole, seen = await _names(work, [one.client for one in waiting])
    return [
        Suggestion(
            "wire",
            one.id,
            "deposit",
            f"{one.reference} · {seen.get(one.client, '')}",
            Money(one.amount, one.currency),
            one.started_at,
            rules.fit(
                line,
                Side(
                    one.amount, _day(one.started_at), [whole.get(one.client, "")], [one.reference]
                ),
                near_days=settings.near_days,
            ),
            f"/desk/deposits/{one.id}",
            f"/desk/deposits/{one.id}/slip" if one.slip else "",
        )
        for one in waiting
    ]


def _day(at: datetime) -> date:
    return at.date()
