"""Keys of the tenant's own systems: made, seen, renewed, revoked."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.api.document import scopes
from brokerage.clients import queries as people
from stoa.identity import api_clients
from stoa.identity.api_clients import ApiAccess, ApiClient
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page
from stoa.web.state import State
from stoa.web.visit import visit
from stoa.webhooks.permissions import Webhooks

AnyRequest = Request[Any, Any, Any]

HOME: Final = "/desk/settings/api"
NOT_PUSHED: Final = {"hx-push-url": "false"}
"""A page that shows a secret is not a place to come back to."""
_DAYS: Final = (("30", N_("30 days")), ("90", N_("90 days")), ("365", N_("One year")))


class NewKey(msgspec.Struct):
    name: Annotated[str, Meta(max_length=80)]
    days: Annotated[int, Meta(ge=1, le=366)]
    scopes: list[str] = []
    allowed_ips: Annotated[str, Meta(max_length=2000)] = ""


def tabs(work: Work, here: str) -> list[dict[str, Any]]:
    """The four pages of this settings section, as far as the actor may see them."""
    items = (
        ("keys", N_("Keys"), HOME, ApiAccess.VIEW),
        ("webhooks", N_("Webhooks"), f"{HOME}/webhooks", Webhooks.VIEW),
        ("deliveries", N_("Deliveries"), f"{HOME}/deliveries", Webhooks.VIEW),
        ("events", N_("Events"), f"{HOME}/events", Webhooks.VIEW),
    )
    return [
        {"key": key, "label": label, "href": href, "active": key == here}
        for key, label, href, permission in items
        if work.actor.may(permission)
    ]


def _standing(row: ApiClient, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.ends_at <= now else "active"


@get(HOME, access=access.desk(ApiAccess.VIEW))
async def keys(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Every key with what it may, when it was last used and who answers for it."""
    rows = await api_clients.listed(work)
    names = await people.names(work, [row.owner for row in rows])
    state: State = request.app.state.stoa
    return page(
        request,
        work,
        "desk/api/keys.html",
        audience="desk",
        tabs=tabs(work, "keys"),
        keys=[
            {
                "row": row,
                "state": _standing(row, work.now),
                "owner": names.get(row.owner, ""),
                "scopes": list(row.scopes),
                "from": ", ".join(row.allowed_ips),
            }
            for row in rows
        ],
        scopes=[
            {"code": code, "about": about, "mine": work.actor.may(code)}
            for code, about in scopes().items()
        ],
        days=_DAYS,
        may_edit=work.actor.may(ApiAccess.EDIT),
        base=state.config.url(visit(request).host, ""),
    )


def _shown(
    request: AnyRequest, work: Work, row: ApiClient, secret: str, *, renewed: bool
) -> Response[str]:
    state: State = request.app.state.stoa
    return page(
        request,
        work,
        "desk/api/secret.html",
        audience="desk",
        headers=NOT_PUSHED,
        key=row,
        secret=secret,
        renewed=renewed,
        token_url=state.config.url(visit(request).host, "/api/oauth/token"),
    )


@post(HOME, access=access.desk(ApiAccess.EDIT, step_up=True), status_code=200)
async def create(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """A new key; its secret is on this answer and nowhere else."""
    form = await forms.read(request, NewKey)
    row, secret = await api_clients.create(
        work,
        name=form.name,
        scopes=form.scopes,
        days=form.days,
        allowed_ips=form.allowed_ips.replace(",", " ").split(),
        offered=scopes(),
    )
    return _shown(request, work, row, secret, renewed=False)


@post(
    HOME + "/keys/{key:uuid}/renew",
    access=access.desk(ApiAccess.EDIT, step_up=True),
    status_code=200,
)
async def renew(
    request: AnyRequest, work: NamedDependency[Work], key: FromPath[UUID]
) -> Response[str]:
    """Another secret at once; the old one is dead."""
    row, secret = await api_clients.renew(work, key)
    return _shown(request, work, row, secret, renewed=True)


@post(
    HOME + "/keys/{key:uuid}/revoke",
    access=access.desk(ApiAccess.EDIT, while_suspended=True),
)
async def revoke(
    request: AnyRequest, work: NamedDependency[Work], key: FromPath[UUID]
) -> Response[Any]:
    await api_clients.revoke(work, key)
    return go(request, HOME, notice=N_("The key opens nothing any more."))


WEB: Final = [keys, create, renew, revoke]
