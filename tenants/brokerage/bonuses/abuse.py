"""Trading that earns a bonus without risk: found in the deals, shown to a person, never punished alone.

    await look(work, grant)                     after deals were counted: what the patterns say
    await clear(work, grant, reason)            a person finds nothing wrong; it goes on
    grants.revoke(...)                          a person takes it back, with a reason the client reads

While a case is open nothing of the bonus becomes money and nothing of it is taken away. The client
reads that it is looked at, and the deals it is about.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import load_only

from brokerage.bonuses import moving
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.settings import BonusSettings
from brokerage.bonuses.story import tell
from brokerage.clients import queries as clients
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

HEDGED: Final = "hedged"
RAPID: Final = "rapid"
PATTERNS: Final = {
    HEDGED: N_("Opposite positions opened together"),
    RAPID: N_("Positions closed within moments"),
}
_SHOWN: Final = 10
_ORDINARY: Final = 3

# Deals that close a position and count for the grant, as the turnover counts them.
_COUNTED: Final = """
    select d.* from deal d join trading_account a on a.id = d.account and a.kind = 'live'
    where d.client = :client and d.at >= :since and d.at <= :until
      and (cardinality(cast(:symbols as varchar[])) = 0 or d.symbol like any(cast(:symbols as varchar[])))
      and d.kind in ('buy', 'sell') and d.entry in ('out', 'reversal', 'out-by')
      and (:hold_s = 0 or extract(epoch from d.at - coalesce(d.opened_at, d.at)) >= :hold_s)
"""
# Two positions of one client in one symbol, against each other, opened and alike within bounds.
PAIRS: Final = text(f"""
with counted as ({_COUNTED})
select one.number as a, other.number as b, one.symbol, least(one.lots, other.lots) as lots,
       one.opened_at as at
from counted one join counted other
  on other.symbol = one.symbol and other.kind = 'buy' and one.kind = 'sell'
 and other.position <> one.position
 and abs(extract(epoch from other.opened_at - one.opened_at)) <= :within_s
 and abs(other.lots - one.lots) <= 0.1 * greatest(other.lots, one.lots)
where one.opened_at is not null
order by one.at desc
limit 500
""")  # noqa: S608 - both pieces are constants of ours
QUICK: Final = text(f"""
with counted as ({_COUNTED})
select number, symbol, lots, opened_at as at,
       extract(epoch from at - opened_at) as held_s
from counted where opened_at is not null and extract(epoch from at - opened_at) <= :rapid_s
order by at desc
limit 500
""")  # noqa: S608 - both pieces are constants of ours


def open_case(row: Grant) -> bool:
    """Whether a person has to look before anything of it becomes money."""
    return any(one.get("open") for one in row.evidence if one["kind"] in PATTERNS)


def cleared(row: Grant, kind: str) -> int:
    """How many deals of a pattern a person has found to be nothing."""
    return max(
        (int(one.get("n", 0)) for one in row.evidence if one["kind"] == kind and not one["open"]),
        default=0,
    )


async def look(work: Work, row: Grant) -> bool:
    """Open a case where a pattern carries too much of what was counted; whether one is open."""
    told = work.settings(BonusSettings)
    if not told.watch or row.granted_at is None or not row.done_lots or open_case(row):
        return open_case(row)
    asked = {
        "client": row.client,
        "since": row.granted_at,
        "until": row.expires_at,
        "symbols": row.symbols,
        "hold_s": row.hold_s,
    }
    pairs = await work.table(PAIRS, asked | {"within_s": told.hedged_within_s})
    quick = await work.table(QUICK, asked | {"rapid_s": told.rapid_s})
    lots = sum((one.lots for one in pairs), Decimal(0)) * 2
    if _too_much(lots, row, told.hedged_percent) and len(pairs) > cleared(row, HEDGED):
        _suspect(work, row, HEDGED, lots, [f"{one.a} + {one.b}" for one in pairs], pairs)
    lots = sum((one.lots for one in quick), Decimal(0))
    many = len(quick) >= told.rapid_least and len(quick) > cleared(row, RAPID)
    if many and _too_much(lots, row, told.rapid_percent):
        _suspect(work, row, RAPID, lots, [str(one.number) for one in quick], quick)
    return open_case(row)


def _too_much(lots: Decimal, row: Grant, percent: Decimal) -> bool:
    return lots > 0 and lots * 100 >= percent * row.done_lots


def _suspect(
    work: Work, row: Grant, kind: str, lots: Decimal, deals: list[str], found: Sequence[Any]
) -> None:
    """Keep what was seen, and say so to both sides; the deals are named, so that it can be checked."""
    row.evidence = [
        *row.evidence,
        {
            "kind": kind,
            "open": True,
            "n": len(found),
            "lots": f"{lots:.2f}",
            "of": f"{row.done_lots:.2f}",
            "deals": deals[:_SHOWN],
            "symbols": sorted({one.symbol for one in found})[:_SHOWN],
            "at": work.now.isoformat(),
        },
    ]
    places = {"lots": f"{lots:.2f}", "of": f"{row.done_lots:.2f}", "n": str(len(found))}
    tell(work, row, f"case-{kind}", places)
    work.record("bonus case", grant=str(row.id), pattern=kind, n=len(found))
    work.subject = row.client
    moving.announce(work, row)


async def clear(work: Work, grant: UUID, reason: str) -> Grant:
    """Nothing is wrong: what was earned is due again. Raises Conflict where no case is open."""
    work.require(Bonuses.REVOKE)
    if len(reason.strip()) < _ORDINARY:
        raise Invalid("Say why, in a few words.", field="reason")
    row = await work.lock(Grant, grant)
    await clients.seen(work, row.client)
    if row.state != GrantState.ACTIVE or not open_case(row):
        raise Conflict("No case is open here. Nothing was changed.")
    row.evidence = [
        one | {"open": False} if one["kind"] in PATTERNS else one for one in row.evidence
    ]
    tell(work, row, "case-cleared", text=reason.strip()[:400])
    moving.announce(work, row)
    return row


@kept
def _open_cases(within: ColumnElement[bool]) -> Select[Any]:
    return (
        select(Grant)
        .options(load_only(Grant.title, Grant.reference, Grant.granted_at))
        .where(
            Grant.state == GrantState.ACTIVE,
            func.jsonb_path_exists(Grant.evidence, text("'$[*] ? (@.open == true)'")),
            within,
        )
        .order_by(Grant.id)
    )


async def waiting(work: Work, limit: int = 6) -> tuple[Sequence[Grant], int]:
    """Bonuses with an open case, the oldest first, and how many there are."""
    return await work.some(_open_cases(clients.within(work, Grant.client)), limit, {})
