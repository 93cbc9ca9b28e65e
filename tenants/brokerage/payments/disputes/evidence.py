"""What the product holds that shows whose payment it was; for the payer's bank, so in English.

    told = await gather(work, dispute)        all of it, as plain text
    await downloaded(work, dispute, made)     who took it, and which bytes

Nothing here is asked of anybody: it is read from what was written as things happened.
"""

import hashlib
from typing import Any
from uuid import UUID

from brokerage.clients import queries as clients
from brokerage.payments import hooks
from brokerage.payments.disputes import exhibits
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.disputes.story import tell
from brokerage.payments.model import Deposit
from brokerage.payments.permissions import Payments
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand


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
        exhibits.section(
            "client", "Who the client is", ["What", "As it is kept"], exhibits.client(brief)
        ),
        await exhibits.agreements(work, row.client),
        await exhibits.verification(work, row.client),
        await exhibits.sign_ins(work, row.client, deposit.started_at),
        await exhibits.payment(work, deposit),
        await exhibits.answers(work, deposit),
        await exhibits.wallet(work, row.client, since),
        await exhibits.paid_back(work, row.client, since),
    ]
    for more in hooks.evidence:
        sections += [
            exhibits.section(name, one["title"], one["columns"], one["rows"], one.get("lead", ""))
            for name, one in (await more(work, row.client, since)).items()
        ]
    sections += [await exhibits.letters(work, row.client, deposit.started_at), exhibits.case(row)]
    return {
        "title": "Evidence about a disputed payment",
        "reference": row.reference,
        "brand": brand.name,
        "accent": brand.accent,
        "entity": facts.legal_entity or brand.name,
        "facts": [
            ["Case of the provider", row.case_number],
            ["Provider", row.psp],
            ["Disputed", exhibits.money(row.amount, row.currency)],
            ["Reason given", row.reason or "none"],
            ["Payment", f"{deposit.reference}, {exhibits.money(deposit.amount, deposit.currency)}"],
            ["Paid", exhibits.at(deposit.ended_at)],
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
