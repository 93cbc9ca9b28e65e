"""How deals count lots: what each opened and what each closed, once."""

from collections.abc import Iterable
from decimal import Decimal

from brokerage.trading.connector import Deal, Entry


def opened(deals: Iterable[Deal]) -> Decimal:
    """Lots that were opened; of a reversal only what it opened anew."""
    return sum((_opened(deal) for deal in deals if deal.kind.trade), Decimal(0))


def closed(deals: Iterable[Deal]) -> Decimal:
    """Lots that were closed: what partners are paid for."""
    return sum((_closed(deal) for deal in deals if deal.kind.trade), Decimal(0))


def _opened(deal: Deal) -> Decimal:
    match deal.entry:
        case Entry.IN:
            return deal.lots
        case Entry.REVERSAL:
            return deal.lots - deal.lots_closed
        case _:
            return Decimal(0)


def _closed(deal: Deal) -> Decimal:
    """As rewards count them: a closing deal's own lots, a reversal's closed part."""
    match deal.entry:
        case Entry.OUT | Entry.OUT_BY:
            return deal.lots
        case Entry.REVERSAL:
            return deal.lots_closed
        case _:
            return Decimal(0)
