"""What the pages of proof read: the last proof by currency, ageing, one line, one break, today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import load_only

from brokerage.ledger import kinds as ledger_kinds
from brokerage.ledger import queries as ledger
from brokerage.ledger.model import Entry
from brokerage.payments.settings import PaymentsSettings
from brokerage.recon import banks, client_money, proofs, words
from brokerage.recon.model import (
    Break,
    BreakState,
    FileState,
    LineMatch,
    OutsideFile,
    OutsideLine,
    Proof,
)
from brokerage.recon.permissions import Recon
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.product import Card, Item
from stoa.tenancy.work import Work
from stoa.theming.figures import plain_money
from stoa.theming.texts import N_
from stoa.theming.times import Dated

_MOST: Final = 8
AGES: Final = (
    (1, N_("Today")),
    (3, N_("1 to 3 days")),
    (7, N_("3 to 7 days")),
    (30, N_("7 to 30 days")),
    (100_000, N_("Older")),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A source of the last proof, as its row of the page says it."""

    side: str
    source: str
    name: str
    entity: str
    books: Money
    evidence: Money | None
    flight: Money
    uncovered: Money
    items: Money
    count: int
    until: datetime | None
    stale: bool
    overlooked: Money
    href: str

    @property
    def status(self) -> str:
        if self.evidence is None:
            return "proof none"
        if self.items or self.overlooked or self.count:
            return "proof differs"
        return "proof stale" if self.stale else "proof agrees"


@dataclass(frozen=True, slots=True)
class Together:
    """One currency of one entity: its sources, and their sums where evidence is."""

    currency: str
    rows: Sequence[Seen]

    def total(self, side: str, what: str) -> Money:
        """The sum of one column over banks and providers (`outside`) or servers (`platform`)."""
        picked = [one for one in self.rows if (one.side == "platform") == (side == "platform")]
        amounts = [value for one in picked if (value := getattr(one, what)) is not None]
        return sum(amounts, Money.zero(self.currency))

    @property
    def sides(self) -> list[str]:
        found = {"platform" if one.side == "platform" else "outside" for one in self.rows}
        return [side for side in ("outside", "platform") if side in found]


def together(proof: Proof | None, names: Mapping[str, str]) -> list[Together]:
    """The proof's rows by currency."""
    found: dict[str, list[Seen]] = {}
    for row in proof.rows if proof is not None else []:
        found.setdefault(row["currency"], []).append(_seen(row, names))
    return [Together(currency, rows) for currency, rows in sorted(found.items())]


def _seen(row: Mapping[str, Any], names: Mapping[str, str]) -> Seen:
    currency = row["currency"]

    def money(what: str) -> Money:
        return Money(Decimal(row[what]), currency)

    until = row["until"]
    return Seen(
        side=row["side"],
        source=row["source"],
        name=names.get(row["source"], ""),
        entity=row["entity"],
        books=money("books"),
        evidence=money("evidence") if row["evidence"] is not None else None,
        flight=money("flight"),
        uncovered=money("uncovered"),
        items=money("items"),
        count=row["count"],
        until=datetime.fromisoformat(until) if until else None,
        stale=row["stale"],
        overlooked=money("overlooked"),
        href=f"/desk/recon/breaks?q=&state=open&side={row['side']}",
    )


async def names(work: Work) -> dict[str, str]:
    """What sources are called: banks' accounts and providers by their own names."""
    found = {row.source: row.name for row in await banks.every(work)}
    for psp in work.settings(PaymentsSettings).psps:
        found[f"psp:{psp.code}"] = psp.label
    return found


@dataclass(frozen=True, slots=True)
class Age:
    label: str
    count: int


async def ageing(work: Work) -> list[Age]:
    """How many differences are open, by how long ago what they are about happened."""
    rows = await work.table(
        select(
            func.floor(func.extract("epoch", work.now - Break.happened_at) / 86_400).label("days"),
            func.count(),
        )
        .where(Break.state != BreakState.RESOLVED)
        .group_by(text("days"))
    )
    counts = [0] * len(AGES)
    for days, count in rows:
        at = next(n for n, (most, _) in enumerate(AGES) if int(days) < most)
        counts[at] += int(count)
    return [Age(label, count) for (_, label), count in zip(AGES, counts, strict=True)]


@dataclass(frozen=True, slots=True)
class Told:
    """A match as a line's page shows it."""

    row: LineMatch
    title: str
    amount: Money
    how: str
    by: str
    path: str


