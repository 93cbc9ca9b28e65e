"""Alerts as a list, and those that nobody has taken on the first screen."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select

from brokerage.clients import queries as clients
from brokerage.risk import wordings
from brokerage.risk.model import RiskAlert
from brokerage.risk.permissions import Risk
from stoa.product import Card, Item
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming import words
from stoa.theming.texts import N_
from stoa.web import tables

_SHOWN: Final = 6


def rule_of(code: str) -> str:
    return words.label(code) if code in wordings.SIGNS else code


def value_of(house: str, row: RiskAlert, value: Decimal) -> str:
    return "–" if row.measure == "none" else wordings.said(row.measure, value, house)


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    house = work.settings(TenantFacts).base_currency
    found = [row[0] for row in rows]
    named = await clients.names(
        work, [one for row in found for one in (row.client, row.owner) if one]
    )
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/alerts/{row.id}",
            tone="stopped" if row.level == "critical" and row.state == "open" else "",
            cells=(
                row.breached_at,
                tables.Coded(f"level {row.level}", row.level),
                str(row.evidence.get("name", row.about)),
                named.get(row.client, "") if row.client else "",
                row.rule,
                tables.Coded(f"measure {row.measure}", row.measure),
                value_of(house, row, row.value),
                value_of(house, row, row.bound),
                value_of(house, row, row.worst),
                tables.Coded(f"alert {row.state}", row.state),
                named.get(row.owner, "") if row.owner else "",
                row.over_at,
            ),
        )
        for row in found
    ]


ALERTS: Final = tables.Table(
    name="risk-alerts",
    title=N_("Risk alerts"),
    columns=(
        tables.Column("at", N_("Since"), "when", sort=RiskAlert.breached_at, fixed=True),
        tables.Column("level", N_("Level"), "status", coded=True),
        tables.Column("about", N_("About"), "strong"),
        tables.Column("client", N_("Client")),
        tables.Column("rule", N_("Rule"), "word", coded=True),
        tables.Column("measure", N_("Measure"), "word", coded=True, hidden=True),
        tables.Column("value", N_("Now"), "code"),
        tables.Column("bound", N_("Limit"), "code"),
        tables.Column("worst", N_("Worst"), "code", hidden=True),
        tables.Column("state", N_("State"), "status", coded=True),
        tables.Column("owner", N_("Owner")),
        tables.Column("over", N_("Over"), "when", hidden=True),
    ),
    query=lambda work: select(RiskAlert).where(
        RiskAlert.client.is_(None) | clients.within(work, RiskAlert.client)
    ),
    view=_view,
    id=RiskAlert.id,
    order="at",
    usual={"alive": "yes"},
    filters=(
        tables.Filter(
            "alive",
            N_("Still so"),
            lambda _work, value: (
                RiskAlert.over_at.is_(None) if value == "yes" else RiskAlert.over_at.is_not(None)
            ),
            "select",
            (("yes", N_("Yes")), ("no", N_("No"))),
        ),
        tables.choice("level", N_("Level"), RiskAlert.level, wordings.LEVELS),
        tables.choice("state", N_("State"), RiskAlert.state, wordings.STATES),
        tables.Filter("rule", N_("Rule"), lambda _work, value: RiskAlert.rule == value, "text"),
        *tables.dates("at", N_("From"), N_("To"), RiskAlert.breached_at),
    ),
    export_permission=Risk.EXPORT,
    live="alerts",
    empty_title=N_("No limit is broken"),
    empty_text=N_("What goes over a limit of the settings appears here with its time and owner."),
    empty_icon="shield-check",
)


@kept
def _untaken(within: ColumnElement[bool]) -> Select[RiskAlert]:
    return (
        select(RiskAlert)
        .where(
            RiskAlert.over_at.is_(None),
            RiskAlert.state == "open",
            RiskAlert.client.is_(None) | within,
        )
        .order_by(RiskAlert.breached_at.desc())
    )


async def today(work: Work) -> list[Card]:
    """Alerts that nobody has taken."""
    if not work.actor.may(Risk.ALERTS):
        return []
    rows, count = await work.some(_untaken(clients.within(work, RiskAlert.client)), _SHOWN, {})
    if not rows:
        return []
    house = work.settings(TenantFacts).base_currency
    return [
        Card(
            "risk-alerts",
            N_("Risk alerts nobody has taken"),
            count,
            tone="stopped" if any(row.level == "critical" for row in rows) else "needs",
            path="/desk/alerts?state=open",
            items=[
                Item(
                    title=f"{row.evidence.get('name', row.about)} · \u2066{value_of(house, row, row.value)}\u2069",
                    path=f"/desk/alerts/{row.id}",
                    detail=rule_of(row.rule),
                    status="needs_you",
                    since=row.breached_at,
                    due=row.escalate_at,
                )
                for row in rows
            ],
            order=6,
            worklist=True,
        )
    ]
