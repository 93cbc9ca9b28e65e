"""What a visitor has told so far, kept in their own browser, sealed, until they have joined.

Nothing of someone who has not finished is stored with us. The cookie is bound to the visitor, and
looks the same whether the address turned out to be new or taken.
"""

import base64
import binascii
import hashlib
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec
from litestar import Request

from brokerage.clients.hooks import Touch
from stoa.kernel.ids import uuid7
from stoa.tenancy.work import Work
from stoa.vault.keys import KeyProblem
from stoa.web import cookies
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_PLACE: Final = "registration.draft"
_LIFE_S: Final = 86_400
_TOUCH_LIFE_S: Final = 90 * 86_400


class Draft(msgspec.Struct, kw_only=True):
    """Answers so far. `waiting` names whose code is awaited: a client's id, or nobody's."""

    country: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    birth_date: str = ""
    waiting: str = ""


def _name(request: AnyRequest, plain: str) -> str:
    return cookies.name(plain, secure=request.app.state.stoa.secure)


def _row(request: AnyRequest) -> UUID:
    """The visitor as an id, so that a draft opens in the browser it was written in."""
    visitor = visit(request).visitor or ""
    return UUID(bytes=hashlib.sha256(visitor.encode()).digest()[:16])


def read(request: AnyRequest, work: Work) -> Draft:
    """The draft of this browser; an empty one where there is none or it does not open."""
    kept = request.cookies.get(_name(request, "joining"), "")
    try:
        sealed = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
        opened = work.keys.unseal(_PLACE, _row(request), sealed) if sealed else b""
        return msgspec.json.decode(opened, type=Draft) if opened else Draft()
    except (binascii.Error, ValueError, KeyProblem, msgspec.MsgspecError):
        return Draft()


def write(request: AnyRequest, work: Work, draft: Draft) -> None:
    sealed = work.keys.seal(_PLACE, _row(request), msgspec.json.encode(draft))
    text = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    visit(request).set_cookies.append((_name(request, "joining"), text, _LIFE_S))


def forget(request: AnyRequest) -> None:
    visit(request).set_cookies.append((_name(request, "joining"), "", 0))


def touched(request: AnyRequest) -> Touch | None:
    """The last arrival by a link or advert that this browser remembers."""
    kept = dict(parse_qsl(request.cookies.get(_name(request, "touch"), "").replace("~", "&")))
    try:
        visitor = UUID(kept["v"])
    except (KeyError, ValueError):
        return None
    return Touch(
        visitor=visitor,
        code=kept.get("c", "")[:40] or None,
        source=kept.get("s", "")[:60] or None,
        medium=kept.get("m", "")[:60] or None,
        campaign=kept.get("g", "")[:120] or None,
    )


def remember(request: AnyRequest, touch: Touch) -> None:
    """A first-party cookie for 90 days; the touches themselves are kept with the partner's link."""
    parts = {
        "v": str(touch.visitor),
        "c": touch.code or "",
        "s": touch.source or "",
        "m": touch.medium or "",
        "g": touch.campaign or "",
    }
    text = urlencode({key: value for key, value in parts.items() if value}).replace("&", "~")
    visit(request).set_cookies.append((_name(request, "touch"), text, _TOUCH_LIFE_S))


def new_touch(request: AnyRequest, code: str | None, source: str | None = None) -> Touch:
    """An arrival now, of the visitor this browser already is or of a new one; `source` is the material
    that was clicked.
    """
    known = touched(request)

    def said(key: str, most: int) -> str | None:
        return str(request.query_params.get(key, "")).strip()[:most] or None

    return Touch(
        visitor=known.visitor if known else uuid7(),
        code=code,
        source=source or said("utm_source", 60) or ("partner" if code else None),
        medium=said("utm_medium", 60),
        campaign=said("utm_campaign", 120) or said("c", 120),
        landing=request.url.path[:120],
        click=said("click_id", 120) or said("clickid", 120) or said("subid", 120),
    )