async def matches_of(work: Work, line: UUID) -> list[Told]:
    rows = await work.table(
        select(LineMatch, Entry.kind)
        .join(Entry, Entry.id == LineMatch.entry)
        .where(LineMatch.line == line)
        .order_by(LineMatch.made_at)
    )
    people = await ledger.names(work, [row.made_by for row, _ in rows])
    return [
        Told(
            row,
            ledger_kinds.of(kind).label,
            Money(row.amount, row.currency),
            words.HOWS.get(row.how) or row.how,
            people.get(row.made_by, "") if row.made_by else "",
            f"/desk/ledger/entries/{row.entry}",
        )
        for row, kind in rows
    ]


async def subject(work: Work, row: Break) -> tuple[str, str]:
    """Where a break's subject is shown, and what that is called."""
    if row.line is not None:
        return f"/desk/recon/lines/{row.line}", N_("The line of the statement")
    if row.entry is not None:
        return f"/desk/ledger/entries/{row.entry}", N_("The entry in the books")
    if row.kind == "fees" and row.account is not None:
        return f"/desk/recon/files/{row.account}", N_("The file")
    if row.account is not None and await work.session.get(TradingAccount, row.account) is not None:
        return f"/desk/accounts/{row.account}", N_("The trading account")
    return "", ""


async def lines_for(work: Work, row: Break) -> list[OutsideLine]:
    """Open lines that may be what an entry without evidence is: of the same account and amount."""
    if row.entry is None:
        return []
    return list(
        await work.rows(
            select(OutsideLine)
            .where(
                OutsideLine.source == row.source,
                OutsideLine.currency == row.currency,
                OutsideLine.open.is_(True),
                OutsideLine.amount - OutsideLine.matched == row.amount,
            )
            .order_by(func.abs(func.extract("epoch", OutsideLine.at - row.happened_at)))
            .limit(_MOST)
        )
    )


async def today(work: Work) -> Sequence[Card]:
    """Differences nobody resolved, refused files, days to sign: for who works on them."""
    cards: list[Card] = []
    if work.actor.may(Recon.BREAKS):
        cards.append(await _differences(work))
    if work.actor.may(Recon.SIGN):
        cards.append(await _days(work))
    return cards


_OPEN: Final = (
    select(Break).where(Break.state == BreakState.OPEN).order_by(Break.happened_at, Break.id)
)
_REFUSED: Final = (
    select(OutsideFile)
    .options(load_only(OutsideFile.name, OutsideFile.kind, OutsideFile.brought_at))
    .where(OutsideFile.state == FileState.REFUSED)
    .order_by(OutsideFile.brought_at.desc())
    .limit(3)
)


async def _differences(work: Work) -> Card:
    rows, count = await work.some(_OPEN, _MOST, {})
    refused = await work.rows(_REFUSED)
    named = await names(work) if rows else {}
    items = [
        Item(
            title=row.name,
            path=f"/desk/recon/files/{row.id}",
            detail=row.kind,
            status="file refused",
            since=row.brought_at,
        )
        for row in refused
    ]
    items += [
        Item(
            title=words.KINDS.get(row.kind, row.kind),
            path=f"/desk/recon/breaks/{row.id}",
            detail=f"{named.get(row.source, row.source)} · {plain_money(row.amount, row.currency, sign=True)}",
            status=f"break {row.state}",
            since=row.happened_at,
        )
        for row in rows
    ]
    return Card(
        key="recon-breaks",
        label=N_("Books and evidence differ"),
        figure=count,
        path="/desk/recon",
        items=items[:_MOST],
        order=36,
        worklist=True,
    )


async def _days(work: Work) -> Card:
    late = await client_money.unsigned(work)
    gaps = await client_money.missing(work)
    items = [
        Item(
            title=Dated(day.isoformat()),
            path="/desk/recon/client-money",
            detail="",
            status="day calculated",
        )
        for day in sorted({*late, *gaps}, reverse=True)
    ]
    return Card(
        key="client-money-days",
        label=N_("Days of client money to sign"),
        figure=len(items),
        path="/desk/recon/client-money",
        items=items[:_MOST],
        order=37,
        worklist=True,
    )


async def pulse(work: Work) -> dict[str, Any]:
    """Whether the last proof agreed, for the operator's fleet page: figures, never a person."""
    last = await proofs.latest(work)
    waiting = await work.value(
        select(func.count()).select_from(Break).where(Break.state == BreakState.OPEN)
    )
    return {
        "proved_at": last.at.isoformat() if last is not None else None,
        "breaks_open": int(waiting or 0),
        "evidence_stale": last.stale if last is not None else 0,
        "days_unsigned": len(await client_money.unsigned(work)),
    }
