"""The list of disputes at the desk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import and_, func, literal, or_, select

from brokerage.clients import queries as clients
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.disputes.queries import OPEN
from brokerage.payments.disputes.story import STAGES
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from stoa.kernel.money import Money
from stoa.theming.texts import N_
from stoa.web import tables

_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)
_CLOCK: Final = func.coalesce(Dispute.due_at, literal(_FAR))
"""Disputes without a deadline come last where they are sorted by it."""


def late(row: Dispute, now: datetime) -> bool:
    """Whether its time to answer is over and nobody answered."""
    return row.due_at is not None and row.answered_at is None and row.due_at < now


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found = [row[0] for row in rows]
    people = {row.client for row in found} | {row.owner for row in found if row.owner}
    names = await clients.names(work, people)
    psps = work.settings(PaymentsSettings).psp_names
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/disputes/{row.id}",
            tone="stopped" if late(row, work.now) else "",
            cells=(
                row.reference,
                names.get(row.client, ""),
                Money(row.amount, row.currency),
                tables.Coded(f"dispute {row.stage}", row.stage),
                row.due_at if row.answered_at is None else None,
                names.get(row.owner, "") if row.owner else "–",
                tables.Coded(psps.get(row.psp, row.psp), row.psp),
                row.reason,
                row.case_number,
                row.opened_at,
                row.ended_at,
            ),
        )
        for row in found
    ]


def _waiting(work: Any, value: str) -> Any:
    match value:
        case "mine":
            return and_(Dispute.owner == work.actor.id, Dispute.stage.in_(OPEN))
        case "nobody":
            return and_(Dispute.owner.is_(None), Dispute.stage.in_(OPEN))
        case "late":
            return and_(Dispute.due_at < work.now, Dispute.answered_at.is_(None))
        case "second":
            return and_(Dispute.asked.is_not(None), Dispute.decided_at.is_(None))
        case _:
            return Dispute.stage.in_(OPEN)


async def _psps(work: Any) -> list[tuple[str, str]]:
    return list(work.settings(PaymentsSettings).psp_names.items())


def _search(_work: Any, typed: str) -> Any:
    wanted = typed.strip()
    return or_(Dispute.reference == wanted.upper(), Dispute.case_number == wanted)


DISPUTES: Final = tables.Table(
    name="disputes",
    title=N_("Disputes"),
    columns=(
        tables.Column("reference", N_("Reference"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("amount", N_("Amount"), "money", sort=Dispute.amount),
        tables.Column("stage", N_("Stage"), "status", coded=True, sort=Dispute.stage),
        tables.Column("due", N_("Answer by"), "when", sort=_CLOCK),
        tables.Column("owner", N_("Owner")),
        tables.Column("psp", N_("Provider"), "word", coded=True),
        tables.Column("reason", N_("Reason"), "code"),
        tables.Column("case", N_("Case number"), "code", hidden=True),
        tables.Column("opened", N_("Opened"), "when", sort=Dispute.opened_at),
        tables.Column("ended", N_("Ended"), "when", hidden=True),
    ),
    query=lambda work: select(Dispute).where(clients.within(work, Dispute.client)),
    view=_view,
    id=Dispute.id,
    order="opened",
    filters=(
        tables.Filter(
            "show",
            N_("Show"),
            _waiting,
            "select",
            (
                ("open", N_("Open")),
                ("mine", N_("Mine")),
                ("nobody", N_("Nobody's")),
                ("late", N_("Late")),
                ("second", N_("Waits for a second person")),
            ),
        ),
        tables.choice("stage", N_("Stage"), Dispute.stage, tuple(STAGES.items())),
        tables.Filter(
            "psp", N_("Provider"), lambda _work, value: Dispute.psp == value, "select", _psps
        ),
        *tables.dates("opened", N_("From"), N_("To"), Dispute.opened_at),
        *tables.amounts("amount", N_("Amount from"), N_("Amount to"), Dispute.amount),
    ),
    search=_search,
    search_label=N_("Find a reference or a case number"),
    export_permission=Payments.EXPORT,
    live="disputes",
    empty_title=N_("No disputes"),
    empty_text=N_("What a payer's bank asks about or takes back appears here by itself."),
    empty_icon="shield-check",
)
