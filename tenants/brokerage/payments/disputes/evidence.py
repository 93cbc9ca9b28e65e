"""What the product holds that shows whose payment it was; for the payer's bank, so in English.

    told = await gather(work, dispute)        all of it, as plain text
    await downloaded(work, dispute, made)     who took it, and which bytes

Nothing here is asked of anybody: it is read from what was written as things happened.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients.model import ClientAgreement
from brokerage.clients.queries import Brief
from brokerage.kyc.model import KycCase, KycCheck
from brokerage.ledger.accounts import WALLET
from brokerage.ledger.model import Entry, LedgerAccount, Leg
from brokerage.payments import hooks
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.disputes.story import STAGES, TITLES, tell
from brokerage.payments.model import (
    Deposit,
    PaymentAttempt,
    PayoutAttempt,
    ProviderEvent,
    Withdrawal,
)
from brokerage.payments.permissions import Payments
from stoa.identity.model import Session
from stoa.kernel.money import Money
from stoa.notices.model import Message
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand

MOST: Final = 1_000
_SIGNED_IN: Final = timedelta(days=90)
"""How far before the payment sign-ins are told; after it all of them are, up to MOST."""
Rows = list[list[str]]


async def gather(work: Work, dispute: UUID) -> dict[str, Any]:
    """Everything, as plain text in sections. Raises NotFound for who may not see the client."""
    work.require(Payments.EVIDENCE)
    row = await work.get(Dispute, dispute)
    await clients.seen(work, row.client)
    brief = await clients.brief(work, row.client)
    deposit = await work.get(Deposit, row.deposit)
    since = deposit.ended_at or deposit.started_at
    brand, facts = work.settings(Brand), work.settings(TenantFacts)
    sections = [
        _section("client", "Who the client is", ["What", "As it is kept"], _client(brief)),
        await _agreements(work, row.client),
        await _verification(work, row.client),
        await _sign_ins(work, row.client, deposit.started_at),
        await _payment(work, deposit),
        await _answers(work, deposit),
        await _wallet(work, row.client, since),
        await _paid_back(work, row.client, since),
    ]
    for more in hooks.evidence:
        sections += [
            _section(name, one["title"], one["columns"], one["rows"], one.get("lead", ""))
            for name, one in (await more(work, row.client, since)).items()
        ]
    sections += [await _letters(work, row.client, deposit.started_at), _case(row)]
    return {
        "title": "Evidence about a disputed payment",
        "reference": row.reference,
        "brand": brand.name,
        "accent": brand.accent,
        "entity": facts.legal_entity or brand.name,
        "facts": [
            ["Case of the provider", row.case_number],
            ["Provider", row.psp],
            ["Disputed", _money(row.amount, row.currency)],
            ["Reason given", row.reason or "none"],
            ["Payment", f"{deposit.reference}, {_money(deposit.amount, deposit.currency)}"],
            ["Paid", _at(deposit.ended_at)],
            ["Client", f"{brief.name}, {brief.reference}"],
            ["Times are in", "UTC"],
        ],
        "sections": sections,
    }


async def downloaded(work: Work, dispute: UUID, made: bytes) -> None:
    """Keep who took the evidence, and the digest of what they got."""
    work.require(Payments.EVIDENCE)
    row = await work.lock(Dispute, dispute)
    work.subject = row.client
    tell(work, row, "evidence")
    work.record(
        "evidence downloaded",
        dispute=str(row.id),
        bytes=len(made),
        sha256=hashlib.sha256(made).hexdigest(),
    )


def _section(
    name: str, title: str, columns: Sequence[str], rows: Rows, lead: str = ""
) -> dict[str, Any]:
    return {"name": name, "title": title, "lead": lead, "columns": list(columns), "rows": rows}


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment is not None else "never"


def _money(amount: Decimal, currency: str) -> str:
    return f"{Money(amount, currency).rounded().text()} {currency}"


def _client(brief: Brief) -> Rows:
    return [
        ["Name", brief.name],
        ["E-mail address", brief.email],
        ["E-mail address proven", _at(brief.email_verified_at)],
        ["Telephone", brief.phone or "none"],
        ["Date of birth", brief.birth_date or "none"],
        ["Address", brief.address or "none"],
        ["Country", brief.country],
        ["Registered", _at(brief.registered_at)],
        ["Level of verification", brief.level],
    ]


async def _agreements(work: Work, client: UUID) -> dict[str, Any]:
    rows = await work.rows(
        select(ClientAgreement)
        .where(ClientAgreement.client == client)
        .order_by(ClientAgreement.accepted_at, ClientAgreement.document)
        .limit(MOST)
    )
    return _section(
        "agreements",
        "What the client agreed to",
        ["Accepted", "Document", "Version", "Language"],
        [[_at(one.accepted_at), one.document, one.version, one.language] for one in rows],
    )


async def _verification(work: Work, client: UUID) -> dict[str, Any]:
    """Decisions and outcomes; the papers themselves stay where they are."""
    rows = await work.table(
        select(KycCase.state, KycCheck)
        .join(KycCheck, KycCheck.case == KycCase.id)
        .where(KycCase.client == client)
        .order_by(KycCheck.at, KycCheck.code)
        .limit(MOST)
    )
    return _section(
        "verification",
        "How the client was verified",
        ["When", "Check", "Outcome", "Decided by", "Because"],
        [
            [
                _at(one.at),
                one.code,
                one.outcome,
                "an officer" if one.by else one.source,
                one.because,
            ]
            for _state, one in rows
        ],
    )


async def _sign_ins(work: Work, client: UUID, paid: datetime) -> dict[str, Any]:
    rows = await work.rows(
        select(Session)
        .where(Session.person == client, Session.started_at > paid - _SIGNED_IN)
        .order_by(Session.started_at)
        .limit(MOST)
    )
    return _section(
        "sign-ins",
        "Sign-ins around and after the payment",
        ["Signed in", "Last seen", "Address", "Device", "Second factor"],
        [
            [
                _at(one.started_at),
                _at(one.seen_at),
                one.ip or "unknown",
                one.device or "unknown",
                _at(one.second_factor_at),
            ]
            for one in rows
        ],
    )


async def _payment(work: Work, deposit: Deposit) -> dict[str, Any]:
    told = deposit.instrument or {}
    facts = [
        ["Ordered", _at(deposit.started_at)],
        ["Amount", _money(deposit.amount, deposit.currency)],
        ["Method", deposit.method],
        ["Credited", _at(deposit.ended_at)],
        ["Paid with", f"{told.get('brand', '')} {told.get('last4', '')}".strip() or "not told"],
        ["Country of the card", told.get("country", "not told")],
        ["3-D Secure", told.get("three_ds", "not told by the provider")],
    ]
    for one in await work.rows(
        select(PaymentAttempt)
        .where(PaymentAttempt.deposit == deposit.id)
        .order_by(PaymentAttempt.number)
    ):
        route = f"rule {one.decision.get('rule', '')} “{one.decision.get('route', '')}”"
        facts += [
            [f"Attempt {one.number}", f"{one.psp}, {one.state}, {route}"],
            [f"Attempt {one.number}, asked", _at(one.asked_at)],
            [f"Attempt {one.number}, reference", one.reference or "none"],
            [f"Attempt {one.number}, payment", one.payment or "not told"],
        ]
    return _section("payment", "The payment", ["What", "As it was"], facts)


async def _answers(work: Work, deposit: Deposit) -> dict[str, Any]:
    rows = await work.rows(
        select(ProviderEvent)
        .where(ProviderEvent.deposit == deposit.id)
        .order_by(ProviderEvent.id)
        .limit(MOST)
    )
    return _section(
        "provider",
        "What the provider told",
        ["Received", "Event", "Tells", "Amount", "Event id"],
        [
            [
                _at(one.received_at),
                one.raw_kind,
                one.stage or one.told or "",
                _money(one.amount, one.currency) if one.amount and one.currency else "",
                one.event,
            ]
            for one in rows
        ],
        "Each of these carried the provider's proof over its raw bytes.",
    )


async def _wallet(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
    rows = await work.table(
        select(Leg.posted_at, Entry.kind, Leg.amount, Leg.balance, Leg.currency)
        .join(Entry, Entry.id == Leg.entry)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(
            LedgerAccount.owner == client,
            LedgerAccount.kind == WALLET,
            Leg.posted_at >= since,
        )
        .order_by(Leg.posted_at, Leg.version)
        .limit(MOST)
    )
    return _section(
        "wallet",
        "What was done with the money",
        ["When", "What", "Amount", "Balance after"],
        [
            [
                _at(one.posted_at),
                one.kind,
                _money(one.amount, one.currency),
                _money(one.balance, one.currency),
            ]
            for one in rows
        ],
    )


async def _paid_back(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
    rows = await work.table(
        select(PayoutAttempt, Withdrawal.reference)
        .join(Withdrawal, Withdrawal.id == PayoutAttempt.withdrawal)
        .where(
            Withdrawal.client == client,
            Withdrawal.asked_at >= since,
            PayoutAttempt.state == "paid",
        )
        .order_by(PayoutAttempt.sent_at)
        .limit(MOST)
    )
    return _section(
        "paid-out",
        "What was paid out to the client since",
        ["Sent", "Withdrawal", "Way", "Amount", "Provider reference"],
        [
            [
                _at(one.sent_at),
                reference,
                "back to the source" if one.way == "refund" else one.method,
                _money(one.amount, one.currency),
                one.reference or "",
            ]
            for one, reference in rows
        ],
    )


async def _letters(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
    rows = await work.rows(
        select(Message)
        .where(Message.person == client, Message.queued_at >= since - timedelta(days=1))
        .order_by(Message.queued_at)
        .limit(MOST)
    )
    return _section(
        "letters",
        "Letters sent to the client",
        ["Queued", "Letter", "Language", "State", "Mail server's id"],
        [
            [_at(one.queued_at), one.template, one.locale, one.state, one.provider_id or ""]
            for one in rows
        ],
    )


def _case(row: Dispute) -> dict[str, Any]:
    """What became of the dispute, without what staff wrote to one another."""
    told = [one for one in row.story if one["what"] in {*STAGES, "answered", "returned"}]
    return _section(
        "dispute",
        "The dispute so far",
        ["When", "What"],
        [
            [
                _at(datetime.fromisoformat(one["at"])),
                TITLES[one["what"]][0].format_map(one["places"]),
            ]
            for one in told
        ],
    )
