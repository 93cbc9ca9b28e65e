"""Refusals to answers, in one table; internals never leave."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import structlog
from asyncpg import InterfaceError, PostgresError
from litestar import MediaType, Request
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.response import Response
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import InterfaceError as DroppedLine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from stoa.kernel.money import Money
from stoa.kernel.refusals import (
    Conflict,
    Invalid,
    ManyInvalid,
    NotFound,
    Refusal,
    TooLarge,
    TooMany,
    Unavailable,
    WrongMethod,
)
from stoa.theming import marks, texts, times
from stoa.theming.texts import N_
from stoa.web import reader
from stoa.web.open import StepUp, Unsigned
from stoa.web.visit import Visit, wants_html

log = structlog.get_logger("stoa.errors")

AnyRequest = Request[Any, Any, Any]

BROKEN = N_(
    "Something went wrong on our side. If you were moving money, open its page: it shows what "
    "truly happened. Nothing is lost. Tell support the reference below."
)


UNREACHABLE: Final = "We cannot reach our records. Nothing was changed. Try again shortly."
AWAY: Final = (DBAPIError, PoolTimeout, PostgresError, InterfaceError, OSError)
"""What a database that is away, or has no place for us, makes a query raise."""


def refused(request: AnyRequest, raised: Exception) -> Response[Any]:
    """The answer to any exception that reached the edge."""
    refusal = _wrong_method(request, raised) or _as_refusal(raised)
    seen: Visit | None = request.scope.get("state", {}).get("visit")
    reference = seen.request_id if seen else ""
    if refusal is None:
        log.error("broken", request=reference, exc_info=raised)
        return _answer(request, Refusal(BROKEN, code="broken"), 500, reference)
    if isinstance(refusal, Unsigned | StepUp):
        return _to_sign_in(request, refusal, reference)
    if refusal.status in {401, 403} or refusal.code in {"origin", "stale", "stale-page"}:
        log.warning("denied", code=refusal.code, request=reference, route=_route(request))
    return _answer(request, refusal, refusal.status, reference)


def _wrong_method(request: AnyRequest, raised: Exception) -> Refusal | None:
    """Of the API, whose addresses are published; elsewhere a wrong method is an unknown page."""
    if isinstance(raised, MethodNotAllowedException) and request.url.path.startswith("/api/"):
        return WrongMethod((raised.headers or {}).get("allow", ""))
    return None


def _route(request: AnyRequest) -> str:
    return str(request.scope.get("path_template", ""))


def _as_refusal(raised: BaseException) -> Refusal | None:
    if isinstance(raised, Refusal):
        return raised
    if isinstance(raised, BaseExceptionGroup):
        return _as_refusal(raised.exceptions[0])
    if isinstance(raised, HTTPException):
        return _http(raised)
    if isinstance(raised, IntegrityError):
        return Conflict(
            "Someone else changed this at the same moment. Nothing was changed. Reload."
        )
    if isinstance(raised, PoolTimeout):
        return Unavailable("We are busy. Nothing was changed. Try again in a moment.")
    if isinstance(raised, AWAY):
        if isinstance(raised, DBAPIError) and not raised.connection_invalidated:
            return _database(raised)
        return Unavailable(UNREACHABLE)
    return None


def _database(raised: DBAPIError) -> Refusal | None:
    state = str(getattr(raised.orig, "sqlstate", "") or "")
    if state in {"40001", "40P01", "55P03"}:
        return Conflict("Someone else is changing this right now. Nothing was changed. Try again.")
    if state in {"22021", "22P05"}:
        return Invalid(
            "There is a sign in it that cannot be kept or looked for. Nothing was changed."
        )
    if state[:2] in {"08", "57", "53"} or isinstance(raised, DroppedLine):
        return Unavailable(UNREACHABLE)
    return None


def _http(raised: HTTPException) -> Refusal:
    match raised.status_code:
        case 404 | 405:
            return NotFound()
        case 413:
            return TooLarge("This is larger than we can take.")
        case status if status >= 500:
            # Ours to mend or the network's: never a verdict on what was asked, or a provider that
            # calls back would take it as final.
            log.warning("refused by the framework", exc_info=raised)
            return Unavailable("Not available right now. Nothing was changed.")
        case _:
            return Invalid("We could not read this request. Nothing was changed.")


def sentence(refusal: Refusal, locale: str) -> str:
    """The refusal in the reader's language, its places filled as that language writes them."""
    said = texts.of(locale)
    places = {name: _told(one, said) for name, one in refusal.places.items()}
    return said.gettext(refusal.sentence).format_map(_Places(places))


