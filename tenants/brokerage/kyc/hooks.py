"""Callbacks of verification providers: verified over the raw bytes, stored, answered."""

import hmac
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import hooks as clients
from brokerage.clients.model import Client
from brokerage.kyc import (
    callbacks,
    cases,
    checks,
    connectors,
    documents,
    dossier,
    providers,
    standing,
)
from brokerage.kyc.settings import KycSettings
from stoa.connectors.keyring import secrets_of
from stoa.kernel.refusals import NotFound
from stoa.product import Connection
from stoa.tenancy.work import Work
from stoa.web import access

AnyRequest = Request[Any, Any, Any]

WITH_CALLBACKS = [one.code for one in connectors.ALL if one.capabilities.callbacks]


def key(work: Work, provider: str) -> str:
    """The part of the address that nobody guesses; the signature is what proves."""
    return work.keys.mac("hook", f"kyc|{provider}")[:32]


def path(work: Work, provider: str) -> str:
    return f"/hooks/{provider}/{key(work, provider)}"


def connections(work: Work) -> list[Connection]:
    """The verification provider in use, as the page of connections shows it."""
    settings = work.settings(KycSettings)
    if settings.provider in {"", providers.MANUAL}:
        return []
    kind = connectors.named(settings.provider)
    told = settings.connections.get(settings.provider, {})
    return [
        Connection(
            label=kind.label,
            connector=kind.code,
            secrets=secrets_of(kind.settings_type, told),
            hook=path(work, kind.code) if kind.capabilities.callbacks else None,
        )
    ]


@post(
    [f"/hooks/{code}/{{given:str}}" for code in WITH_CALLBACKS],
    status_code=202,
    access=access.callback("a provider's digest over the raw body"),
)
async def told(
    request: AnyRequest, work: NamedDependency[Work], given: FromPath[str]
) -> Response[None]:
    """Keep what came and answer at once; a job makes something of it."""
    provider = request.url.path.split("/")[2]
    if not hmac.compare_digest(given.encode(), key(work, provider).encode()):
        raise NotFound
    connector = await providers.connected(work, provider)
    raw = await request.body()
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
    for event in connector.parse_callback(raw, headers, work.now):
        await callbacks.take(work, provider, event, raw)
    return Response(None, status_code=202)


async def on_register(work: Work, client: Client, _touch: Any) -> None:
    """A new client stands in a jurisdiction from the first moment, with the reason kept."""
    standing.resolved(work, client, client.country)
    await standing.of(work, client.id)


async def own_data(work: Work, client: UUID) -> Any:
    """What a client's own download holds of their verification; never a list or an officer."""
    case = await cases.newest(work, client)
    if case is None:
        return {}
    place = await standing.of(work, client)
    shown = await checks.documents_of(work, case.id)
    return {
        "state": case.state,
        "level": place.level,
        "jurisdiction": place.pack,
        "handed_in": case.submitted_at.isoformat() if case.submitted_at else None,
        "decided": case.decided_at.isoformat() if case.decided_at else None,
        "answers": dossier.read(work, case),
        "documents": [
            {
                "kind": paper.kind,
                "paper": paper.paper,
                "country": paper.country,
                "number": documents.number_of(work, paper),
                "sent": paper.uploaded_at.isoformat(),
            }
            for paper in shown.values()
        ],
    }


clients.on_register.append(on_register)
clients.exports["verification"] = own_data
