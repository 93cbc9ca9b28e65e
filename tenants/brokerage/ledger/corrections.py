"""Corrections by hand as staff see them: asked for by one person, decided by another."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.ledger import accounts, adjustments, kinds, lists, queries, wallets
from brokerage.ledger.model import Adjustment, AdjustmentState
from brokerage.ledger.permissions import Ledger
from stoa.kernel.money import Money, parse
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

Words = Annotated[str, Meta(max_length=400)]


class Ask(msgspec.Struct):
    """A credit or debit by hand."""

    direction: Annotated[str, Meta(max_length=8)]
    currency: Annotated[str, Meta(max_length=8)]
    amount: Annotated[str, Meta(max_length=40)]
    category: Annotated[str, Meta(max_length=24)]
    reason: Words
    evidence: Words


class Undo(msgspec.Struct):
    reason: Words
    evidence: Words


class Decision(msgspec.Struct):
    reason: Words = ""


def signed(row: Adjustment) -> Money:
    """What it does to the wallet: a debit is negative."""
    money = Money(row.amount, row.currency)
    return money if row.direction == "credit" else -money


@post("/desk/clients/{client:uuid}/money/adjust", access=access.desk(Ledger.ADJUST))
async def adjust(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[Any]:
    """Ask for a correction; somebody else decides it."""
    await queries.known_client(work, client)
    form = await forms.read(request, Ask)
    row = await adjustments.ask(
        work,
        client,
        parse(form.amount, form.currency),
        direction=form.direction,
        category=form.category,
        reason=form.reason,
        evidence=form.evidence,
    )
    return go(
        request,
        f"/desk/ledger/adjustments/{row.id}",
        notice=N_("Asked. Nothing moves until somebody else approves it."),
    )


@post("/desk/ledger/entries/{entry:uuid}/reverse", access=access.desk(Ledger.ADJUST))
async def reverse(
    request: AnyRequest, work: NamedDependency[Work], entry: FromPath[UUID]
) -> Response[Any]:
    """Ask for a reversal; somebody else decides it."""
    await queries.entry_view(work, entry)
    form = await forms.read(request, Undo)
    row = await adjustments.ask_reversal(work, entry, reason=form.reason, evidence=form.evidence)
    return go(
        request,
        f"/desk/ledger/adjustments/{row.id}",
        notice=N_("Asked. Nothing moves until somebody else approves it."),
    )


@get("/desk/ledger/adjustments", access=access.desk(Ledger.ADJUSTMENTS_VIEW))
async def adjustments_list(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request, work, lists.ADJUSTMENTS, audience="desk", template="desk/ledger/adjustments.html"
    )


@get("/desk/ledger/adjustments/{adjustment:uuid}", access=access.desk(Ledger.ADJUSTMENTS_VIEW))
async def adjustment_page(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[str]:
    """A correction: what, why, by whom, and the decision."""
    row = await _reachable(work, adjustment)
    named = await queries.names(work, [row.client, row.asked_by, row.decided_by])
    wallet = accounts.client_wallet(work, row.client, row.currency)
    has = await wallets.available(work, row.client, row.currency)
    category = kinds.CATEGORIES.get(row.category)
    return page(
        request,
        work,
        "desk/ledger/adjustment.html",
        audience="desk",
        row=row,
        signed=signed(row),
        category=lists.category_label(row.category),
        house=kinds.account(category.account) if category else "",
        client_name=named.get(row.client, ""),
        asked_name=named.get(row.asked_by, ""),
        decided_name=named.get(row.decided_by, "") if row.decided_by else "",
        wallet=wallet.id,
        has=has,
        after=has + signed(row),
        waits=row.state == AdjustmentState.ASKED,
        mine=row.asked_by == work.actor.id,
        may_decide=work.actor.may(Ledger.APPROVE) and row.asked_by != work.actor.id,
    )


async def _reachable(work: Work, adjustment: UUID) -> Adjustment:
    row = await work.get(Adjustment, adjustment)
    await queries.known_client(work, row.client)
    return row


@post("/desk/ledger/adjustments/{adjustment:uuid}/approve", access=access.desk(Ledger.APPROVE))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[Any]:
    await _reachable(work, adjustment)
    form = await forms.read(request, Decision)
    await adjustments.approve(work, adjustment, form.reason or None)
    return go(request, f"/desk/ledger/adjustments/{adjustment}", notice=N_("Approved and posted."))


@post("/desk/ledger/adjustments/{adjustment:uuid}/reject", access=access.desk(Ledger.APPROVE))
async def reject(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[Any]:
    await _reachable(work, adjustment)
    form = await forms.read(request, Decision)
    if not form.reason:
        raise Invalid("Say why: who asked will read it.", field="reason")
    await adjustments.reject(work, adjustment, form.reason)
    return go(request, f"/desk/ledger/adjustments/{adjustment}", notice=N_("Rejected."))


@post("/desk/ledger/adjustments/{adjustment:uuid}/cancel", access=access.desk(Ledger.ADJUST))
async def cancel(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[Any]:
    await _reachable(work, adjustment)
    await adjustments.cancel(work, adjustment)
    return go(request, f"/desk/ledger/adjustments/{adjustment}", notice=N_("Taken back."))


WEB: Final = [
    adjust,
    reverse,
    adjustments_list,
    adjustment_page,
    approve,
    reject,
    cancel,
]
