"""Before coins are credited: what an analyst says of their source, kept with the attempt.

    await examine(open_work, attempt, transfers)    asks what was not asked yet, and writes it down
    judged(...)                                     what follows; None while the answer is awaited

The finding lies in the attempt's decision, under `source`: staff read it, clients never do.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.ledger import rates
from brokerage.payments.connector import PaymentConnector
from brokerage.payments.model import Deposit, DepositState, PaymentAttempt
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import analysts, rules
from brokerage.payments.source.port import ChainAnalyst, Finding, TellsTransfers, Transfer
from brokerage.payments.source.rules import Judged
from brokerage.payments.values import Method
from stoa.connectors.keyring import Keyring, secret_names
from stoa.connectors.outside import outside
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.vault import credentials

KEY: Final = "source"
_DAY: Final = timedelta(hours=24)
_MOST: Final = 10
"""Transfers of one payment that are asked about at a time."""


async def connected(work: Work) -> ChainAnalyst | None:
    """The tenant's analyst over its own line and secrets; None where it has none."""
    told = work.settings(PaymentsSettings).sources.analyst
    if told is None:
        return None
    kind = analysts.named(told.connector)
    way = outside()
    settings = way.settings(kind.settings_type, told.settings)
    held = {name: await credentials.both(work, name) for name in secret_names(settings)}
    return kind(settings, Keyring(held), way.line(work.tenant.id, f"source.{told.connector}"))


async def examine(open_work: OpenWork, attempt: UUID, transfers: Sequence[Transfer]) -> None:
    """Ask about each transfer that is not known yet. Safe to repeat; no transaction is open meanwhile."""
    async with open_work() as work:
        row = await work.get(PaymentAttempt, attempt)
        known = told_of(row).get("found", {})
        client = (await work.get(Deposit, row.deposit)).client
        customer = (await clients.brief(work, client)).reference
        try:
            analyst = await connected(work)
        except Refusal as why:
            analyst, broken = None, why.code
        else:
            broken = ""
    left = [one for one in transfers if one.key not in known][:_MOST]
    found: dict[str, Any] = {}
    failed: dict[str, Any] = {one.key: broken for one in left} if broken else {}
    for one in left if analyst is not None else []:
        asked = msgspec.structs.replace(one, customer=customer)
        try:
            found[one.key] = kept(await analyst.examine(asked)) if analyst else None
        except Invalid as why:
            failed[one.key] = f"cannot:{why.code}"[:80]
        except Refusal as why:
            failed[one.key] = why.code[:80]
    faultpoint("source.asked")
    async with open_work() as work:
        await _keep(work, attempt, transfers, found, failed)


async def of_order(
    open_work: OpenWork, connector: PaymentConnector, attempt: UUID, reference: str
) -> None:
    """As `examine`, for an order that was paid: its provider is asked by which transfers."""
    transfers: list[Transfer] = []
    if isinstance(connector, TellsTransfers):
        try:
            transfers = await connector.transfers(reference)
        except NotFound:
            transfers = []
    await examine(open_work, attempt, transfers)


async def _keep(
    work: Work,
    attempt: UUID,
    transfers: Sequence[Transfer],
    found: Mapping[str, Any],
    failed: Mapping[str, Any],
) -> None:
    row = await work.lock(PaymentAttempt, attempt)
    told = told_of(row)
    analyst = work.settings(PaymentsSettings).sources.analyst
    keys = list(dict.fromkeys([*told.get("transfers", []), *(one.key for one in transfers)]))
    held = {**told.get("found", {}), **found}
    before: dict[str, Any] = told.get("failed", {})
    new = {
        "analyst": analyst.connector if analyst is not None else "",
        "since": told.get("since") or work.now.isoformat(),
        "transfers": keys,
        "found": held,
        "failed": {k: v for k, v in {**before, **failed}.items() if k not in held},
    }
    if new != {name: told.get(name) for name in new}:
        row.decision = {**row.decision, KEY: {**told, **new}}


