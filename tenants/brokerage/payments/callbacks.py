"""Callbacks of providers: proven over the raw bytes, kept word for word, answered at once."""

import hmac
from typing import Any, Final

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy.dialects.postgresql import insert

from brokerage.payments import providers
from brokerage.payments.connector import Event, EventKind, PaymentConnector
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import ProviderEvent
from brokerage.payments.settings import PaymentsSettings
from stoa.connectors.outcomes import Refusing
from stoa.connectors.signatures import Headers
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import NotFound, TooLarge
from stoa.product import Connection
from stoa.tenancy.work import Work
from stoa.web import access

RAW: Final = "provider_event.raw"
MOST_BYTES: Final = 64 * 1024


def key(work: Work, psp: str) -> str:
    """The part of the address that nobody guesses; the signature is what proves."""
    return work.keys.mac("hook", f"payments|{psp}")[:32]


def path(work: Work, psp: str) -> str:
    """Where a provider calls back; this is what is entered at its dashboard."""
    return f"/hooks/{psp}/{key(work, psp)}"


def connections(work: Work) -> list[Connection]:
    """Every provider, as the page of connections shows it."""
    return [
        Connection(
            label=psp.label,
            connector=psp.connector,
            secrets=providers.secrets_wanted(psp),
            hook=path(work, psp.code),
            path="/desk/psps",
        )
        for psp in work.settings(PaymentsSettings).psps
    ]


@post(
    "/hooks/{psp:str}/{given:str}",
    status_code=202,
    access=access.callback("a provider's digest over the raw body"),
)
async def told(
    request: Request[Any, Any, Any],
    work: NamedDependency[Work],
    psp: FromPath[str],
    given: FromPath[str],
) -> Response[None]:
    """Keep what came and answer; a reaction makes something of it."""
    known = work.settings(PaymentsSettings).psp(psp)
    if known is None or not hmac.compare_digest(given.encode(), key(work, psp).encode()):
        raise NotFound
    raw = await request.body()
    if len(raw) > MOST_BYTES:
        raise TooLarge("This callback is too large.")
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
    await take(work, psp, await providers.connected(work, psp), raw, headers)
    return Response(None, status_code=202)


async def take(
    work: Work, psp: str, connector: PaymentConnector, raw: bytes, headers: Headers
) -> int:
    """Store what one callback tells; returns how many of its events were new. Raises Forged."""
    new = 0
    for event in connector.parse_callback(raw, headers, work.now):
        new += await _keep(work, psp, event, raw)
    return new


async def _keep(work: Work, psp: str, event: Event, raw: bytes) -> bool:
    row = uuid7(int(work.now.timestamp() * 1000))
    acts = event.kind is not EventKind.OTHER
    made = await work.run(
        insert(ProviderEvent)
        .values(
            id=row,
            psp=psp,
            event=event.provider_event_id[:160],
            kind=str(event.kind),
            raw_kind=event.raw[:80],
            reference=event.reference[:160],
            payment=event.payment[:160],
            our_id=event.our_id[:64],
            told=str(event.state) if event.state else None,
            amount=event.money.amount if event.money else None,
            currency=event.money.currency if event.money else None,
            code=event.code[:80],
            technical=event.decline is Refusing.TECHNICAL if event.decline else None,
            stage=str(event.stage) if event.stage else None,
            raw_sealed=work.keys.seal(RAW, row, raw),
            state="taken" if acts else "ignored",
            received_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=["psp", "event"])
        .returning(ProviderEvent.id)
    )
    if made.scalar() is None:
        return False
    work.record("callback taken", psp=psp, kind=event.raw[:80], event=str(row))
    if acts:
        work.tell(CallbackTaken(event=row))
    return True
