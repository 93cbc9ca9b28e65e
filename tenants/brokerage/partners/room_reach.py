"""The portal's tree, links with what they brought, invitations of partners below, and postbacks."""

import io
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import segno
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.partners import announced, campaigns, postbacks, queries
from brokerage.partners.model import Partner, PartnerLink
from brokerage.partners.permissions import Partners
from brokerage.partners.room import mine
from brokerage.partners.settings import PartnerSettings
from stoa.connectors.outside import outside
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page
from stoa.webhooks import endpoints
from stoa.webhooks.model import WebhookDelivery

AnyRequest = Request[Any, Any, Any]


class Campaign(msgspec.Struct):
    name: Annotated[str, Meta(max_length=60)]


class Invitation(msgspec.Struct):
    name: Annotated[str, Meta(max_length=60)]
    rate: Decimal
    kind: Annotated[str, Meta(max_length=20)] = "per-lot"


class Callback(msgspec.Struct):
    url: Annotated[str, Meta(max_length=1000)]
    events: list[str] = []
    always: bool = False


@get("/partner/tree", access=access.room(Partners.OWN))
async def tree(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The partner's own tree, or a part of it by `at`; what is not below them is not found."""
    row = await mine(work)
    top = row.id
    at = str(request.query_params.get("at", "")).lower()[:24]
    if at:
        found = await work.first(select(Partner.id).where(Partner.code == at))
        if found is None:
            raise NotFound
        top = found
    return page(
        request,
        work,
        "partner/tree.html",
        audience="partner",
        partner=row,
        whole=top == row.id,
        tree=await queries.tree(work, top, within=row.id),
        invitations=[
            _shown(request, one)
            for one in await campaigns.brought(work, row.id)
            if one.rates is not None
        ],
        kinds=_kinds(work, row),
    )


def _kinds(work: Work, row: Partner) -> list[dict[str, Any]]:
    """Rates the partner may agree on with those below, each with what they have themself."""
    plan = work.settings(PartnerSettings).plan(row.plan)
    found: dict[str, dict[str, Any]] = {}
    for rule in plan.rewards:
        own = rule.percent if rule.rate is None else rule.rate.amount
        stated = Decimal(str(row.rates.get(rule.kind, own)))
        if rule.kind not in found or stated > found[rule.kind]["most"]:
            found[rule.kind] = {"kind": rule.kind, "most": stated, "percent": rule.rate is None}
    return list(found.values())


def _shown(request: AnyRequest, one: campaigns.Brought) -> dict[str, Any]:
    return {"row": one, "url": _url(request, one.code)}


def _url(request: AnyRequest, code: str) -> str:
    url: str = request.app.state.stoa.config.url(request.scope["state"]["visit"].host, f"/r/{code}")
    return url


@get("/partner/links/{code:str}/qr.svg", access=access.room(Partners.OWN))
async def qr(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[bytes]:
    """A link of the partner's own as a code to print. Raises NotFound."""
    row = await mine(work)
    link = await work.session.get(PartnerLink, code[:24])
    if link is None or link.partner != row.id:
        raise NotFound
    out = io.BytesIO()
    segno.make(_url(request, link.code), error="m").save(out, kind="svg", scale=8, border=4)
    return Response(
        out.getvalue(),
        media_type="image/svg+xml",
        headers={"content-disposition": f'attachment; filename="{link.code}.svg"'},
    )


@get("/partner/links", access=access.room(Partners.OWN))
async def links(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    row = await mine(work)
    rows = [one for one in await campaigns.brought(work, row.id) if one.rates is None]
    clicks, registered, deposited = campaigns.conversion(rows)
    return page(
        request,
        work,
        "partner/links.html",
        audience="partner",
        partner=row,
        links=[_shown(request, one) for one in rows],
        clicks=clicks,
        registered=registered,
        deposited=deposited,
    )


@post("/partner/links", access=access.room(Partners.OWN))
async def add_link(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Campaign)
    row = await mine(work)
    await campaigns.add(work, row.id, form.name)
    return go(request, "/partner/links", notice=N_("The link is ready."))


@post("/partner/invitations", access=access.room(Partners.OWN))
async def invite(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Invitation)
    row = await mine(work)
    await campaigns.add(work, row.id, form.name, rates={form.kind: format(form.rate, "f")})
    return go(request, "/partner/tree", notice=N_("The invitation is ready: send its link."))


@post("/partner/links/{code:str}/end", access=access.room(Partners.OWN))
async def end_link(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    row = await mine(work)
    link = await campaigns.end(work, row.id, code[:24])
    back = "/partner/links" if link.rates is None else "/partner/tree"
    return go(request, back, notice=N_("Ended. What it brought stays yours."))


@get("/partner/postbacks", access=access.room(Partners.OWN))
async def calls(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _calls(request, work)


async def _calls(
    request: AnyRequest, work: Work, secret: str | None = None, inbound: str | None = None
) -> Response[str]:
    row = await mine(work)
    to = await endpoints.of_owner(work, row.id)
    log = (
        await work.rows(
            select(WebhookDelivery)
            .where(WebhookDelivery.endpoint == to.id)
            .order_by(WebhookDelivery.id.desc())
            .limit(25)
        )
        if to is not None
        else []
    )
    return page(
        request,
        work,
        "partner/postbacks.html",
        audience="partner",
        to=to,
        log=log,
        events=list(postbacks.EVENTS.items()),
        event_words=postbacks.EVENTS,
        places=postbacks.PLACES,
        secret=secret,
        partner=row,
        inbound=inbound,
        told=_url(request, row.code).replace("/r/", "/clicks/"),
        clicks=[
            {"label": announced.HELD.get(held, ""), "count": count}
            for held, count in await announced.counted(work, row.id)
        ],
    )


@post("/partner/postbacks", access=access.room(Partners.OWN))
async def save_calls(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Callback)
    await mine(work)
    url = await postbacks.checked(outside().egress.gate, form.url)
    _, secret = await postbacks.save(work, url=url, events=form.events, always=form.always)
    if secret is not None:
        return await _calls(request, work, secret)
    return go(request, "/partner/postbacks", notice=N_("Saved."))


@post("/partner/postbacks/remove", access=access.room(Partners.OWN))
async def remove_calls(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    await postbacks.remove(work)
    return go(request, "/partner/postbacks", notice=N_("Removed. Nothing is called any more."))


@post("/partner/postbacks/secret", access=access.room(Partners.OWN))
async def new_secret(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Shown this once; the one before is good for nothing any more."""
    return await _calls(request, work, inbound=await announced.new_secret(work))


WEB = [tree, qr, links, add_link, invite, end_link, calls, save_calls, remove_calls, new_secret]
