"""An endpoint is a typed function; its route, its checks and its place in the document follow.

    @reads("/clients/{client}", Clients.VIEW, "Clients")
    async def one(work: Work, client: UUID) -> ClientView: ...

    @changes("/clients", Clients.EDIT, "Clients", status=201)
    async def create(work: Work, asked: NewClient) -> ClientView: ...

`asked` is the body, `wanted` the query, ids are named by the path. A change owes an
Idempotency-Key; whatever was answered to a key is answered again.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_type_hints
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from brokerage.api import guard, once
from stoa.kernel.refusals import Invalid, Refusal
from stoa.tenancy.work import Work
from stoa.web import access

AnyRequest = Request[Any, Any, Any]
Run = Callable[..., Awaitable[Any]]
R = TypeVar("R", bound=Run)

PREFIX: Final = "/api/v1"
_FIELD: Final = re.compile(r"`\$\.([^`]+)`|unknown field `([^`]+)`|required field `([^`]+)`")
_JSON: Final = "application/json"


class NotJson(Refusal):
    """A body of another kind than the API reads."""

    status = 415
    kind = "not-json"


@dataclass(frozen=True, slots=True)
class Offer:
    """One endpoint, as the router and the document both read it."""

    method: str
    path: str
    permission: str
    tag: str
    status: int
    run: Run
    ids: tuple[str, ...]
    query: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None
    answer: Any

    @property
    def name(self) -> str:
        return f"{self.run.__module__.rsplit('.', 1)[-1]}-{self.run.__name__}".replace("_", "-")

    @property
    def summary(self) -> str:
        return inspect.getdoc(self.run).partition("\n")[0]  # type: ignore[union-attr] # pyright: ignore[reportOptionalMemberAccess]

    @property
    def about(self) -> str:
        return inspect.getdoc(self.run).partition("\n")[2].strip()  # type: ignore[union-attr] # pyright: ignore[reportOptionalMemberAccess]

    @property
    def changes(self) -> bool:
        return self.method == "POST"


OFFERS: Final[list[Offer]] = []
"""Every endpoint of the process, in the order of their declaration."""


def reads(path: str, permission: str, tag: str) -> Callable[[R], R]:
    """Declare a GET."""
    return lambda run: _declare("GET", path, permission, tag, 200, run)


def changes(path: str, permission: str, tag: str, *, status: int = 200) -> Callable[[R], R]:
    """Declare a POST that changes something."""
    return lambda run: _declare("POST", path, permission, tag, status, run)


def _declare(method: str, path: str, permission: str, tag: str, status: int, run: R) -> R:
    hints = get_type_hints(run, include_extras=True)
    ids = tuple(re.findall(r"{(\w+)}", path))
    wrong = [name for name in ids if hints.get(name) is not UUID]
    if wrong or not inspect.getdoc(run):
        raise TypeError(f"{path}: ids are UUID parameters and an endpoint says what it does")
    OFFERS.append(
        Offer(
            method=method,
            path=path,
            permission=str(permission),
            tag=tag,
            status=status,
            run=run,
            ids=ids,
            query=hints.get("wanted"),
            body=hints.get("asked"),
            answer=hints["return"],
        )
    )
    return run


def handler(offer: Offer) -> HTTPRouteHandler:
    """The route of an endpoint."""

    async def answer(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
        return await _answer(offer, request, work)

    path = PREFIX + re.sub(r"{(\w+)}", r"{\1:uuid}", offer.path)
    declare = post if offer.method == "POST" else get
    return declare(
        path,
        name=f"api-{offer.name}",
        access=access.api(offer.permission),
        exception_handlers={Exception: guard.refused},
        status_code=offer.status,
    )(answer)


async def _answer(offer: Offer, request: AnyRequest, work: Work) -> Response[str]:
    given: dict[str, Any] = {name: request.path_params[name] for name in offer.ids}
    if offer.query is not None:
        given["wanted"] = _query(request, offer.query)
    elif request.query_params:
        raise Invalid("This call takes no query.", field=next(iter(request.query_params)))
    if not offer.changes:
        return _reply(request, offer.status, _encoded(await offer.run(work, **given)))

    key = once.key_of(request.headers)
    if offer.body is not None:
        given["asked"] = await _body(request, offer.body)

    async def run() -> tuple[int, str]:
        return offer.status, _encoded(await offer.run(work, **given))

    asked = [offer.method, request.url.path, msgspec.to_builtins(given.get("asked"))]
    answered = await once.answered(work, key, asked, run)
    if answered.replayed:
        await guard.give_back(request, work)
    return _reply(request, answered.status, answered.body, replayed=answered.replayed)


def _encoded(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()


def _reply(request: AnyRequest, status: int, body: str, *, replayed: bool = False) -> Response[str]:
    headers = guard.headers(request)
    if replayed:
        headers["idempotent-replay"] = "true"
    return Response(body, status_code=status, media_type=_JSON, headers=headers)


def _query(request: AnyRequest, kind: type[msgspec.Struct]) -> msgspec.Struct:
    pairs = list(request.query_params.multi_items())
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Invalid("Each part of a query is given once.", field="query")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as why:
        raise _worded(str(why)) from why


async def _body(request: AnyRequest, kind: type[msgspec.Struct]) -> msgspec.Struct:
    if request.content_type[0] != _JSON:
        raise NotJson("Send the body as application/json. Nothing was changed.")
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as why:
        raise _worded(str(why)) from why
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise Refusal(
            "The body is not well-formed JSON. Nothing was changed.", code="malformed-json"
        ) from why


def _worded(fault: str) -> Invalid:
    """What the decoder found, with the field's name where it tells one."""
    found = _FIELD.search(fault)
    field = next((group for group in found.groups() if group), None) if found else None
    said = fault.partition(" - at ")[0]
    return Invalid("{problem}. Nothing was changed.", field=field, problem=said)
