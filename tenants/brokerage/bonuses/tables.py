"""The list of bonuses at the desk."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from brokerage.bonuses.model import Grant
from brokerage.bonuses.permissions import Bonuses
from brokerage.clients import queries as clients
from stoa.kernel.money import Money
from stoa.theming.texts import N_
from stoa.web import tables

STATES = (
    ("chosen", N_("Waits for a deposit")),
    ("active", N_("Active")),
    ("released", N_("Earned")),
    ("lost", N_("Lost")),
    ("expired", N_("Lapsed")),
    ("revoked", N_("Taken back")),
    ("reversed", N_("Undone with its deposit")),
    ("refused", N_("Refused")),
)


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found = [row[0] for row in rows]
    names = await clients.names(work, [row.client for row in found])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/bonuses/grants/{row.id}",
            cells=(
                row.reference,
                names.get(row.client, ""),
                row.title,
                tables.Coded(f"bonus {row.state}", row.state),
                _money(row, "amount"),
                _money(row, "released"),
                _money(row, "burnt"),
                f"{row.done_lots:.2f} / {row.need_lots:.2f}",
                row.granted_at,
                row.expires_at,
                row.made_at,
            ),
        )
        for row in found
    ]


def _money(row: Grant, name: str) -> Money | None:
    return Money(getattr(row, name), row.currency) if row.currency else None


GRANTS = tables.Table(
    name="bonuses",
    title=N_("Bonuses"),
    page_size=25,
    columns=(
        tables.Column("reference", N_("Reference"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("campaign", N_("Campaign")),
        tables.Column("state", N_("State"), "status", coded=True, sort=Grant.state),
        tables.Column("amount", N_("Amount"), "money", sort=Grant.amount),
        tables.Column("released", N_("Earned"), "money"),
        tables.Column("burnt", N_("Lost"), "money"),
        tables.Column("lots", N_("Lots")),
        tables.Column("granted", N_("Credited"), "when"),
        tables.Column("expires", N_("Lapses"), "when", sort=Grant.expires_at, hidden=True),
        tables.Column("made", N_("Made"), "when", sort=Grant.made_at, hidden=True),
    ),
    query=lambda work: select(Grant).where(clients.within(work, Grant.client)),
    view=_view,
    id=Grant.id,
    order="made",
    filters=(
        tables.choice("state", N_("State"), Grant.state, STATES),
        *tables.dates("made", N_("From"), N_("To"), Grant.made_at),
        *tables.amounts("amount", N_("Amount from"), N_("Amount to"), Grant.amount),
    ),
    search=lambda _work, typed: Grant.reference == typed.strip().upper(),
    search_label=N_("Find a reference"),
    export_permission=Bonuses.EXPORT,
    live="bonuses",
    empty_title=N_("No bonuses yet"),
    empty_text=N_("They appear here as clients take an offer or a deposit brings one."),
    empty_icon="gift",
)
