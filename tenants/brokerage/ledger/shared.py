"""What the ledger gives to the shared screens: mine, search, a client's story, the fleet.

The client's home draws its total, line and movements from `queries` itself.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from brokerage.ledger import books, hooks, kinds, lists, queries
from brokerage.ledger.accounts import WALLET
from brokerage.ledger.model import Adjustment, AdjustmentState, Entry, LedgerAccount, Leg
from brokerage.ledger.permissions import Ledger
from stoa.kernel.money import Money
from stoa.product import Card, Hit, Item
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.figures import plain_money
from stoa.theming.texts import N_

_MOST: Final = 8
_TOLD: Final = ("exchange", "internal-transfer", "adjustment", "reversal", "reward", "bonus")
"""Kinds of entries that are a moment of a client's life by themselves; others' modules tell theirs."""


@kept
def _to_approve(within: ColumnElement[bool]) -> Select[Adjustment]:
    return (
        select(Adjustment)
        .where(
            Adjustment.state == AdjustmentState.ASKED,
            Adjustment.asked_by != bindparam("reader"),
            within,
        )
        .order_by(Adjustment.id)
    )


async def mine(work: Work) -> Sequence[Card]:
    """Corrections that wait for the reader's approval."""
    if not work.actor.may(Ledger.APPROVE):
        return []
    waiting = _to_approve(hooks.within(work, Adjustment.client))
    rows, count = await work.some(waiting, _MOST, {"reader": work.actor.id})
    named = await queries.names(work, [row.client for row in rows])
    return [
        Card(
            key="adjustments",
            label=N_("Corrections to approve"),
            figure=count,
            path="/desk/ledger/adjustments?state=asked",
            items=[
                Item(
                    title=named.get(row.client, row.reference),
                    path=f"/desk/ledger/adjustments/{row.id}",
                    detail=plain_money(
                        row.amount if row.direction == "credit" else -row.amount,
                        row.currency,
                        sign=True,
                    ),
                    status="adjustment asked",
                    since=row.asked_at,
                )
                for row in rows
            ],
            order=35,
            worklist=True,
        )
    ]


async def search(work: Work, typed: str) -> Sequence[Hit]:
    """A wallet by its number, a correction by its reference."""
    hits: list[Hit] = []
    word = typed.strip().upper()
    if not word.startswith(("W-", "A-")) or not work.actor.may(Ledger.VIEW):
        return hits
    wallet = await work.first(
        select(LedgerAccount).where(
            LedgerAccount.number == word, hooks.within(work, LedgerAccount.owner)
        )
    )
    if wallet is not None and wallet.owner is not None:
        name = (await queries.names(work, [wallet.owner])).get(wallet.owner, "")
        path = f"/desk/clients/{wallet.owner}?tab=money"
        hits.append(Hit("wallet", wallet.number or word, name, path, score=95))
    if work.actor.may(Ledger.ADJUSTMENTS_VIEW):
        asked = await work.first(
            select(Adjustment).where(
                Adjustment.reference == word, hooks.within(work, Adjustment.client)
            )
        )
        if asked is not None:
            label = lists.category_label(asked.category)
            path = f"/desk/ledger/adjustments/{asked.id}"
            hits.append(Hit("adjustment", asked.reference, label, path, score=95))
    return hits


async def moments(work: Work, client: UUID) -> Sequence[Any]:
    """Exchanges, transfers to others, corrections: what no other module tells of this client."""
    if not work.actor.may(Ledger.VIEW):
        return []
    rows = await work.table(
        select(Entry, Leg.amount, Leg.currency)
        .join(Leg, Leg.entry == Entry.id)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(LedgerAccount.owner == client, LedgerAccount.kind == WALLET, Entry.kind.in_(_TOLD))
        .order_by(Leg.posted_at.desc())
        .limit(60)
    )
    told: dict[UUID, dict[str, Any]] = {}
    for entry, amount, currency in rows:
        text = plain_money(Money(amount, currency), sign=True)
        known = told.get(entry.id)
        if known is not None:
            known["text"] = f"{known['text']} · {text}"
            continue
        kind = kinds.of(entry.kind)
        told[entry.id] = {
            "at": entry.posted_at,
            "title": kind.label,
            "text": text,
            "tone": "done",
            "icon": kind.icon,
            "href": f"/desk/ledger/entries/{entry.id}",
        }
    return list(told.values())


async def pulse(work: Work) -> dict[str, Any]:
    """Client money held per currency, and what waits for a decision: figures, never a person."""
    waiting = await work.value(
        select(func.count())
        .select_from(Adjustment)
        .where(Adjustment.state == AdjustmentState.ASKED)
    )
    suspense = await work.value(
        select(func.count(func.distinct(Leg.account)))
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(LedgerAccount.kind == "suspense")
        .group_by(LedgerAccount.kind)
        .having(func.sum(Leg.amount) != 0)
    )
    return {
        "client_money": await books.held_for_clients(work),
        "adjustments_waiting": int(waiting or 0),
        "suspense_open": int(suspense or 0),
    }
