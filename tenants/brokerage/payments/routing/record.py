"""A decision as it is stored, and the same decision made again from what was stored. Pure.

The record holds everything the decision looked at; the rules are found by the version of the
settings and proved by their hash. `ENGINE` names the way of deciding: whoever changes it keeps the
old one under its number, so that old records still come out as they did.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from brokerage.payments.routing import deciding
from brokerage.payments.routing.deciding import Ask, CapUse, Decision, Seen
from brokerage.payments.routing.terms import Route
from brokerage.payments.values import Method
from stoa.kernel.money import Money

ENGINE: Final = 1
Record = dict[str, Any]


def hash_of(routes: Sequence[Route]) -> str:
    """What proves that two rule sets are the same."""
    return hashlib.sha256(msgspec.json.encode(list(routes), order="deterministic")).hexdigest()


def kept(
    decision: Decision,
    ask: Ask,
    seen: Mapping[str, Seen],
    *,
    tried: frozenset[str],
    routes: Sequence[Route],
    version: int,
) -> Record:
    """Inputs, rules and trace, as JSON keeps them."""
    return {
        "engine": ENGINE,
        "version": version,
        "rules": hash_of(routes),
        "route": decision.route,
        "rule": decision.rule,
        "point": decision.point,
        "by": decision.by,
        "order": list(decision.order),
        "looked": [list(one) for one in decision.looked],
        "passed": [list(one) for one in decision.passed],
        "tried": sorted(tried),
        "ask": _ask(ask),
        "seen": {psp: _seen(one) for psp, one in seen.items()},
    }


def _ask(ask: Ask) -> Record:
    return {
        "id": str(ask.id),
        "method": str(ask.method),
        "amount": ask.money.text(),
        "currency": ask.money.currency,
        "country": ask.country,
        "level": ask.level,
        "client_type": ask.client_type,
        "risk": ask.risk,
        "tags": list(ask.tags),
        "first": ask.first,
        "brand": ask.brand,
        "card_country": ask.card_country,
        "at": ask.at.isoformat() if ask.at else None,
        "payout": ask.payout,
        "worth": {currency: str(amount) for currency, amount in ask.worth.items()},
    }


def _seen(one: Seen) -> Record:
    return {
        "carries": one.carries,
        "healthy": one.healthy,
        "paused": one.paused,
        "share": one.share,
        "caps": [
            [cap.per, str(cap.used), str(cap.more), str(cap.most), cap.currency] for cap in one.caps
        ],
        "cost": str(one.cost) if one.cost is not None else None,
        "paid": one.paid,
        "ended": one.ended,
    }


def ask_of(record: Record) -> Ask:
    """What was asked, as it was."""
    told: Record = record["ask"]
    return Ask(
        id=UUID(told["id"]),
        method=Method(told["method"]),
        money=Money(Decimal(told["amount"]), told["currency"]),
        country=told["country"],
        level=told["level"],
        client_type=told.get("client_type", ""),
        risk=told.get("risk", ""),
        tags=tuple(told.get("tags", ())),
        first=told.get("first", False),
        brand=told.get("brand", ""),
        card_country=told.get("card_country", ""),
        at=datetime.fromisoformat(told["at"]) if told.get("at") else None,
        payout=told.get("payout", False),
        worth={name: Decimal(amount) for name, amount in told.get("worth", {}).items()},
    )


def seen_of(record: Record) -> dict[str, Seen]:
    """The providers as they stood."""
    return {
        psp: Seen(
            psp,
            carries=one["carries"],
            healthy=one["healthy"],
            paused=one["paused"],
            share=one["share"],
            caps=tuple(
                CapUse(per, Decimal(used), Decimal(more), Decimal(most), currency)
                for per, used, more, most, currency in one["caps"]
            ),
            cost=Decimal(one["cost"]) if one["cost"] is not None else None,
            paid=one["paid"],
            ended=one["ended"],
        )
        for psp, one in record.get("seen", {}).items()
    }


def again(record: Record, routes: Sequence[Route]) -> Decision:
    """The decision made anew from its record."""
    return deciding.decide(
        routes, ask_of(record), seen_of(record), tried=frozenset(record.get("tried", ()))
    )


def same(record: Record, made: Decision) -> bool:
    """Whether a decision made again came out as the one that was stored."""
    told: Record = {
        "rule": made.rule,
        "route": made.route,
        "by": made.by,
        "point": made.point,
        "order": list(made.order),
        "looked": [list(one) for one in made.looked],
        "passed": [list(one) for one in made.passed],
    }
    return all(record[key] == value for key, value in told.items())
