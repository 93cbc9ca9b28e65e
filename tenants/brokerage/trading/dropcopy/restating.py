"""Corrections and cancels: what was booked is taken back, and what is true now is booked instead.

The whole of the account's executions in that symbol is netted twice, as it was and as it is; every
execution whose deals differ has them reversed and booked anew. A cancelled opening so turns what
closed it into an opening of its own, and the rewards of both follow.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import text

from brokerage.trading.connectors.fix.executions import Execution, What
from brokerage.trading.dropcopy import filed, netting
from brokerage.trading.dropcopy.booking import Books, Waits, deal_of
from brokerage.trading.dropcopy.filed import Filed
from brokerage.trading.dropcopy.netting import DEALS_OF_ONE, Fill, Held, Leg
from brokerage.trading.model import QuarantinedDeal
from brokerage.trading.values import Deal, DealKind, Entry
from stoa.kernel.ids import uuid7
from stoa.kernel.money import EXACT
from stoa.theming.texts import N_

STANDING: Final = text(
    "select d.number, d.kind, d.entry, d.symbol, d.lots, d.lots_closed, d.contract_size, d.price, "
    "d.profit, d.swap, d.commission, d.position, d.reverses "
    "from unnest(cast(:roots as bigint[])) as r(root) join deal d on d.server = :server "
    "and d.number >= r.root * :step and d.number < (r.root + 1) * :step order by d.number"
)


async def restate(books: Books, one: Filed) -> None:
    """Book what a correction or cancel changes.

    What it is about and cannot be found is put aside for a person. Raises Waits.
    """
    execution = one.execution
    about = await filed.named(books.work, books.session.server, execution.ref, one.id)
    if about is None or about.execution.what is What.CANCEL:
        what = "was never told of" if about is None else "is itself a cancel"
        _aside(books, one, f"{execution.what} of ExecID {execution.ref}, which {what}")
        return
    if about.execution.account != execution.account:
        _aside(books, one, f"{execution.what} of ExecID {execution.ref} of another account")
        return
    known = await filed.all_of(books.work, books.session.server, execution.account, one.id)
    before = _effective(known)
    after = _effective([*known, one])
    root = _root(known, about)
    if root not in before:
        _aside(
            books, one, f"{execution.what} of ExecID {execution.ref}, which is cancelled already"
        )
        return
    await _book(books, one, before, after)


def _effective(rows: list[Filed]) -> dict[int, Execution]:
    """What stands of a list of executions, by the message that first told of each."""
    roots: dict[str, int] = {}
    standing: dict[int, Execution] = {}
    for row in rows:
        execution = row.execution
        if execution.what is What.TRADE:
            roots[execution.exec_id] = row.id
            standing[row.id] = execution
            continue
        root = roots.get(execution.ref)
        if root is None or root not in standing:
            continue
        if execution.account != standing[root].account:
            continue
        if execution.what is What.CANCEL:
            del standing[root]
        else:
            roots[execution.exec_id] = root
            standing[root] = execution
    return standing


def _root(rows: list[Filed], about: Filed) -> int:
    """The message that first told of what a report is about, through corrections of corrections."""
    names = {row.execution.exec_id: row for row in rows}
    found = about
    for _ in range(len(rows) + 1):
        if found.execution.what is What.TRADE:
            break
        found = names.get(found.execution.ref, found)
    return found.id


async def _book(
    books: Books, one: Filed, before: dict[int, Execution], after: dict[int, Execution]
) -> None:
    """Net each symbol that is touched as it was and as it is, and tell the difference."""
    login, owner = books.owners[one.execution.account]
    changed = [root for root in before if after.get(root) != before[root]]
    names = {each.symbol for root in changed for each in (before[root], after.get(root)) if each}
    reversals: list[Deal] = []
    restated: list[Deal] = []
    places: list[tuple[str, Held | None, Decimal]] = []
    for symbol in sorted({books.terms(name).instrument.symbol for name in names}):
        was, now = _of(books, before, symbol), _of(books, after, symbol)
        old, _ = netting.run(was)
        new, held = netting.run(now)
        places.append((symbol, held, now[-1].price if now else was[-1].price))
        moved = netting.changed(old, new)
        stored = await _stored(books, [root for root, _ in moved])
        for root, legs in moved:
            rows, following = stored[root]
            back = [_reversal(row, login, following + at, one) for at, row in enumerate(rows)]
            reversals += back
            following += len(back)
            if legs:
                rate = await _rate(books, rows, old.get(root, []), after[root], owner.currency)
                restated += _legs(books, legs, after[root], following, rate)
            if following + len(legs) >= (root + 1) * DEALS_OF_ONE:
                raise Waits(N_("an execution was changed more often than can be told"))
    for symbol, held, price in places:
        books.put((owner.account, symbol), held, price)
    books.told += [*reversals, *restated]


def _of(books: Books, standing: dict[int, Execution], symbol: str) -> list[Fill]:
    """The fills of one symbol, whatever each report called it, in their order."""
    terms = {each.symbol: books.terms(each.symbol) for each in standing.values()}
    return [
        books.fill(root, each, terms[each.symbol])
        for root, each in sorted(standing.items())
        if terms[each.symbol].instrument.symbol == symbol
    ]


def _legs(
    books: Books, legs: list[Leg], execution: Execution, first: int, rate: Decimal
) -> list[Deal]:
    login, owner = books.owners[execution.account]
    terms = books.terms(execution.symbol)
    fees = [execution.commission, *[Decimal(0)] * len(legs)]
    return [
        deal_of(leg, terms, owner, login, first + at, rate, fees[at], execution.exec_id)
        for at, leg in enumerate(legs)
    ]


async def _rate(
    books: Books, rows: list[Any], legs: list[Leg], execution: Execution, currency: str
) -> Decimal:
    """The rate a deal was booked at, so that restating it does not move its money by another."""
    terms = books.terms(execution.symbol)
    if terms.profit_in == currency:
        return Decimal(1)
    for row, leg in zip(rows, legs, strict=False):
        if leg.gain and row.profit:
            gain = EXACT.multiply(leg.gain, terms.instrument.contract_size)
            return EXACT.divide(row.profit, gain)
    return await books.rate(terms.profit_in, currency)


async def _stored(books: Books, roots: list[int]) -> dict[int, tuple[list[Any], int]]:
    """The deals that stand of some executions, and the number for the next of each."""
    asked = {"roots": roots, "server": books.session.server, "step": DEALS_OF_ONE}
    rows = await books.work.table(STANDING, asked)
    back = {row.reverses for row in rows}
    found: dict[int, tuple[list[Any], int]] = {root: ([], root * DEALS_OF_ONE) for root in roots}
    for row in rows:
        root = row.number // DEALS_OF_ONE
        standing, _next = found[root]
        if row.reverses is None and row.number not in back:
            standing.append(row)
        found[root] = (standing, row.number + 1)
    return found


def _reversal(row: Any, login: int, number: int, one: Filed) -> Deal:
    return Deal(
        deal=number,
        login=login,
        kind=DealKind(row.kind),
        entry=Entry(row.entry),
        at=one.execution.at,
        symbol=row.symbol,
        lots=-row.lots,
        lots_closed=-row.lots_closed,
        contract_size=row.contract_size,
        price=row.price,
        profit=-row.profit,
        swap=-row.swap,
        commission=-row.commission,
        position=row.position,
        order=0,
        rate_profit=Decimal(1),
        comment=f"takes back #{row.number}: {one.execution.exec_id}"[:64],
        reverses=row.number,
    )


def _aside(books: Books, one: Filed, why: str) -> None:
    login, _ = books.owners[one.execution.account]
    books.work.add(
        QuarantinedDeal(
            id=uuid7(),
            server=books.session.server,
            login=login,
            raw=msgspec.json.encode(one.execution).decode()[:4000],
            why=why[:400],
            at=books.work.now,
        )
    )
