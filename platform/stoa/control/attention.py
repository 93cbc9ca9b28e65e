"""What needs the operator's eye, said once: the list is sorted by it, and shows it as the reason."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    String,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    text,
)

from stoa.tenancy import migrations
from stoa.tenancy.model import Meter, Provision, Pulse, SchemaSlot, Tenant, TenantState
from stoa.theming.texts import N_

QUIET_AFTER_S: Final = 60
_BODY: Final = "coalesce(platform.pulse.body, '{}')"
_HEAD: Final = bindparam("head", callable_=lambda: migrations.head("tenants"), type_=String)


def _number(key: str) -> ColumnElement[Any]:
    return literal_column(f"coalesce(cast({_BODY} ->> '{key}' as integer), 0)", Integer)


def _listed(key: str) -> ColumnElement[Any]:
    return literal_column(
        f"jsonb_array_length(coalesce(nullif({_BODY} -> '{key}', 'null'), '[]'))", Integer
    )


def _lanes(key: str) -> ColumnElement[Any]:
    """The most that any lane says of it."""
    return literal_column(
        f"(select coalesce(max(cast(lane.value ->> '{key}' as integer)), 0)"  # noqa: S608 - ours
        f" from jsonb_each(coalesce(nullif({_BODY} -> 'lanes', 'null'), '{{}}')) lane)",
        Integer,
    )


LAG_S: Final = _lanes("lag_s")
FAILING: Final = _listed("failing_connectors")
CLIENTS: Final = _number("clients")
WITHDRAWALS: Final = _number("open_withdrawals")
TO_DECIDE: Final = _number("kyc_to_decide")
HELD: Final = literal_column(
    "(select coalesce(max(cast(held.value as numeric)), 0) from jsonb_each_text("  # noqa: S608
    f"coalesce(nullif({_BODY} -> 'client_money', 'null'), '{{}}')) held)",
    Numeric,
)
"""The figure that is shown: that of the largest currency."""
LOTS: Final = (
    select(func.coalesce(func.sum(Meter.amount), 0))
    .where(
        Meter.tenant == Tenant.id,
        Meter.name == "lots",
        Meter.day >= literal_column("to_char(now() - interval '29 days', 'YYYY-MM-DD')", String),
    )
    .correlate(Tenant)
    .scalar_subquery()
)
REVISION: Final = func.coalesce(SchemaSlot.revision, "")
PULSE_AT: Final = func.coalesce(
    Pulse.at, literal_column("timestamptz '1970-01-01 00:00Z'", DateTime(timezone=True))
)
_RUNNING: Final = Tenant.state == TenantState.ACTIVE
_QUIET: Final = func.coalesce(
    Pulse.at < func.now() - text(f"interval '{QUIET_AFTER_S} seconds'"),
    True,
)
_STUCK: Final = exists().where(
    Provision.tenant == Tenant.id, Provision.state != "done", Provision.error.is_not(None)
)
REASONS: Final[tuple[tuple[str, str, ColumnElement[bool]], ...]] = (
    (N_("migration failed"), "stopped", SchemaSlot.error.is_not(None)),
    (N_("provisioning failed"), "stopped", _STUCK),
    (N_("no pulse"), "stopped", _RUNNING & _QUIET),
    (N_("connector failing"), "stopped", FAILING > 0),
    (N_("sweep failing"), "stopped", _listed("failing_sweeps") > 0),
    (N_("dead letters"), "stopped", _lanes("dead") > 0),
    (N_("queue is late"), "stopped", LAG_S > QUIET_AFTER_S),
    (N_("schema is behind"), "needs", func.coalesce(SchemaSlot.revision != _HEAD, False)),
    (N_("suspended"), "needs", Tenant.state == TenantState.SUSPENDED),
)
"""The most urgent first: what to say, how it looks, and when it is so."""
NEED: Final = (
    func.lpad(
        cast(case(*((when, n) for n, (_, _, when) in enumerate(REASONS)), else_=99), String),
        2,
        "0",
    )
    + " "
    + func.lower(Tenant.name)
)
"""Sorts by the most urgent reason, then by name."""


def query() -> Any:
    """Every sub-broker with what its worker last reported, and whether each reason holds."""
    return (
        select(
            Tenant.id,
            Tenant.slug,
            Tenant.name,
            Tenant.state,
            SchemaSlot.revision,
            Pulse.body,
            Pulse.at.label("pulse_at"),
            *(when.label(f"why_{n}") for n, (_, _, when) in enumerate(REASONS)),
        )
        .outerjoin(SchemaSlot, SchemaSlot.name == Tenant.schema)
        .outerjoin(Pulse, Pulse.tenant == Tenant.id)
    )


def of(row: Any) -> list[tuple[str, str]]:
    """What a row of `query` needs eyes for, as message and tone, the most urgent first."""
    return [(said, tone) for n, (said, tone, _) in enumerate(REASONS) if getattr(row, f"why_{n}")]
