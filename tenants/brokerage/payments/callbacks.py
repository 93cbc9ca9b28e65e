"""Callbacks of providers: proven over the raw bytes, kept word for word, answered at once."""

import hmac
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from litestar import MediaType, Request, post
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from brokerage.payments import hook_paths, providers
from brokerage.payments.connector import (
    Event,
    EventKind,
    NeedsCertificate,
    PaymentConnector,
    Receipt,
    SaysMore,
)
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
)
from brokerage.payments.settings import PaymentsSettings
from stoa.connectors.outcomes import Refusing
from stoa.connectors.signatures import Headers
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, TooLarge
from stoa.product import Connection
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.open import work as one_work

RAW: Final = "provider_event.raw"
MOST_BYTES: Final = 64 * 1024
QUERY: Final = ":query"
path = hook_paths.path
opened = asynccontextmanager(one_work)
"""The unit of work as any handler gets it, to be opened more than once."""


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
    access=access.callback("a provider's digest over the raw body", own_transaction=True),
)
async def told(
    request: Request[Any, Any, Any], psp: FromPath[str], given: FromPath[str]
) -> Response[bytes]:
    """Keep what came and answer; a reaction makes something of it."""
    raw, headers = await request.body(), _headers(request)
    async with opened(request) as work:
        connector = await _connector(work, psp, given, raw)
        if not isinstance(connector, NeedsCertificate):
            return _receipt(connector, raw, work, await take(work, psp, connector, raw, headers))
    await connector.fetch_certificate(headers)
    async with opened(request) as work:
        return _receipt(connector, raw, work, await take(work, psp, connector, raw, headers))


def _headers(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The headers as they came, and the address's query under a name no header can have."""
    found = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
    return [*found, (QUERY, request.url.query)]


async def _connector(work: Work, psp: str, given: str, raw: bytes) -> PaymentConnector:
    known = work.settings(PaymentsSettings).psp(psp)
    due = hook_paths.key(work, psp)
    if known is None or not hmac.compare_digest(given.encode(), due.encode()):
        raise NotFound
    if len(raw) > MOST_BYTES:
        raise TooLarge("This callback is too large.")
    return await providers.connected(work, psp)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events were new, and whether what a CHECK asked about is expected."""

    new: int
    fine: bool


def _receipt(connector: PaymentConnector, raw: bytes, work: Work, taken: Taken) -> Response[bytes]:
    receipt = Receipt()
    if isinstance(connector, SaysMore):
        receipt = connector.receipt(raw, work.now, fine=taken.fine)
    kind = MediaType.JSON if receipt.body.startswith(b"{") else MediaType.TEXT
    return Response(
        receipt.body,
        status_code=receipt.status,
        media_type=kind,
        headers=dict(receipt.headers),
    )


async def take(
    work: Work, psp: str, connector: PaymentConnector, raw: bytes, headers: Headers
) -> Taken:
    """Store what one callback tells. Raises Forged."""
    new, fine = 0, True
    for event in connector.parse_callback(raw, headers, work.now):
        if event.kind is EventKind.CHECK:
            fine = fine and await _expected(work, psp, event)
        else:
            new += await _keep(work, psp, event, raw)
    return Taken(new, fine)


async def _expected(work: Work, psp: str, event: Event) -> bool:
    """Whether a provider may take this payment now: ours, open, and of the amount ordered."""
    row = await work.first(
        select(Deposit)
        .join(PaymentAttempt, PaymentAttempt.deposit == Deposit.id)
        .where(
            PaymentAttempt.psp == psp,
            PaymentAttempt.reference == event.reference,
            PaymentAttempt.state.in_((AttemptState.ASKING, AttemptState.OPEN)),
        )
    )
    if row is None or row.state not in {DepositState.STARTING, DepositState.WAITING}:
        return False
    return event.money == Money(row.amount, row.currency)


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
    faultpoint("callback.kept")
    work.record("callback taken", psp=psp, kind=event.raw[:80], event=str(row))
    if acts:
        work.tell(CallbackTaken(event=row))
    return True