def _told(place: object, said: texts.Texts) -> object:
    """Words translated, amounts with the reader's separators, moments without microseconds."""
    if isinstance(place, texts.Spoken):
        return place.spoken(said.gettext)
    if isinstance(place, Money):
        return marks.written(str(place), said.locale)
    return times.moment(place, said.locale) if isinstance(place, datetime) else place


class _Places(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def problem(request: AnyRequest, refusal: Refusal, status: int, reference: str) -> dict[str, Any]:
    """RFC 9457 body with stable `code`, the field to mend and the request's reference."""
    locale = _locale(request)
    body: dict[str, Any] = {
        "type": f"urn:problem-type:{refusal.code}",
        "title": refusal.kind.replace("-", " "),
        "status": status,
        "detail": sentence(refusal, locale),
        "code": refusal.code,
        "reference": reference,
    }
    if refusal.field:
        body["field"] = refusal.field
    if isinstance(refusal, ManyInvalid):
        body["problems"] = [
            {"field": one.field, "detail": sentence(one, locale)} for one in refusal.problems
        ]
    elif refusal.field:
        body["problems"] = [{"field": refusal.field, "detail": body["detail"]}]
    return body


def _locale(request: AnyRequest) -> str:
    seen: Visit | None = request.scope.get("state", {}).get("visit")
    return reader.locale(request, seen) if seen else "en"


def _answer(request: AnyRequest, refusal: Refusal, status: int, reference: str) -> Response[Any]:
    headers: dict[str, str] = {}
    if isinstance(refusal, TooMany):
        headers["retry-after"] = str(refusal.retry_after_s)
    if isinstance(refusal, WrongMethod):
        headers["allow"] = refusal.allow
    if status == Unavailable.status:
        headers["retry-after"] = "5"
    body = problem(request, refusal, status, reference)
    if wants_html(request) and request.headers.get("hx-request") != "true":
        from stoa.web.pages import error_page

        return Response(
            error_page(request, body),
            status_code=status,
            media_type=MediaType.HTML,
            headers=headers,
        )
    return Response(
        body, status_code=status, media_type="application/problem+json", headers=headers
    )


def _page_of(request: AnyRequest) -> str:
    """The page a form was sent from, as htmx tells it; empty when it is none of this host's."""
    told = urlsplit(request.headers.get("hx-current-url", ""))
    if told.netloc != request.headers.get("host", "") or not told.path.startswith("/"):
        return ""
    return f"{told.path}?{told.query}" if told.query else told.path


def _to_sign_in(request: AnyRequest, refusal: Refusal, reference: str) -> Response[Any]:
    audience = getattr(refusal, "audience", "room")
    prefix = {"desk": "/desk", "room": "", "control": ""}.get(audience, "")
    stage = getattr(refusal, "stage", None)
    page = (
        f"{prefix}/second-factor" if stage or isinstance(refusal, StepUp) else f"{prefix}/sign-in"
    )
    asked = request.method == "GET"
    back = reader.here(request) if asked else _page_of(request) or prefix or "/"
    target = f"{page}?next={quote(back)}"
    if request.headers.get("hx-request") == "true" or not wants_html(request):
        response = _answer(request, refusal, refusal.status, reference)
        response.headers["hx-redirect"] = target
        return response
    return Response(None, status_code=303, headers={"location": target})
