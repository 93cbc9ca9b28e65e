"""Light or dark, and the language: kept in the browser, and with the person where one is signed in."""

from typing import Any, Final, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from stoa.identity import sessions
from stoa.identity.model import Operator, Person
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import PlatformWork, Work
from stoa.theming.texts import LANGUAGES
from stoa.web import access, forms
from stoa.web.open import recognise, refuse_forgery
from stoa.web.pages import go, safe_next
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_YEAR_S: Final = 365 * 86_400
_WHY: Final = "how a page looks is the visitor's own choice"


class Mode(msgspec.Struct):
    mode: Literal["light", "dark", "auto"]


class Language(msgspec.Struct):
    language: Literal["en", "es", "ar"]
    next: str = ""


def _keep(request: AnyRequest, name: str, value: str) -> None:
    visit(request).set_cookies.append((name, value, _YEAR_S))


async def _person(request: AnyRequest, work: Work) -> Person | None:
    """Whoever is signed in at either side; the page's forgery token is then their session's."""
    seen, asked = visit(request), request.headers.get("x-csrftoken", "")
    if not asked:
        asked = str((await request.form()).get("_csrf_token", ""))
    visitors = seen.csrf
    for audience in ("desk", "room"):
        if await recognise(request, work, audience) and seen.csrf == asked:
            return seen.person
    seen.csrf = visitors
    await refuse_forgery(request, seen)
    return None


async def _checked(request: AnyRequest, work: Work) -> Person | None:
    person = await _person(request, work)
    if person is not None:
        await refuse_forgery(request, visit(request))
    return person


def _tenant_of(request: AnyRequest) -> Any:
    tenant = visit(request).tenant
    if tenant is None:
        raise NotFound
    return tenant


@post("/look/mode", access=access.public(_WHY, own_transaction=True))
async def mode(request: AnyRequest) -> Response[None]:
    """The page has changed already; this only remembers."""
    state: State = request.app.state.stoa
    form = await forms.read(request, Mode)
    async with state.door.open(_tenant_of(request), purpose="POST /look/mode") as work:
        person = await _checked(request, work)
        if person is not None and person.mode != form.mode:
            person.mode = form.mode
    _keep(request, "mode", form.mode)
    return Response(None, status_code=204)


@post("/look/language", access=access.public(_WHY, own_transaction=True))
async def language(request: AnyRequest) -> Response[None]:
    """For the pages and for the letters to come."""
    state: State = request.app.state.stoa
    form = await forms.read(request, Language)
    async with state.door.open(_tenant_of(request), purpose="POST /look/language") as work:
        person = await _checked(request, work)
        if person is not None and person.locale != form.language:
            person.locale = form.language
    _keep(request, "language", form.language)
    return go(request, form.next or "/")


@get("/look/language/{code:str}", access=access.public(_WHY, own_transaction=True))
async def speak(request: AnyRequest, code: FromPath[str]) -> Response[None]:
    """This browser's language from now on; nothing of ours changes by looking."""
    return _spoken(request, code)


def _spoken(request: AnyRequest, code: str) -> Response[None]:
    if code not in LANGUAGES:
        raise NotFound
    _keep(request, "language", code)
    return go(request, safe_next(request, "/"))


async def _operator(request: AnyRequest, work: PlatformWork) -> Operator | None:
    """Who is signed in at the control plane, having proven the page to be ours."""
    seen = visit(request)
    state: State = request.app.state.stoa
    bearer = request.cookies.get(state.cookie("control"))
    found = await sessions.operator_of(work, bearer) if bearer else None
    if bearer is not None and found is not None:
        seen.csrf = state.control_mac("csrf", bearer)
        work.actor = found[0]
    await refuse_forgery(request, seen)
    return found[2] if found is not None else None


@post("/look/mode", access=access.public(_WHY, own_transaction=True))
async def operator_mode(request: AnyRequest) -> Response[None]:
    state: State = request.app.state.stoa
    form = await forms.read(request, Mode)
    async with state.door.platform(purpose="POST /look/mode") as work:
        operator = await _operator(request, work)
        if operator is not None and operator.mode != form.mode:
            operator.mode = form.mode
    _keep(request, "mode", form.mode)
    return Response(None, status_code=204)


@post("/look/language", access=access.public(_WHY, own_transaction=True))
async def operator_language(request: AnyRequest) -> Response[None]:
    state: State = request.app.state.stoa
    form = await forms.read(request, Language)
    async with state.door.platform(purpose="POST /look/language") as work:
        operator = await _operator(request, work)
        if operator is not None and operator.locale != form.language:
            operator.locale = form.language
    _keep(request, "language", form.language)
    return go(request, form.next or "/")


@get("/look/language/{code:str}", access=access.public(_WHY, own_transaction=True))
async def operator_speak(request: AnyRequest, code: FromPath[str]) -> Response[None]:
    return _spoken(request, code)


TENANT: Final = [mode, language, speak]
CONTROL: Final = [operator_mode, operator_language, operator_speak]
