"""Reads of bonuses: one grant's story, a client's own, figures of a campaign."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, select

from brokerage.bonuses.abuse import PATTERNS
from brokerage.bonuses.marks import KINDS
from brokerage.bonuses.model import Campaign, Grant, GrantState
from brokerage.bonuses.story import TITLES
from brokerage.bonuses.terms import Terms
from brokerage.clients import queries as clients
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_OF_CLIENT: Final = (
    select(Grant)
    .where(Grant.client == bindparam("client"))
    .order_by(Grant.id.desc())
    .limit(bindparam("most", type_=Integer))
)


async def of_client(work: Work, client: UUID, limit: int = 50) -> Sequence[Grant]:
    """Newest first."""
    return await work.rows(_OF_CLIENT, {"client": client, "most": limit})


async def story(work: Work, row: Grant, *, staff: bool) -> list[dict[str, Any]]:
    """The timeline, newest first; names of staff are for staff."""
    by = [UUID(one["by"]) for one in row.story if one.get("by")]
    names = await clients.names(work, by) if staff else {}
    shown: list[dict[str, Any]] = []
    for one in reversed(row.story):
        title, tone = TITLES.get(one["what"], (one["what"], "waiting"))
        shown.append(
            {
                "at": datetime.fromisoformat(one["at"]),
                "title": title,
                "tone": tone,
                "places": one["places"],
                "text": one["text"],
                "by": names.get(UUID(one["by"]), "") if one.get("by") else "",
            }
        )
    return shown


async def evidence(work: Work, row: Grant) -> list[dict[str, Any]]:
    """Whom it was compared with: what was the same, and the grant that had it first."""
    told = [one for one in row.evidence if one["kind"] in KINDS]
    names = await clients.names(work, [UUID(one["client"]) for one in told])
    return [
        {
            "title": KINDS.get(one["kind"], one["kind"]),
            "name": names.get(UUID(one["client"]), ""),
            "at": datetime.fromisoformat(one["at"]),
            "href": f"/desk/bonuses/grants/{one['grant']}",
        }
        for one in told
    ]


def cases(row: Grant) -> list[dict[str, Any]]:
    """Patterns in the trading that were shown to a person, the newest first."""
    return [
        one | {"title": PATTERNS[one["kind"]], "at": datetime.fromisoformat(one["at"])}
        for one in reversed(row.evidence)
        if one["kind"] in PATTERNS
    ]


def conditions(terms: Terms) -> list[tuple[str, dict[str, str]]]:
    """The terms as sentences (message id, places), as client and staff both read them."""
    if terms.kind == "cashback":
        return _cashback(terms)
    told: list[tuple[str, dict[str, str]]] = [
        (
            N_("{percent} % of the deposit, at most {most}."),
            {
                "percent": f"{terms.percent.normalize():f}",
                "most": str(Money(terms.most, terms.currency)),
            },
        )
    ]
    if terms.least_deposit:
        told.append(
            (
                N_("For deposits from {least}."),
                {"least": str(Money(terms.least_deposit, terms.currency))},
            )
        )
    if terms.lots_per_100:
        symbols = ", ".join(terms.symbols)
        lots = f"{terms.lots_per_100.normalize():f}"
        hundred = str(Money(Decimal(100), terms.currency))
        told.append(
            (
                N_("{lots} lots on {symbols} turn {hundred} of it into money."),
                {"lots": lots, "symbols": symbols, "hundred": hundred},
            )
            if symbols
            else (
                N_("{lots} lots turn {hundred} of it into money."),
                {"lots": lots, "hundred": hundred},
            )
        )
    else:
        told.append((N_("It stays credit to trade with and never turns into money."), {}))
    if terms.hold_s:
        told.append(
            (N_("Trades held for less than {n} seconds do not count."), {"n": str(terms.hold_s)})
        )
    told.append((N_("It lapses after {n} days."), {"n": str(terms.valid_days)}))
    told.append((_BURNS[terms.burn], {}))
    if terms.burn_negative:
        told.append((N_("It is lost when a trading account falls below zero."), {}))
    return told


def _cashback(terms: Terms) -> list[tuple[str, dict[str, str]]]:
    symbols = ", ".join(terms.symbols)
    told: list[tuple[str, dict[str, str]]] = []
    for tier in terms.tiers:
        places = {
            "amount": str(Money(tier.amount, terms.currency)),
            "lots": f"{tier.from_lots.normalize():f}",
        }
        first = N_("{amount} for each lot you trade.")
        told.append(
            (N_("{amount} for each lot above {lots}.") if tier.from_lots else first, places)
        )
    if symbols:
        told.append((N_("Lots on {symbols} count."), {"symbols": symbols}))
    if terms.hold_s:
        told.append(
            (N_("Trades held for less than {n} seconds do not count."), {"n": str(terms.hold_s)})
        )
    told.append((N_("At most {most} in all."), {"most": str(Money(terms.most, terms.currency))}))
    told.append((N_("It runs for {n} days and is money at once."), {"n": str(terms.valid_days)}))
    return told


_BURNS = {
    "all": N_("Any withdrawal before it is earned takes all that is left of it."),
    "pro-rata": N_("A withdrawal takes the same share of it as of your money."),
    "none": N_("A withdrawal takes nothing of it."),
}


def progress(row: Grant) -> Decimal:
    """How far trading has earned it, 0 to 100."""
    if not row.need_lots:
        return Decimal(0)
    return min(row.done_lots / row.need_lots * 100, Decimal(100)).quantize(Decimal("0.1"))


async def figures(work: Work) -> dict[UUID, dict[str, Any]]:
    """By campaign: how many have it, and by currency what was given, earned and lost."""
    rows = await work.table(
        select(
            Grant.campaign,
            Grant.currency,
            func.count().label("n"),
            func.count().filter(Grant.state == GrantState.ACTIVE).label("active"),
            func.sum(Grant.amount).label("amount"),
            func.sum(Grant.released).label("released"),
        ).group_by(Grant.campaign, Grant.currency)
    )
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row.campaign, {"n": 0, "active": 0, "given": [], "earned": []})
        one["n"] += row.n
        one["active"] += row.active
        if row.currency:
            one["given"].append(Money(row.amount, row.currency))
            one["earned"].append(Money(row.released, row.currency))
    return found


async def campaign_of(work: Work, row: Grant) -> Campaign:
    return await work.get(Campaign, row.campaign)