def told_of(row: PaymentAttempt) -> dict[str, Any]:
    """What is known of an attempt's source; empty before anybody looked."""
    found: dict[str, Any] = row.decision.get(KEY) or {}
    return found


def kept(finding: Finding) -> dict[str, Any]:
    """A finding as it is stored."""
    return {
        "reference": finding.reference,
        "score": None if finding.score is None else str(finding.score),
        "exposures": [
            {"category": one.category, "percent": str(one.percent), "entity": one.entity}
            for one in finding.exposures
        ],
    }


def answered(row: PaymentAttempt) -> bool:
    """Whether all there is to ask was asked, and all of it answered."""
    told = told_of(row)
    return "since" in told and not told.get("failed")


def asked(row: PaymentAttempt) -> bool:
    """Whether somebody looked for its transfers already."""
    return "since" in told_of(row)


async def judged(work: Work, row: PaymentAttempt, deposit: Deposit, money: Money) -> Judged | None:
    """What follows for this money, written down with it; None while an answer is awaited."""
    told, sources = told_of(row), work.settings(PaymentsSettings).sources
    keys: list[str] = told.get("transfers", [])
    small = await _small(work, deposit, money, sources.alone.money)
    findings = [
        msgspec.convert(one, Finding, strict=False) for one in told.get("found", {}).values()
    ]
    verdict = rules.judge(findings, sources)
    if sources.analyst is None:
        verdict = rules.worse(verdict, rules.without("no-analyst", small=small))
    elif not keys:
        verdict = rules.worse(verdict, rules.without("no-transfer", small=small))
    missing = [one for one in keys if one not in told.get("found", {})]
    if sources.analyst is not None and missing:
        codes = [told.get("failed", {}).get(one, "") for one in missing]
        since = datetime.fromisoformat(told["since"])
        if all(one.startswith("cannot:") for one in codes):
            verdict = rules.worse(verdict, rules.without("cannot", small=small))
        elif work.now - since < timedelta(minutes=sources.wait_min):
            return None
        else:
            verdict = rules.worse(verdict, rules.without("unanswered", small=small))
    elif any(one.score is None and not one.exposures for one in findings):
        verdict = rules.worse(verdict, rules.without("unscored", small=small))
    said = {"verdict": str(verdict.verdict), "why": verdict.why, "named": verdict.named}
    if said != told.get("judged"):
        row.decision = {**row.decision, KEY: {**told, "judged": said}}
        work.record("source judged", attempt=str(row.id), **said)
    return verdict


async def _small(work: Work, deposit: Deposit, money: Money, most: Money) -> bool:
    """Whether it may be credited without a finding, with what came as coins in 24 hours before, so
    that splitting gains nothing. What has no rate may not.
    """
    before = await work.table(
        select(Deposit.currency, func.sum(Deposit.amount))
        .where(
            Deposit.client == deposit.client,
            Deposit.method == Method.CRYPTO,
            Deposit.state == DepositState.CREDITED,
            Deposit.ended_at > work.now - _DAY,
            Deposit.id != deposit.id,
        )
        .group_by(Deposit.currency)
    )
    try:
        priced = await rates.table(work)
        came = [money, *(Money(total, currency) for currency, total in before)]
        return sum(priced.convert(one, most.currency).amount for one in came) <= most.amount
    except rates.NoRate:
        return False


def doubtful(row: PaymentAttempt) -> bool:
    """Whether its source was not found clear: then two people decide, however little it is."""
    said = told_of(row).get("judged")
    return said is not None and said["verdict"] != rules.Verdict.CREDIT


def score_of(told: Mapping[str, Any]) -> Decimal | None:
    """The highest score among an attempt's findings."""
    scores = [one["score"] for one in told.get("found", {}).values() if one["score"] is not None]
    return max((Decimal(one) for one in scores), default=None)
