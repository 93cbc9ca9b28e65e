"""Decisions of trading: which group, which leverage, whether a deal is a trade that closed."""

import secrets
import string
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from brokerage.trading.settings import Server, TradingProduct
from brokerage.trading.values import Deal, Entry
from stoa.kernel.refusals import Conflict, Invalid

_LENGTH: Final = 12
CLOSING: Final = frozenset({"out", "reversal", "out-by"})


def group_for(
    server: Server, *, pack: str, currency: str, product: str = "", entity: str = ""
) -> str:
    """The first group of the server that fits. Raises Conflict when none does."""
    for rule in server.groups:
        if rule.when.fits(pack=pack, currency=currency, product=product, entity=entity):
            return rule.group
    raise Conflict(
        "No account of this kind is offered for {currency} where you live. Nothing was opened.",
        code="no-group",
        currency=currency,
    )


def leverage_for(product: TradingProduct, asked: int | None, cap: int | None) -> int:
    """The leverage asked for, or the highest offered, within the cap. Raises Invalid."""
    offered: Sequence[int] = sorted(product.leverages)
    allowed = [one for one in offered if cap is None or one <= cap] or [offered[0]]
    if asked is None:
        return allowed[-1]
    if asked not in offered:
        raise Invalid("Choose one of the offered leverages.", field="leverage")
    if asked not in allowed:
        raise Invalid(
            "Your leverage is limited to 1:{cap} by the rules where you live.",
            field="leverage",
            cap=cap,
        )
    return asked


def nearest(product: TradingProduct, now: int, cap: int | None) -> int:
    """The leverage nearest to what an account has among what a product offers within the cap."""
    offered = sorted(product.leverages)
    allowed = [one for one in offered if cap is None or one <= cap] or offered[:1]
    return min(allowed, key=lambda one: (abs(one - now), one))


def password() -> str:
    """Twelve characters a trading server accepts: small, capital, digit and sign among them."""
    pools = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%+-_")
    chosen = [secrets.choice(pool) for pool in pools]
    everything = "".join(pools)
    chosen += [secrets.choice(everything) for _ in range(_LENGTH - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def closed_lots(deal: Deal) -> Decimal:
    """Lots a closing deal closed: of one that turns a position round, only those that closed it."""
    return deal.lots_closed if deal.entry is Entry.REVERSAL else deal.lots


def result_of(profit: Decimal, swap: Decimal, commission: Decimal) -> Decimal:
    """What a deal did to the balance."""
    return profit + swap + commission
