"""What screens read of clients' money: wallets, movements, totals over time, one entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, select, text, true
from sqlalchemy.orm import aliased

from brokerage.ledger import accounts, hooks, kinds, rates
from brokerage.ledger.accounts import PLATFORM, WALLET
from brokerage.ledger.fx import FxQuote
from brokerage.ledger.model import Entry, LedgerAccount, Leg
from brokerage.ledger.rates import Rates
from stoa.identity.model import Person
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import EXACT, Money
from stoa.kernel.refusals import NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming import masks

LINE_DAYS: Final = 30

BALANCES_OVER_TIME: Final = text(
    """
    select d.n, a.currency, a.kind, coalesce(sum((
        select l.balance from leg l where l.account = a.id and l.posted_at < d.until
        order by l.posted_at desc, l.version desc limit 1
    )), 0) as balance
    from unnest(cast(:untils as timestamptz[])) with ordinality as d (until, n)
    cross join ledger_account a join ledger_balance b on b.account = a.id
    where a.owner = :client and (b.balance <> 0 or b.moved_at >= :first)
    group by d.n, a.currency, a.kind
    """
)

_MOST: Final = bindparam("most", type_=Integer)
# Made once: an alias copies every column of its table, which costs more than the query.
_MINE: Final = aliased(LedgerAccount)
_NEWEST: Final = aliased(
    Leg,
    select(Leg)
    .where(Leg.account == LedgerAccount.id)
    .order_by(Leg.version.desc())
    .limit(_MOST)
    .correlate(LedgerAccount)
    .lateral("newest"),
)
_MOVEMENTS: Final = (
    select(_NEWEST, Entry)
    .select_from(LedgerAccount)
    .join(_NEWEST, true())
    .join(Entry, Entry.id == _NEWEST.entry)
    .where(LedgerAccount.owner == bindparam("client"), LedgerAccount.kind == WALLET)
    .order_by(_NEWEST.posted_at.desc(), _NEWEST.version.desc(), _NEWEST.currency)
    .limit(_MOST)
)

_WENT_TO_FEES: Final = (
    select(Leg.entry, Leg.line, Leg.currency)
    .join(LedgerAccount, LedgerAccount.id == Leg.account)
    .where(Leg.entry.in_(bindparam("entries", expanding=True)), LedgerAccount.kind == "fees")
)


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a wallet's history."""

    entry: UUID
    at: datetime
    kind: kinds.Kind
    amount: Money
    balance: Money
    detail: str
    href: str


@dataclass(frozen=True, slots=True)
class Side:
    """A leg as the entry page shows it."""

    account: accounts.Account
    label: str
    owner_name: str
    amount: Money
    balance: Money | None


@dataclass(frozen=True, slots=True)
class Promise:
    """A quote as pages show it: rates to the digits a person compares, rests without zeros."""

    id: UUID
    sell: Money
    buy: Money
    rate: Decimal
    mid: Decimal
    margin_percent: Decimal
    margin: Decimal
    remainder: Decimal
    source: str
    rate_at: datetime
    quoted_at: datetime
    expires_at: datetime
    entry: UUID | None
    fee: Money

    @classmethod
    def of(cls, row: FxQuote) -> "Promise":
        return cls(
            row.id,
            Money(row.sell_amount, row.sell_currency),
            Money(row.buy_amount, row.buy_currency),
            _significant(row.rate),
            _significant(row.mid),
            Decimal(row.margin_bps).scaleb(-2),
            _significant(row.margin),
            _significant(row.remainder),
            row.source,
            row.rate_at,
            row.quoted_at,
            row.expires_at,
            row.entry,
            Money(row.fee, row.sell_currency),
        )

    @property
    def given(self) -> Money:
        """What leaves the wallet: what is exchanged, and the fee beside it."""
        return self.sell + self.fee

    @property
    def kept(self) -> Money:
        """What the house keeps by margin and rounding, in the bought currency."""
        return Money(self.margin + self.remainder, self.buy.currency).rounded()


def _significant(value: Decimal, digits: int = 6) -> Decimal:
    """Rounded to so many digits that matter, without zeros at the end."""
    if not value:
        return Decimal(0)
    cut = value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), context=EXACT)
    whole = cut == cut.to_integral_value()
    return cut.quantize(Decimal(1)) if whole else cut.normalize(EXACT)


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with its legs and what it belongs to."""

    row: Entry
    kind: kinds.Kind
    sides: Sequence[Side]
    by: str
    ref_path: str
    reversed_by: UUID | None
    quote: "Promise | None"

    @property
    def sums(self) -> list[Money]:
        """The sum of the legs per currency: nothing, as the database demands."""
        totals: dict[str, Money] = {}
        for side in self.sides:
            known = totals.get(side.amount.currency, Money.zero(side.amount.currency))
            totals[side.amount.currency] = known + side.amount
        return list(totals.values())


_PEOPLE: Final = select(Person.id, Person.kind, Person.name_sealed, Person.email_sealed).where(
    Person.id.in_(bindparam("ids", expanding=True))
)


async def names(work: Work, people: Iterable[UUID | None]) -> dict[UUID, str]:
    """What people are called, for those whom the ledger mentions; clients outside the reader's
    data scope are masked.
    """
    wanted = {one for one in people if one is not None}
    if not wanted:
        return {}
    rows = await work.table(_PEOPLE, {"ids": list(wanted)})
    told = {
        row.id: work.unseal(row.id, "person.name", row.name_sealed)
        or work.unseal(row.id, "person.email", row.email_sealed)
        or ""
        for row in rows
    }
    if work.actor.sees_all:
        return told
    owners = {row.id for row in rows if row.kind == "client"}
    seen = await work.rows(
        select(Person.id).where(Person.id.in_(owners), hooks.within(work, Person.id))
    )
    for hidden in owners - set(seen):
        told[hidden] = masks.mask(told[hidden], "name")
    return told


def wallet_legs(client: UUID) -> Any:
    """Select of (Leg, Entry) over a client's wallets, for lists; `described` words its rows."""
    return (
        select(Leg, Entry)
        .join(_MINE, _MINE.id == Leg.account)
        .join(Entry, Entry.id == Leg.entry)
        .where(_MINE.owner == client, _MINE.kind == WALLET)
    )


