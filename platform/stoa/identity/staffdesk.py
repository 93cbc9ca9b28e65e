"""The desk's pages for staff: the list, inviting, and one person."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup
from msgspec import Meta
from sqlalchemy import ColumnElement, Select, exists, false, func, select

from stoa.identity import factors, invitations, people, roles, sso, staff
from stoa.identity.model import Person, Role, StaffRole, Standing
from stoa.identity.permissions import Identity
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming import statuses
from stoa.theming.look import shown
from stoa.theming.statuses import Status, Tone
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/desk/settings/staff"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
statuses.learn(
    {
        "disabled": Status(N_("Stopped"), Tone.STOPPED, icon="ban"),
        "factor on": Status(N_("On"), Tone.DONE, icon="shield-check"),
        "factor missing": Status(N_("Not yet"), Tone.WAITING, icon="shield"),
    }
)
STATES: Final = (
    (Standing.ACTIVE, N_("Active")),
    (Standing.INVITED, N_("Invited")),
    (Standing.DISABLED, N_("Stopped")),
)


class Invitation(msgspec.Struct, kw_only=True):
    email: Annotated[str, Meta(max_length=254)]
    name: Annotated[str, Meta(max_length=120)] = ""
    team: Annotated[str, Meta(max_length=60)] = ""
    locale: Annotated[str, Meta(max_length=8)] = "en"
    roles: list[UUID] = []


class Assignment(msgspec.Struct, kw_only=True):
    team: Annotated[str, Meta(max_length=60)] = ""
    roles: list[UUID] = []


def query(_work: Work) -> Select[Any]:
    found: Any = select(Person).where(Person.kind == "staff")
    return found  # type: ignore[no-any-return]


def _found(work: Work, typed: str) -> ColumnElement[bool]:
    """By the whole address; names are sealed, and a staff of dozens is read by eye."""
    return Person.email_blind == work.blind(people.EMAIL, typed)


def _with_role(_work: Work, value: str) -> ColumnElement[bool]:
    try:
        wanted = UUID(value)
    except ValueError:
        return false()
    return exists().where(StaffRole.person == Person.id, StaffRole.role == wanted)


async def _role_options(work: Work) -> Sequence[tuple[str, str]]:
    rows = await work.rows(select(Role).order_by(Role.name))
    return [(str(row.id), row.name) for row in rows]


async def _team_options(work: Work) -> Sequence[tuple[str, str]]:
    return [(team, team) for team in await staff.teams(work)]


async def view(work: Work, rows: Sequence[Any]) -> Sequence[tables.Shown]:
    held = await staff.grants(work, [row[0].id for row in rows])
    return [_shown(work, row[0], held.get(row[0].id)) for row in rows]


def _shown(work: Work, person: Person, grant: staff.Grant | None) -> tables.Shown:
    email, name = people.email_of(work, person), people.name_of(work, person)
    return tables.Shown(
        key=str(person.id),
        href=f"{HERE}/{person.id}",
        cells=[
            {"name": name, "note": email if email != name else ""},
            _Roles(grant.roles if grant else ()),
            person.team or "",
            person.state,
            "factor on" if factors.has(person) else "factor missing",
            person.last_seen_at,
        ],
    )


class _Roles(tuple[str, ...]):
    """Roles of one person: those every tenant starts with in the reader's language."""

    __slots__ = ()

    def __html__(self) -> Markup:
        say = shown().texts.gettext
        return Markup("{}").format(", ".join(say(one) for one in self))


TABLE: Final = tables.Table(
    name="staff",
    title=N_("Staff"),
    columns=(
        tables.Column("person", N_("Person"), "person", beside=N_("E-mail"), fixed=True),
        tables.Column("roles", N_("Roles")),
        tables.Column("team", N_("Team"), sort=func.coalesce(Person.team, "")),
        tables.Column("state", N_("State"), "status", coded=True, sort=Person.state),
        tables.Column("factor", N_("Second factor"), "status"),
        tables.Column(
            "seen", N_("Last seen"), "when", sort=func.coalesce(Person.last_seen_at, _NEVER)
        ),
    ),
    query=query,
    view=view,
    id=Person.id,
    order="seen",
    filters=(
        tables.choice("state", N_("State"), Person.state, STATES),
        tables.Filter("role", N_("Role"), _with_role, options=_role_options),
        tables.choice("team", N_("Team"), Person.team, _team_options),
    ),
    search=_found,
    search_label=N_("E-mail address"),
    export_permission=Identity.STAFF_VIEW,
    empty_title=N_("Nobody fits"),
    empty_text=N_("Members of staff who are invited or active are listed here."),
    empty_icon="users",
)


