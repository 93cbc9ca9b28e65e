"""Breaks: what the proof found is kept, owned, explained and resolved; nothing is written off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.recon import proving, words
from brokerage.recon.events import BreaksOpened
from brokerage.recon.model import BankAccount, Break, BreakState
from brokerage.recon.permissions import Recon
from brokerage.recon.proving import Item
from stoa.identity import roles
from stoa.kernel.ids import reference
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices import notices
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

STEP: Final = 1_000


async def settle(work: Work, items: Sequence[Item]) -> int:
    """Open what is new, follow amounts that moved, close what is there no more; how many opened.

    A break that closes by itself is one whose difference is gone: both sides agree again.
    """
    known = {row.key: row for row in await work.rows(
        select(Break).where(Break.state != BreakState.RESOLVED)
    )}  # fmt: skip
    entities = {row.source: row.entity for row in await work.rows(select(BankAccount))}
    ours = work.settings(TenantFacts).legal_entity or work.tenant.name
    seen = {item.key: item for item in items}
    fresh = [_row(work, item, entities.get(item.source, ours))
             for key, item in seen.items() if key not in known]  # fmt: skip
    for at in range(0, len(fresh), STEP):
        await work.run(insert(Break).values(fresh[at : at + STEP]).on_conflict_do_nothing())
    for key, row in known.items():
        item = seen.get(key)
        if item is None:
            continue
        if row.amount != item.amount:
            row.notes = [*row.notes, _note(work, N_("The amount changed from {was}"),
                                           was=str(row.amount.normalize()))]  # fmt: skip
            row.amount = item.amount
            if row.state == BreakState.EXPLAINED:
                row.move(BreakState.OPEN)
    gone = [row.id for key, row in known.items() if key not in seen]
    if gone:
        await work.run(
            update(Break)
            .where(Break.id.in_(gone))
            .values(state=BreakState.RESOLVED, outcome="cleared", ended_at=work.now)
            .execution_options(synchronize_session=False)
        )
        work.record("recon.breaks-cleared", count=len(gone))
    if fresh:
        work.record("recon.breaks-opened", count=len(fresh))
    return len(fresh)


def _row(work: Work, item: Item, entity: str) -> dict[str, Any]:
    return {
        "id": work.new_id(),
        "reference": reference("B"),
        "key": item.key,
        "side": item.side,
        "source": item.source,
        "kind": item.kind,
        "entity": entity,
        "amount": item.amount,
        "currency": item.currency,
        "line": item.line,
        "entry": item.entry,
        "account": item.account,
        "happened_at": item.at,
        "opened_at": work.now,
        "notes": [],
        "state": BreakState.OPEN,
    }


def _note(work: Work, text: str, **places: str) -> dict[str, Any]:
    return {
        "at": work.now.isoformat(),
        "by": str(work.actor.id) if work.actor.id else None,
        "text": text,
        "places": places,
    }


async def tell(work: Work, opened: int) -> None:
    """A line to everyone who works on breaks, who has not looked yet is told the sum."""
    if not opened:
        return
    work.tell(BreaksOpened(count=opened))
    await notices.tell_all(
        work,
        await roles.holders(work, Recon.BREAKS),
        N_("{count} new differences between books and evidence"),
        path="/desk/recon/breaks?state=open",
        adding="count",
        count=opened,
    )


async def assign(work: Work, broken: UUID, owner: UUID | None) -> Break:
    """Whose it is from now on; nobody's with None. Raises Denied for who may not work on it."""
    row = await _opened(work, broken)
    if owner is not None and owner not in set(await roles.holders(work, Recon.BREAKS)):
        raise Denied("This person does not work on differences. Nothing was changed.")
    row.owner = owner
    work.announce("desk|recon")
    return row


async def note(work: Work, broken: UUID, said: str) -> Break:
    row = await _opened(work, broken)
    row.notes = [*row.notes, _note(work, _said(said))]
    work.announce("desk|recon")
    return row


async def explain(work: Work, broken: UUID, reason: str, said: str) -> Break:
    """Why it is there, in a code and in words. The difference itself stays and is still shown."""
    row = await _opened(work, broken)
    row.reason = _reason(reason)
    row.notes = [*row.notes, _note(work, _said(said))]
    row.owner = row.owner or work.actor.id
    if row.state == BreakState.OPEN:
        row.move(BreakState.EXPLAINED)
    work.announce("desk|recon")
    return row


async def settled(work: Work, broken: UUID) -> bool:
    """Whether a break's difference is gone, looked at now; then it is resolved."""
    row = await _opened(work, broken)
    found = await proving.look(work)
    if any(item.key == row.key for item in found.items):
        raise Conflict(
            "The difference is still there. Match it, book it or correct it; explaining keeps it "
            "in sight. Nothing was changed."
        )
    row.move(BreakState.RESOLVED)
    row.outcome, row.ended_at, row.ended_by = "cleared", work.now, work.actor.id
    work.announce("desk|recon")
    return True


async def _opened(work: Work, broken: UUID) -> Break:
    work.require(Recon.BREAKS)
    row = await work.lock(Break, broken)
    if row.state == BreakState.RESOLVED:
        raise Conflict("This difference is resolved already. Nothing was changed.")
    return row


def _reason(code: str) -> str:
    if code not in words.REASONS:
        raise Invalid("Choose one of the offered values.", field="reason")
    return code


def _said(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) < 3:
        raise Invalid("Please write what you found out.", field="note")
    return plain[:400]


def age_days(row: Break, now: datetime) -> int:
    return max(0, (now - row.happened_at).days)
