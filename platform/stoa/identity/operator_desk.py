"""The operator's people in the hands of those who manage them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import func, select

from stoa.identity import carried as carry_for
from stoa.identity import factors, operators
from stoa.identity.grants import EVERYTHING
from stoa.identity.model import Operator, OperatorSession, Standing
from stoa.identity.operator_page import carried, carry, state
from stoa.identity.permissions import Control
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import PlatformWork as Work
from stoa.theming.rights import line
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/operators"
FIRST: Final = "first"
LINES: Final = [line(code) for code in EVERYTHING]
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NewOperator(msgspec.Struct, kw_only=True):
    email: Annotated[str, Meta(max_length=254)]
    name: Annotated[str, Meta(max_length=120)]
    permissions: list[Annotated[str, Meta(max_length=80)]] = []


class Changes(msgspec.Struct, kw_only=True):
    permissions: list[Annotated[str, Meta(max_length=80)]] = []
    stopped: bool
    reason: Annotated[str, Meta(min_length=3, max_length=400)]


async def view(_work: Any, rows: Any) -> list[tables.Shown]:
    return [
        tables.Shown(
            key=str(one.id),
            href=f"{HERE}/{one.id}",
            cells=[
                {"name": one.name, "note": one.email},
                one.state,
                "factor on" if factors.has(one) else "factor missing",
                len(one.permissions),
                one.last_seen_at,
            ],
        )
        for (one, *_) in rows
    ]


TABLE: Final = tables.Table(
    name="operators",
    title=N_("Operators"),
    columns=(
        tables.Column(
            "person", N_("Person"), "person", beside=N_("E-mail"), sort=Operator.name, fixed=True
        ),
        tables.Column("state", N_("State"), "status", coded=True, sort=Operator.state),
        tables.Column("factor", N_("Second factor"), "status"),
        tables.Column("permissions", N_("Permissions"), "num"),
        tables.Column(
            "seen", N_("Last seen"), "when", sort=func.coalesce(Operator.last_seen_at, _NEVER)
        ),
    ),
    query=lambda _work: select(Operator),
    view=view,
    id=Operator.id,
    order="person",
    descending=False,
    empty_title=N_("Nobody yet"),
)


@get(HERE, access=access.control(Control.OPERATORS_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        TABLE,
        audience="control",
        template="control/identity/operators.html",
        may_edit=work.actor.may(Control.OPERATORS_EDIT),
    )


@get(f"{HERE}/new", access=access.control(Control.OPERATORS_EDIT))
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return page(
        request,
        work,
        "control/identity/operator_new.html",
        audience="control",
        lines=LINES,
        mine=work.actor.permissions,
    )


@post(f"{HERE}/new", access=access.control(Control.OPERATORS_EDIT, step_up=True))
async def make(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """The first password is shown once, to be handed over; it is changed like any other."""
    form = await forms.read(request, NewOperator)
    row, first = await operators.create(
        work,
        state(request).door.master,
        email=form.email,
        name=form.name,
        permissions=form.permissions,
    )
    carry(request, FIRST, await _session(work), [str(row.id), first])
    return go(request, f"{HERE}/{row.id}")


async def _session(work: Work) -> OperatorSession:
    if work.actor.session is None:
        raise NotFound
    return await work.get(OperatorSession, work.actor.session)


@get(f"{HERE}/{{operator:uuid}}", access=access.control(Control.OPERATORS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], operator: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Operator, operator)
    told = carried(request, FIRST, await _session(work), list[str]) or []
    fresh = told[1] if len(told) == 2 and told[0] == str(row.id) else ""
    if fresh:
        carry_for.drop(request, FIRST)
    return page(
        request,
        work,
        "control/identity/operator.html",
        audience="control",
        here=f"{HERE}/{row.id}",
        name=row.name,
        email=row.email,
        state=row.state,
        stopped=row.state == Standing.DISABLED,
        protected=factors.has(row),
        seen_at=row.last_seen_at,
        since=row.created_at,
        first_password=fresh,
        lines=LINES,
        held=frozenset(row.permissions),
        mine=work.actor.permissions,
        may_edit=work.actor.may(Control.OPERATORS_EDIT) and row.id != work.actor.id,
    )


@post(f"{HERE}/{{operator:uuid}}", access=access.control(Control.OPERATORS_EDIT, step_up=True))
async def change(
    request: AnyRequest, work: NamedDependency[Work], operator: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Changes)
    work.reason = form.reason
    await operators.change(work, operator, permissions=form.permissions, stopped=form.stopped)
    return go(request, f"{HERE}/{operator}", notice=N_("Saved. They sign in again with it."))


@post(
    f"{HERE}/{{operator:uuid}}/second-factor/reset",
    access=access.control(Control.OPERATORS_EDIT, step_up=True),
)
async def reset_factor(
    request: AnyRequest, work: NamedDependency[Work], operator: FromPath[UUID]
) -> Response[None]:
    await operators.reset_factor(work, operator)
    return go(
        request, f"{HERE}/{operator}", notice=N_("They set up a new app when they sign in next.")
    )


WEB: Final = [listed, new, make, one, change, reset_factor]