async def described(work: Work, rows: Sequence[Any]) -> list[Movement]:
    """Rows of (Leg, Entry, ...) as people read them; a line that went to the fees is a fee."""
    went = await work.table(_WENT_TO_FEES, {"entries": [row[1].id for row in rows]})
    fees = {tuple(row) for row in went}
    return [
        _movement(row[0], row[1], fee=(row[0].entry, row[0].line, row[0].currency) in fees)
        for row in rows
    ]


def _movement(leg: Leg, entry: Entry, *, fee: bool) -> Movement:
    kind = kinds.of("fee") if fee else kinds.in_wallet(entry.kind, entry.ref_kind, leg.amount)
    return Movement(
        entry.id,
        entry.posted_at,
        kind,
        Money(leg.amount, leg.currency),
        Money(leg.balance or Decimal(0), leg.currency),
        kinds.of(entry.kind).label if fee and entry.kind != "fee" else "",
        f"/money/history/{entry.id}",
    )


async def movements(work: Work, client: UUID, limit: int = 8) -> list[Movement]:
    """A client's newest wallet movements: each wallet's newest, and the newest of those."""
    rows = await work.table(_MOVEMENTS, {"client": client, "most": limit})
    return await described(work, rows)


async def over_time(work: Work, client: UUID, known: Rates) -> tuple[Money, list[Decimal]]:
    """All a client has with us in the base currency: now, and at the end of each of 30 days.

    Earlier days are at today's rates, so the line shows money and not currencies moving. Trading
    accounts follow their own line where there is one: the books know when we heard of a deal, the
    account when it was made.
    """
    facts = work.settings(TenantFacts)
    base = facts.base_currency
    today = business_day(work.now, facts.time_zone)
    days = [today - timedelta(days=n) for n in range(LINE_DAYS - 1, -1, -1)]
    untils = [day_bounds(day, facts.time_zone)[1] for day in days]
    rows = await work.table(
        BALANCES_OVER_TIME, {"client": client, "untils": untils, "first": untils[0]}
    )
    worth = await hooks.worth(work, client)
    now, totals = Money.zero(base), [Money.zero(base) for _ in days]
    for n, currency, kind, balance in rows:
        if not balance or not known.knows(currency, base):
            continue
        booked = known.convert(Money(Decimal(balance), currency), base)
        now = now + booked if n == len(days) else now
        if kind != PLATFORM or not worth:
            totals[n - 1] += booked
    for currency, line in worth.items():
        for at, value in enumerate(line if known.knows(currency, base) else ()):
            totals[at] += known.convert(Money(value, currency), base)
    return now, [*(total.amount for total in totals[:-1]), now.amount]


async def entry_view(work: Work, entry: UUID) -> EntryView:
    """An entry with everything its page says. Raises NotFound outside the reader's scope."""
    row = await work.get(Entry, entry)
    rows = await work.table(
        select(Leg, LedgerAccount)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(Leg.entry == entry)
        .order_by(Leg.line, Leg.amount)
    )
    owners = {account.owner for _, account in rows if account.owner is not None}
    await reach(work, owners)
    known = await names(work, [row.posted_by, *owners])
    sides = [
        Side(
            accounts.of_row(account),
            kinds.account(account.kind),
            known.get(account.owner, "") if account.owner else account.code.partition(":")[2],
            Money(leg.amount, leg.currency),
            Money(leg.balance, leg.currency) if leg.balance is not None else None,
        )
        for leg, account in rows
    ]
    quote = None
    if row.ref_kind == "fx-quote" and row.ref is not None:
        promised = await work.session.get(FxQuote, row.ref)
        quote = Promise.of(promised) if promised is not None else None
    return EntryView(
        row,
        kinds.of(row.kind, row.ref_kind),
        sides,
        known.get(row.posted_by, "") if row.posted_by else "",
        path(hooks.paths, row.ref_kind, row.ref),
        await work.first(select(Entry.id).where(Entry.reverses == entry)),
        quote,
    )


async def reach(work: Work, owners: Iterable[UUID]) -> None:
    """Raises NotFound unless one of these clients is within the reader's scope (or none is named)."""
    wanted = set(owners)
    if not wanted:
        return
    seen = await work.value(
        select(func.count())
        .select_from(LedgerAccount)
        .where(LedgerAccount.owner.in_(wanted), hooks.within(work, LedgerAccount.owner))
    )
    if not seen:
        raise NotFound


async def known_client(work: Work, client: UUID) -> str:
    """A client's name, for staff who may see them. Raises NotFound."""
    person = await work.session.get(Person, client)
    if person is None or person.kind != "client":
        raise NotFound
    if not await work.rows(
        select(Person.id).where(Person.id == client, hooks.within(work, Person.id))
    ):
        raise NotFound
    return (await names(work, [client])).get(client, "")


def path(known: dict[str, str], kind: str | None, row: UUID | None) -> str:
    """The page of what a posting is about, where its module has told us one."""
    pattern = known.get(kind or "")
    return pattern.replace("{id}", str(row)) if pattern else ""


async def base_rates(work: Work) -> tuple[str, Rates]:
    return work.settings(TenantFacts).base_currency, await rates.table(work)
