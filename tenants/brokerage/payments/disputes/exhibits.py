"""The exhibits of the evidence: each a section of plain text rows, in English, times in UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.model import ClientAgreement
from brokerage.clients.queries import Brief
from brokerage.kyc.model import KycCase, KycCheck
from brokerage.ledger.accounts import WALLET
from brokerage.ledger.model import Entry, LedgerAccount, Leg
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.disputes.story import STAGES, TITLES
from brokerage.payments.model import (
    Deposit,
    PaymentAttempt,
    PayoutAttempt,
    ProviderEvent,
    Withdrawal,
)
from stoa.identity.model import Session
from stoa.kernel.money import Money
from stoa.notices.model import Message
from stoa.tenancy.work import Work

MOST: Final = 1_000
_SIGNED_IN: Final = timedelta(days=90)
"""How far before the payment sign-ins are told; after it all of them are, up to MOST."""
Rows = list[list[str]]


def section(
    name: str, title: str, columns: Sequence[str], rows: Rows, lead: str = ""
) -> dict[str, Any]:
    return {"name": name, "title": title, "lead": lead, "columns": list(columns), "rows": rows}


def at(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment is not None else "never"


def money(amount: Decimal, currency: str) -> str:
    return f"{Money(amount, currency).rounded().text()} {currency}"


def client(brief: Brief) -> Rows:
    return [
        ["Name", brief.name],
        ["E-mail address", brief.email],
        ["E-mail address proven", at(brief.email_verified_at)],
        ["Telephone", brief.phone or "none"],
        ["Date of birth", brief.birth_date or "none"],
        ["Address", brief.address or "none"],
        ["Country", brief.country],
        ["Registered", at(brief.registered_at)],
        ["Level of verification", brief.level],
    ]


async def agreements(work: Work, client: UUID) -> dict[str, Any]:
    rows = await work.rows(
        select(ClientAgreement)
        .where(ClientAgreement.client == client)
        .order_by(ClientAgreement.accepted_at, ClientAgreement.document)
        .limit(MOST)
    )
    return section(
        "agreements",
        "What the client agreed to",
        ["Accepted", "Document", "Version", "Language"],
        [[at(one.accepted_at), one.document, one.version, one.language] for one in rows],
    )


async def verification(work: Work, client: UUID) -> dict[str, Any]:
    """Decisions and outcomes; the papers themselves stay where they are."""
    rows = await work.table(
        select(KycCase.state, KycCheck)
        .join(KycCheck, KycCheck.case == KycCase.id)
        .where(KycCase.client == client)
        .order_by(KycCheck.at, KycCheck.code)
        .limit(MOST)
    )
    return section(
        "verification",
        "How the client was verified",
        ["When", "Check", "Outcome", "Decided by", "Because"],
        [
            [
                at(one.at),
                one.code,
                one.outcome,
                "an officer" if one.by else one.source,
                one.because,
            ]
            for _state, one in rows
        ],
    )


async def sign_ins(work: Work, client: UUID, paid: datetime) -> dict[str, Any]:
    rows = await work.rows(
        select(Session)
        .where(Session.person == client, Session.started_at > paid - _SIGNED_IN)
        .order_by(Session.started_at)
        .limit(MOST)
    )
    return section(
        "sign-ins",
        "Sign-ins around and after the payment",
        ["Signed in", "Last seen", "Address", "Device", "Second factor"],
        [
            [
                at(one.started_at),
                at(one.seen_at),
                one.ip or "unknown",
                one.device or "unknown",
                at(one.second_factor_at),
            ]
            for one in rows
        ],
    )


async def payment(work: Work, deposit: Deposit) -> dict[str, Any]:
    told = deposit.instrument or {}
    facts = [
        ["Ordered", at(deposit.started_at)],
        ["Amount", money(deposit.amount, deposit.currency)],
        ["Method", deposit.method],
        ["Credited", at(deposit.ended_at)],
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
            [f"Attempt {one.number}, asked", at(one.asked_at)],
            [f"Attempt {one.number}, reference", one.reference or "none"],
            [f"Attempt {one.number}, payment", one.payment or "not told"],
        ]
    return section("payment", "The payment", ["What", "As it was"], facts)


async def answers(work: Work, deposit: Deposit) -> dict[str, Any]:
    rows = await work.rows(
        select(ProviderEvent)
        .where(ProviderEvent.deposit == deposit.id)
        .order_by(ProviderEvent.id)
        .limit(MOST)
    )
    return section(
        "provider",
        "What the provider told",
        ["Received", "Event", "Tells", "Amount", "Event id"],
        [
            [
                at(one.received_at),
                one.raw_kind,
                one.stage or one.told or "",
                money(one.amount, one.currency) if one.amount and one.currency else "",
                one.event,
            ]
            for one in rows
        ],
        "Each of these carried the provider's proof over its raw bytes.",
    )


async def wallet(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
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
    return section(
        "wallet",
        "What was done with the money",
        ["When", "What", "Amount", "Balance after"],
        [
            [
                at(one.posted_at),
                one.kind,
                money(one.amount, one.currency),
                money(one.balance, one.currency),
            ]
            for one in rows
        ],
    )


async def paid_back(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
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
    return section(
        "paid-out",
        "What was paid out to the client since",
        ["Sent", "Withdrawal", "Way", "Amount", "Provider reference"],
        [
            [
                at(one.sent_at),
                reference,
                "back to the source" if one.way == "refund" else one.method,
                money(one.amount, one.currency),
                one.reference or "",
            ]
            for one, reference in rows
        ],
    )


async def letters(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
    rows = await work.rows(
        select(Message)
        .where(Message.person == client, Message.queued_at >= since - timedelta(days=1))
        .order_by(Message.queued_at)
        .limit(MOST)
    )
    return section(
        "letters",
        "Letters sent to the client",
        ["Queued", "Letter", "Language", "State", "Mail server's id"],
        [
            [at(one.queued_at), one.template, one.locale, one.state, one.provider_id or ""]
            for one in rows
        ],
    )


def case(row: Dispute) -> dict[str, Any]:
    """What became of the dispute, without what staff wrote to one another."""
    told = [one for one in row.story if one["what"] in {*STAGES, "answered", "returned"}]
    return section(
        "dispute",
        "The dispute so far",
        ["When", "What"],
        [
            [
                at(datetime.fromisoformat(one["at"])),
                TITLES[one["what"]][0].format_map(one["places"]),
            ]
            for one in told
        ],
    )
