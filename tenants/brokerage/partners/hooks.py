"""Where affiliates' servers tell us of clicks: proven over the raw bytes, counted, kept once."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.partners import announced
from brokerage.partners.model import Partner
from stoa.connectors.trouble import Forged
from stoa.kernel.refusals import Denied, Invalid, TooLarge, TooMany
from stoa.tenancy.work import Work
from stoa.web import access, limits
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]
MOST_BYTES: Final = 4_096
A_MINUTE: Final = 600
BAD_A_MINUTE: Final = 30
FROM_ONE_AN_HOUR: Final = 20
"""Clicks of one address that count for one partner in an hour."""


class Click(msgspec.Struct, forbid_unknown_fields=True):
    """`click` is the affiliate's own number; `at`, `ip` and `agent` are of the click itself."""

    click: Annotated[str, Meta(min_length=1, max_length=120)]
    campaign: Annotated[str, Meta(max_length=24)] | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    ip: Annotated[str, Meta(max_length=45)] | None = None
    agent: Annotated[str, Meta(max_length=400)] | None = None


@post(
    "/clicks/{code:str}",
    status_code=200,
    access=access.callback("a partner's HMAC over the raw body"),
)
async def clicked(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[dict[str, Any]]:
    """Keep a click. Told again, the same answer comes and nothing is added."""
    redis, seen = request.app.state.stoa.redis, visit(request)
    raw = await request.body()
    if len(raw) > MOST_BYTES:
        raise TooLarge("This call is too large.")
    partner = await work.first(select(Partner).where(Partner.code == code[:24].lower()))
    try:
        partner = _proven(request, work, partner, raw)
    except Forged as why:
        bad = f"clicks-bad:{seen.ip}"
        await limits.spend(redis, work.tenant.id, bad, most=BAD_A_MINUTE, per_s=60)
        raise Denied("This call does not prove itself. Nothing was kept.") from why
    await limits.spend(redis, work.tenant.id, f"clicks:{partner.id}", most=A_MINUTE, per_s=60)
    try:
        form = msgspec.json.decode(raw, type=Click)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as why:
        raise Invalid("{problem}. Nothing was kept.", problem=str(why)) from why
    told = announced.Told(form.click, form.at or work.now, form.campaign, form.ip, form.agent)
    kept = await announced.note(
        work, partner, told, flood=await _flood(redis, work, partner, form.ip)
    )
    url = request.app.state.stoa.config.url(seen.host, f"/r/{kept.link}")
    return Response(
        {
            "touch": str(kept.touch),
            "counted": not kept.held,
            "held": kept.held or None,
            "known": kept.known,
            "link": f"{url}?{_query(form.click)}",
        }
    )


def _proven(request: AnyRequest, work: Work, partner: Partner | None, raw: bytes) -> Partner:
    """The partner whose secret signed it. Raises Forged."""
    if partner is None or not partner.inbound:
        raise Forged("Nobody tells us of clicks here.")
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
    announced.proven(raw, headers, announced.secret_of(work, partner), work.now)
    return partner


def _query(click: str) -> str:
    return urlencode({"click_id": click})


async def _flood(redis: Any, work: Work, partner: Partner, ip: str | None) -> bool:
    """Whether an address has clicked for this partner too often lately; it is kept as a digest."""
    if ip is None:
        return False
    name = hashlib.sha256(f"{partner.id}|{ip}".encode()).hexdigest()[:32]
    try:
        await limits.spend(
            redis, work.tenant.id, f"click-of:{name}", most=FROM_ONE_AN_HOUR, per_s=3600
        )
    except TooMany:
        return True
    return False


WEB = [clicked]
