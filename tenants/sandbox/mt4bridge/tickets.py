"""The engine's deals as MT4's tickets: one number from opening to closing, a new one for each rest.

A ticket of a trade is twice the engine's order number, of money twice the deal's and one, so that
the two never meet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandbox.trading.amounts import share
from sandbox.trading.book import Account
from sandbox.trading.records import Action, Deal, Entry

BALANCE, CREDIT = 6, 7


@dataclass(frozen=True)
class Ticket:
    """Times in UTC milliseconds, money in minor units, volume in 1/10,000 lot, prices in points."""

    ticket: int
    login: int
    cmd: int
    volume: int
    root: int
    volume_opened: int = 0
    symbol: str = ""
    opened: int = 0
    open_price: int = 0
    closed: int = 0
    close_price: int = 0
    profit: int = 0
    swap: int = 0
    commission: int = 0
    by: int = 0
    reason: int = 0
    comment: str = ""
    deal: int = 0
    """The engine's deal that ended it, or was it."""


def of_trade(order: int) -> int:
    return order * 2


def of_money(deal: int) -> int:
    return deal * 2 + 1


def position_of(root: int) -> int:
    """The engine's position of a root ticket."""
    return root // 2


def tickets(account: Account) -> list[Ticket]:
    """All of an account, ended ones and open ones, by number."""
    ended: list[Ticket] = []
    open_now: dict[int, Ticket] = {}
    whole: dict[int, tuple[int, int]] = {}
    for deal in account.deals:
        if not deal.trade:
            ended.append(_money(deal))
        elif deal.entry == Entry.IN and deal.position not in open_now:
            open_now[deal.position] = _opened(deal)
            whole[deal.position] = (deal.volume, deal.commission)
        elif deal.position in open_now and deal.entry in (Entry.OUT, Entry.OUT_BY):
            held = open_now.pop(deal.position)
            done, rest = _closed(held, deal, whole[deal.position])
            ended.append(replace(done, by=_other(deal)))
            if rest is not None:
                open_now[deal.position] = rest
    return sorted((*ended, *open_now.values()), key=lambda one: one.ticket)


def waiting(account: Account) -> int:
    """Commission the engine has taken at the opening, and MT4 takes with the closing."""
    return sum(one.commission for one in _open(account))


def _open(account: Account) -> Iterator[Ticket]:
    return (one for one in tickets(account) if not one.closed)


def _money(deal: Deal) -> Ticket:
    cmd = CREDIT if deal.action == Action.CREDIT else BALANCE
    number = of_money(deal.deal)
    return Ticket(
        ticket=number,
        login=deal.login,
        cmd=cmd,
        volume=0,
        root=number,
        opened=deal.time,
        closed=deal.time,
        profit=deal.profit,
        comment=deal.comment,
        deal=deal.deal,
    )


def _opened(deal: Deal) -> Ticket:
    number = of_trade(deal.position)
    return Ticket(
        ticket=number,
        login=deal.login,
        cmd=deal.action,
        volume=deal.volume,
        root=number,
        volume_opened=deal.volume,
        symbol=deal.symbol,
        opened=deal.time,
        open_price=deal.price,
        commission=deal.commission,
        reason=deal.reason,
        comment=deal.comment,
        deal=deal.deal,
    )


def _closed(held: Ticket, deal: Deal, whole: tuple[int, int]) -> tuple[Ticket, Ticket | None]:
    """The ticket with its ended part, and the new ticket of the rest."""
    volume, paid = whole
    last = deal.volume == held.volume
    opening = held.commission if last else share(paid * deal.volume, volume)
    rest = None
    if not last:
        rest = replace(
            held,
            ticket=of_trade(deal.order),
            volume=held.volume - deal.volume,
            volume_opened=0,
            commission=held.commission - opening,
            comment=f"from #{held.ticket}",
        )
    told = deal.comment or held.comment
    if deal.entry == Entry.OUT_BY:
        told = f"close hedge by #{of_trade(int(deal.comment.rpartition('#')[2]))}"
    elif rest is not None:
        told = f"to #{rest.ticket}"
    done = replace(
        held,
        volume=deal.volume,
        closed=deal.time,
        close_price=deal.price,
        profit=deal.profit,
        swap=deal.storage,
        commission=opening + deal.commission,
        reason=deal.reason,
        comment=told,
        deal=deal.deal,
    )
    return done, rest


def _other(deal: Deal) -> int:
    """The root of the other position of a close-by: its number stands in the engine's comment."""
    if deal.entry != Entry.OUT_BY:
        return 0
    return of_trade(int(deal.comment.rpartition("#")[2]))
