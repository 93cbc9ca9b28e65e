"""Opening and closing: market deals, partial closes, close-by, netting and reversals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as changed

from sandbox.trading import nightly, rules
from sandbox.trading.amounts import RATE, share
from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.market import Quote
from sandbox.trading.records import (
    Action,
    Deal,
    Entry,
    Order,
    Position,
    PositionGone,
    Reason,
    Record,
    State,
)
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.symbols import SYMBOLS, digits_of
from sandbox.trading.valuation import full_margin, needed, points_of, profit, worth


@dataclass(frozen=True)
class Want:
    """What somebody wants to trade at the market. Prices in points, volume in 1/10,000 lot."""

    symbol: str
    side: Action
    volume: int
    reason: int = Reason.CLIENT
    sl: int = 0
    tp: int = 0
    comment: str = ""
    expert: int = 0
    dealer: int = 0


def trade(
    floor: Floor, account: Account, want: Want, at: int, *, order: Order | None = None
) -> Deal:
    """Execute at the market; ``order`` is the pending order that led here, if one did.

    Raises:
        RefusedError: with the platform's code, when the request may not be done.
    """
    symbol = rules.allowed(floor, account, want.symbol, at, want.reason)
    rules.check_volume(symbol, want.volume)
    quote = floor.quote(account, symbol, at)
    rules.check_stops(want.side, quote.bid, quote.ask, want.sl, want.tp)
    want = replace(want, comment=want.comment[: rules.COMMENT])
    against = _against(floor, account, want)
    if against is None or want.volume > against.volume:
        rules.may_open(account, want.reason)
    if against is None:
        return _add(floor, account, want, at, quote=quote, order=order)
    also = [] if order is None else [_filled(order, against.position, at)]
    if want.volume <= against.volume:
        return close(
            floor,
            account,
            against,
            at,
            volume=want.volume,
            reason=want.reason,
            comment=want.comment,
            dealer=want.dealer,
            also=also,
        )
    return _reverse(floor, account, want, against, at, also=also)


def close(
    floor: Floor,
    account: Account,
    position: Position,
    at: int,
    *,
    volume: int | None = None,
    reason: int = Reason.CLIENT,
    comment: str = "",
    dealer: int = 0,
    also: Sequence[Record] = (),
) -> Deal:
    """Close a position, or a part of it, at the price of the moment."""
    position = nightly.accrued(floor, account, position, at)
    volume = position.volume if volume is None else volume
    uneven = volume != position.volume and volume % SYMBOLS[position.symbol].volume_step
    if uneven or not 0 < volume <= position.volume:
        raise RefusedError(Ret.INVALID_VOLUME)
    price = floor.closing_price(account, position, at)
    deal, rest = _closing(floor, account, position, at, volume=volume, price=price)
    deal = changed(deal, reason=reason, comment=comment[: rules.COMMENT], dealer=dealer)
    floor.commit(account, [deal, rest, *also])
    return deal


def close_by(
    floor: Floor, account: Account, position: Position, other: Position, at: int
) -> tuple[Deal, Deal]:
    """Close two opposite positions of a symbol against each other, without a spread."""
    if position.symbol != other.symbol or position.action == other.action:
        raise RefusedError(Ret.REQUEST_INVALID)
    position = nightly.accrued(floor, account, position, at)
    other = nightly.accrued(floor, account, other, at)
    volume = min(position.volume, other.volume)
    order = floor.book.next_order()
    met = share(other.cost, other.volume)
    first, first_rest = _closing(floor, account, position, at, volume=volume, price=met)
    second, second_rest = _closing(floor, account, other, at, volume=volume, price=met)
    first, second = (
        changed(deal, order=order, entry=Entry.OUT_BY, commission=0, comment=f"close by #{by}")
        for deal, by in ((first, other.position), (second, position.position))
    )
    floor.commit(account, [first, changed(second, profit=0, raw=0), first_rest, second_rest])
    return first, second


def _against(floor: Floor, account: Account, want: Want) -> Position | None:
    """On a netting account, the opposite position of the symbol, if there is one."""
    held = _held(floor, account, want.symbol)
    return held if held is not None and held.action != want.side else None


def _held(floor: Floor, account: Account, symbol: str) -> Position | None:
    if not floor.group(account).netting:
        return None
    return next((each for each in account.positions.values() if each.symbol == symbol), None)


def _add(
    floor: Floor, account: Account, want: Want, at: int, *, quote: Quote, order: Order | None
) -> Deal:
    """Open a position, or on a netting account make the one there larger."""
    symbol, group = SYMBOLS[want.symbol], floor.group(account)
    fee = rules.commission(group, symbol, want.volume)
    _afford(floor, account, want, at, free=worth(floor, account, at).free + fee)
    price = quote.bid if want.side == Action.SELL else quote.ask
    ticket = order.order if order is not None else floor.book.next_order()
    held = _held(floor, account, want.symbol)
    position = _new_position(floor, account, want, at, price=price, ticket=ticket)
    if held is not None:
        held = nightly.accrued(floor, account, held, at)
        position = changed(
            held,
            volume=held.volume + position.volume,
            cost=held.cost + position.cost,
            margin=held.margin + position.margin,
            updated=at,
        )
    deal = changed(
        _deal_in(floor, want, position, price, at),
        order=ticket,
        login=account.login,
        commission=fee,
        rate_profit=floor.market.rate(symbol.profit, group.currency, at),
    )
    records: list[Record] = [deal, position]
    if order is not None:
        records.append(_filled(order, position.position, at))
    floor.commit(account, records)
    return deal


def _afford(floor: Floor, account: Account, want: Want, at: int, *, free: int) -> None:
    """Refuse what margin does not carry; a position that covers another one needs no more."""
    covered = sum(
        each.volume
        for each in account.positions.values()
        if each.symbol == want.symbol and each.action != want.side
    )
    alone = max(0, want.volume - covered)
    if needed(floor, account, SYMBOLS[want.symbol], alone, at) > free:
        raise RefusedError(Ret.NO_MONEY)


def _new_position(
    floor: Floor, account: Account, want: Want, at: int, *, price: int, ticket: int
) -> Position:
    symbol, currency = SYMBOLS[want.symbol], floor.group(account).currency
    rate = floor.market.rate(symbol.margin_currency, currency, at)
    return Position(
        position=ticket,
        login=account.login,
        symbol=want.symbol,
        action=want.side,
        volume=want.volume,
        cost=price * want.volume,
        created=at,
        updated=at,
        swap_day=floor.zone.day(at),
        margin=full_margin(symbol, want.volume, price, rate, digits_of(currency)),
        rate_margin=rate,
        sl=want.sl,
        tp=want.tp,
        reason=want.reason,
        expert=want.expert,
        dealer=want.dealer,
        comment=want.comment,
    )


def _deal_in(floor: Floor, want: Want, position: Position, price: int, at: int) -> Deal:
    return Deal(
        deal=floor.book.next_deal(),
        login=position.login,
        action=want.side,
        time=at,
        comment=want.comment,
        reason=want.reason,
        dealer=want.dealer,
        entry=Entry.IN,
        symbol=want.symbol,
        price=price,
        volume=want.volume,
        position=position.position,
        sl=want.sl,
        tp=want.tp,
        rate_margin=position.rate_margin,
        expert=want.expert,
    )


def _closing(
    floor: Floor, account: Account, position: Position, at: int, *, volume: int, price: int
) -> tuple[Deal, Record]:
    """The deal that takes ``volume`` out of a position at a price, and what is left of it."""
    symbol, group = SYMBOLS[position.symbol], floor.group(account)
    cost = share(position.cost * volume, position.volume)
    points = points_of(position, price, volume, cost)
    rate = floor.market.rate(symbol.profit, group.currency, at)
    storage = share(position.storage * volume, position.volume)
    deal = Deal(
        deal=floor.book.next_deal(),
        login=account.login,
        action=Action.BUY if position.action == Action.SELL else Action.SELL,
        time=at,
        profit=profit(symbol, points, rate, group.digits),
        order=floor.book.next_order(),
        entry=Entry.OUT,
        symbol=position.symbol,
        price=price,
        volume=volume,
        closed=volume,
        storage=storage,
        commission=rules.commission(group, symbol, volume),
        position=position.position,
        opened=share(position.cost, position.volume),
        sl=position.sl,
        tp=position.tp,
        raw=profit(symbol, points, RATE, digits_of(symbol.profit)),
        rate_profit=rate,
        rate_margin=position.rate_margin,
        expert=position.expert,
    )
    if volume == position.volume:
        return deal, PositionGone(account.login, position.position)
    rest = changed(
        position,
        volume=position.volume - volume,
        cost=position.cost - cost,
        margin=position.margin - share(position.margin * volume, position.volume),
        storage=position.storage - storage,
        updated=at,
    )
    return deal, rest


def _reverse(
    floor: Floor, account: Account, want: Want, held: Position, at: int, *, also: Sequence[Record]
) -> Deal:
    """On a netting account, close what is held and go on in the other direction: one deal."""
    symbol, group = SYMBOLS[want.symbol], floor.group(account)
    held = nightly.accrued(floor, account, held, at)
    price = floor.closing_price(account, held, at)
    deal, _ = _closing(floor, account, held, at, volume=held.volume, price=price)
    rest = replace(want, volume=want.volume - held.volume)
    released = needed(floor, account, symbol, held.volume, at)
    free = worth(floor, account, at).free + released
    if needed(floor, account, symbol, rest.volume, at) > free:
        raise RefusedError(Ret.NO_MONEY)
    deal = changed(
        deal,
        entry=Entry.IN_OUT,
        volume=want.volume,
        closed=held.volume,
        commission=rules.commission(group, symbol, want.volume),
        reason=want.reason,
        comment=want.comment,
    )
    turned = _new_position(floor, account, rest, at, price=price, ticket=held.position)
    floor.commit(account, [deal, turned, *also])
    return deal


def _filled(order: Order, position: int, at: int) -> Order:
    return changed(order, state=State.FILLED, done=at, position=position)