@get(HERE, access=access.desk(Identity.STAFF_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        TABLE,
        template="desk/identity/staff.html",
        may_invite=work.actor.may(Identity.STAFF_INVITE),
    )


async def _choices(work: Work, held: set[UUID]) -> list[dict[str, Any]]:
    """Every role, with those the reader cannot give marked as such."""
    rows = await work.rows(select(Role).order_by(Role.built_in.desc(), Role.name))
    return [
        {
            "id": str(row.id),
            "name": row.name,
            "scope": row.scope,
            "count": len(row.permissions),
            "held": row.id in held,
            "open": all(work.actor.may(one) for one in row.permissions)
            and roles.SCOPES.index(row.scope) <= roles.SCOPES.index(work.actor.scope),
        }
        for row in rows
    ]


@get(f"{HERE}/invite", access=access.desk(Identity.STAFF_INVITE))
async def inviting(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return page(
        request,
        work,
        "desk/identity/invite.html",
        audience="desk",
        choices=await _choices(work, set()),
        teams=await staff.teams(work),
        hours=invitations.HOURS,
    )


@post(f"{HERE}/invite", access=access.desk(Identity.STAFF_INVITE))
async def invite(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Invitation)
    chosen = await roles.by_ids(work, form.roles)
    person = await invitations.invite(
        work,
        form.email,
        [role.name for role in chosen],
        form.name or None,
        locale=form.locale,
        team=form.team or None,
    )
    return go(request, f"{HERE}/{person.id}", notice=N_("The invitation is on its way."))


@get(f"{HERE}/{{person:uuid}}", access=access.desk(Identity.STAFF_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], person: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Person, person)
    if row.kind != "staff":
        raise NotFound
    held = await roles.held_by(work, row.id)
    waiting = (await invitations.pending(work)).get(row.id) if row.state == "invited" else None
    by = await people.names(work, {h.granted_by for h in held if h.granted_by})
    names = {role.id: role.name for role in await roles.by_ids(work, [h.role for h in held])}
    return page(
        request,
        work,
        "desk/identity/person.html",
        audience="desk",
        here=f"{HERE}/{row.id}",
        name=people.name_of(work, row),
        email=people.email_of(work, row),
        state=row.state,
        team=row.team or "",
        teams=await staff.teams(work),
        protected=factors.has(row),
        has_password=row.password_sealed is not None,
        linked=row.id in await sso.linked(work, {row.id}),
        seen_at=row.last_seen_at,
        since=row.created_at,
        choices=await _choices(work, {h.role for h in held}),
        granted=[
            {"name": names[h.role], "at": h.granted_at, "by": by.get(h.granted_by or row.id, "")}
            for h in held
        ],
        invited_until=waiting.ends_at if waiting is not None else None,
        may_edit=work.actor.may(Identity.STAFF_EDIT) and row.id != work.actor.id,
        may_invite=work.actor.may(Identity.STAFF_INVITE),
        oneself=row.id == work.actor.id,
    )


@post(f"{HERE}/{{person:uuid}}/roles", access=access.desk(Identity.STAFF_EDIT))
async def assign(
    request: AnyRequest, work: NamedDependency[Work], person: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Assignment)
    await staff.assign(work, person, form.roles, team=form.team)
    return go(request, f"{HERE}/{person}", notice=N_("Saved. They sign in again with it."))


@post(f"{HERE}/{{person:uuid}}/stop", access=access.desk(Identity.STAFF_EDIT))
async def stop(
    request: AnyRequest, work: NamedDependency[Work], person: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    work.reason = form.reason
    await staff.disable(work, person)
    return go(request, f"{HERE}/{person}", notice=N_("Stopped and signed out everywhere."))


@post(f"{HERE}/{{person:uuid}}/restore", access=access.desk(Identity.STAFF_EDIT))
async def restore(
    request: AnyRequest, work: NamedDependency[Work], person: FromPath[UUID]
) -> Response[None]:
    await staff.enable(work, person)
    return go(request, f"{HERE}/{person}", notice=N_("Back in."))


@post(f"{HERE}/{{person:uuid}}/second-factor/reset", access=access.desk(Identity.STAFF_EDIT))
async def reset_factor(
    request: AnyRequest, work: NamedDependency[Work], person: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    work.reason = form.reason
    await staff.reset_factor(work, person)
    return go(
        request, f"{HERE}/{person}", notice=N_("They set up a new app when they sign in next.")
    )


@post(f"{HERE}/{{person:uuid}}/invite", access=access.desk(Identity.STAFF_INVITE))
async def invite_again(
    request: AnyRequest, work: NamedDependency[Work], person: FromPath[UUID]
) -> Response[None]:
    await staff.invite_again(work, person)
    return go(request, f"{HERE}/{person}", notice=N_("A fresh invitation is on its way."))


class Reason(msgspec.Struct):
    reason: Annotated[str, Meta(min_length=3, max_length=400)]


WEB: Final = [
    listed,
    inviting,
    invite,
    one,
    assign,
    stop,
    restore,
    reset_factor,
    invite_again,
]
