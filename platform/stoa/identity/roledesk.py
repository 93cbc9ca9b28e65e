"""The desk's pages for roles: who may what, as one table, and each role by itself."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import func, select

from stoa.identity import matrix, roles
from stoa.identity.model import Person, Role, StaffRole
from stoa.identity.permissions import Identity
from stoa.product import Product
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/desk/settings/roles"


class RoleForm(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(max_length=60)] = ""
    scope: Literal["own", "team", "all"]
    permissions: list[Annotated[str, Meta(max_length=80)]] = []


def _product(request: AnyRequest) -> Product:
    product: Product = request.app.state.stoa.product
    return product


async def _counts(work: Work) -> dict[UUID, int]:
    rows = await work.table(
        select(StaffRole.role, func.count())
        .join(Person, Person.id == StaffRole.person)
        .where(Person.state != "disabled")
        .group_by(StaffRole.role)
    )
    return {role: int(count) for role, count in rows}


@get(HERE, access=access.desk(Identity.ROLES_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    rows = await work.rows(select(Role).order_by(Role.built_in.desc(), Role.name))
    counts = await _counts(work)
    return page(
        request,
        work,
        "desk/identity/roles.html",
        audience="desk",
        roles=[
            {
                "id": str(row.id),
                "name": row.name,
                "scope": row.scope,
                "built_in": row.built_in,
                "owner": row.name == roles.OWNER,
                "people": counts.get(row.id, 0),
                "permissions": frozenset(row.permissions),
            }
            for row in rows
        ],
        groups=matrix.groups(_product(request)),
        may_edit=work.actor.may(Identity.ROLES_EDIT),
    )


@get(f"{HERE}/new", access=access.desk(Identity.ROLES_EDIT))
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _form(request, work, None)


@get(f"{HERE}/{{role:uuid}}", access=access.desk(Identity.ROLES_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], role: FromPath[UUID]
) -> Response[str]:
    return await _form(request, work, await work.get(Role, role))


async def _form(request: AnyRequest, work: Work, row: Role | None) -> Response[str]:
    mine = {code for code in roles.grantable(_product(request)) if work.actor.may(code)}
    return page(
        request,
        work,
        "desk/identity/role.html",
        audience="desk",
        action=f"{HERE}/{row.id}" if row else f"{HERE}/new",
        name=row.name if row else "",
        scope=row.scope if row else "all",
        held=frozenset(row.permissions) if row else frozenset[str](),
        mine=mine,
        built_in=row.built_in if row else False,
        owner=row is not None and row.name == roles.OWNER,
        people=(await _counts(work)).get(row.id, 0) if row else 0,
        fresh=row is None,
        scopes=[
            one
            for one in roles.SCOPES
            if roles.SCOPES.index(one) <= roles.SCOPES.index(work.actor.scope)
        ],
        groups=matrix.groups(_product(request)),
        may_edit=work.actor.may(Identity.ROLES_EDIT),
    )


@post(f"{HERE}/new", access=access.desk(Identity.ROLES_EDIT))
async def make(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    return await _save(request, work, None)


@post(f"{HERE}/{{role:uuid}}", access=access.desk(Identity.ROLES_EDIT))
async def save(
    request: AnyRequest, work: NamedDependency[Work], role: FromPath[UUID]
) -> Response[None]:
    return await _save(request, work, role)


async def _save(request: AnyRequest, work: Work, role: UUID | None) -> Response[None]:
    form = await forms.read(request, RoleForm)
    await roles.edit(
        work,
        role,
        name=form.name,
        scope=form.scope,
        permissions=form.permissions,
        product=_product(request),
    )
    return go(request, HERE, notice=N_("Saved. Whoever has this role signs in again."))


@post(f"{HERE}/{{role:uuid}}/remove", access=access.desk(Identity.ROLES_EDIT))
async def remove(
    request: AnyRequest, work: NamedDependency[Work], role: FromPath[UUID]
) -> Response[None]:
    await roles.remove(work, role)
    return go(request, HERE, notice=N_("The role is gone."))


WEB: Final = [listed, new, one, make, save, remove]
