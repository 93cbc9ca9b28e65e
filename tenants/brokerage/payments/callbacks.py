"""Callbacks of providers: proven over the raw bytes, kept word for word, answered at once."""

import hmac
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Request, post
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from brokerage.payments.connector import (
    Event,
    EventKind,
    NeedsCertificate,
    PaymentConnector,
    Receipt,
    SaysMore,
)
from brokerage.payments.disputes import noticing
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
)
from brokerage.payments.psp import hook_paths, providers
from brokerage.payments.settings import PaymentsSettings
from stoa.connectors.outcomes import Refusing
from stoa.connectors.signatures import Headers
from stoa.jobs.together import Together
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal, TooLarge
from stoa.product import Connection
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.open import work as one_work
from stoa.web.state import State
from stoa.web.visit import visit

RAW: Final = "provider_event.raw"
MOST_BYTES: Final = 64 * 1024
AT_ONCE: Final = 200
GATHER_S: Final = 0.03
"""A transaction costs as much as ten callbacks: in a burst they wait this long for one another."""
QUERY: Final = ":query"
path = hook_paths.path
opened = asynccontextmanager(one_work)
"""The unit of work as any handler gets it, to be opened more than once."""

_DESKS: Final[dict[tuple[UUID, str], Together["Letter"]]] = {}
"""By tenant and provider; only who knows the address gets one."""


def connections(work: Work) -> list[Connection]:
    """Every provider, as the page of connections shows it."""
    return [
        Connection(
            label=psp.label,
            connector=psp.connector,
            secrets=providers.secrets_wanted(psp),
            hook=path(work, psp.code),
            path=f"/desk/psps/{psp.code}/settings",
        )
        for psp in work.settings(PaymentsSettings).psps
    ]


@dataclass(slots=True, eq=False)
class Letter:
    """One callback as it came, and what it is answered in the end."""

    raw: bytes
    headers: Headers
    answer: Response[bytes] | None = None
    refused: Refusal | None = None
    fine: bool = True
    """Whether what a CHECK asked about is expected."""


@post(
    "/hooks/{psp:str}/{given:str}",
    status_code=202,
    access=access.callback("a provider's digest over the raw body", own_transaction=True),
)
async def told(
    request: Request[Any, Any, Any], psp: FromPath[str], given: FromPath[str]
) -> Response[bytes]:
    """Keep what came and answer; a reaction makes something of it."""
    state: State = request.app.state.stoa
    tenant = visit(request).tenant
    if tenant is None:
        raise NotFound
    due = hook_paths.key_of(state.door.keys(tenant), psp)
    if not hmac.compare_digest(given.encode(), due.encode()):
        raise NotFound
    letter = Letter(await request.body(), _headers(request))
    if len(letter.raw) > MOST_BYTES:
        raise TooLarge("This callback is too large.")
    desk = _DESKS.setdefault((tenant.id, psp), Together(AT_ONCE, gather_s=GATHER_S))
    await desk.hand_in(letter, lambda letters: _take_all(request, psp, letters))
    if letter.refused is not None:
        raise letter.refused
    assert letter.answer is not None  # noqa: S101 - one of the two is there
    return letter.answer


def _headers(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The headers as they came, and the address's query under a name no header can have."""
    found = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
    return [*found, (QUERY, request.url.query)]


async def _take_all(request: Request[Any, Any, Any], psp: str, letters: Sequence[Letter]) -> None:
    """What came at the same time, in one transaction."""
    async with opened(request) as work:
        connector = await _connector(work, psp)
        if not isinstance(connector, NeedsCertificate):
            await take(work, psp, connector, letters)
            return
    for letter in letters:
        try:
            await connector.fetch_certificate(letter.headers)
        except Refusal as why:
            letter.refused = why
    async with opened(request) as work:
        await take(work, psp, connector, [one for one in letters if one.refused is None])


async def _connector(work: Work, psp: str) -> PaymentConnector:
    if work.settings(PaymentsSettings).psp(psp) is None:
        raise NotFound
    return await providers.connected(work, psp)


async def take(
    work: Work, psp: str, connector: PaymentConnector, letters: Sequence[Letter]
) -> None:
    """Store what these callbacks tell and write each its answer, or that it is refused."""
    rows: list[dict[str, Any]] = []
    for letter in letters:
        try:
            events = connector.parse_callback(letter.raw, letter.headers, work.now)
        except Refusal as why:
            letter.refused = why
            continue
        for event in events:
            if event.kind is EventKind.CHECK:
                letter.fine = letter.fine and await _expected(work, psp, event)
            else:
                rows.append(_row(work, psp, event, letter.raw))
        letter.answer = _receipt(connector, letter, work)
    await _keep(work, rows)


def _receipt(connector: PaymentConnector, letter: Letter, work: Work) -> Response[bytes]:
    receipt = Receipt()
    if isinstance(connector, SaysMore):
        receipt = connector.receipt(letter.raw, work.now, fine=letter.fine)
    kind = MediaType.JSON if receipt.body.startswith(b"{") else MediaType.TEXT
    return Response(
        receipt.body,
        status_code=receipt.status,
        media_type=kind,
        headers=dict(receipt.headers),
    )


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


def _row(work: Work, psp: str, event: Event, raw: bytes) -> dict[str, Any]:
    row = work.new_id()
    acts = event.kind is not EventKind.OTHER
    return {
        "id": row,
        "psp": psp,
        "event": event.provider_event_id[:160],
        "kind": str(event.kind),
        "raw_kind": event.raw[:80],
        "reference": event.reference[:160],
        "payment": event.payment[:160],
        "our_id": event.our_id[:64],
        "told": str(event.state) if event.state else None,
        "amount": event.money.amount if event.money else None,
        "currency": event.money.currency if event.money else None,
        "code": event.code[:80],
        "technical": event.decline is Refusing.TECHNICAL if event.decline else None,
        "stage": str(event.stage) if event.stage else None,
        "dispute": noticing.kept(event) if event.kind is EventKind.DISPUTE else None,
        "raw_sealed": work.keys.seal(RAW, row, raw),
        "state": "taken" if acts else "ignored",
        "received_at": work.now,
    }


async def listed(work: Work, psp: str, events: Sequence[Event]) -> None:
    """Store what a provider listed when it was asked, as if it had told it by itself."""
    rows = [
        _row(work, psp, one, msgspec.json.encode({"listed": one.reference, "as": one.raw}))
        for one in events
    ]
    await _keep(work, rows)


async def _keep(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Those that are new; (provider, its event id) is unique for ever, so a copy stops here."""
    if not rows:
        return
    made = await work.run(
        insert(ProviderEvent.__table__)  # type: ignore[arg-type]
        .on_conflict_do_nothing(index_elements=["psp", "event"])
        .returning(ProviderEvent.__table__.c.id),
        list(rows),
    )
    fresh = set(made.scalars())
    if fresh:
        faultpoint("callback.kept")
    for row in rows:
        if row["id"] in fresh:
            work.record(
                "callback taken", psp=row["psp"], kind=row["raw_kind"], event=str(row["id"])
            )
            if row["state"] == "taken":
                work.tell(CallbackTaken(event=row["id"]))
