"""What verification says about a client's trading: the jurisdiction pack and its leverage cap."""

from uuid import UUID

from brokerage.kyc import standing
from brokerage.kyc.levels import Cap
from brokerage.kyc.standing import Limits
from brokerage.trading.settings import TradingProduct
from stoa.tenancy.work import Work


async def terms(
    work: Work, client: UUID, product: TradingProduct | None = None
) -> tuple[str, int | None]:
    """The pack's code and the highest leverage it allows (None: no cap) on accounts of a product."""
    found = await standing.limits(work, client)
    cap = cap_for(found, product)
    return found.pack.code, cap.leverage if cap is not None else None


def cap_for(limits: Limits, product: TradingProduct | None) -> Cap | None:
    """An account has one leverage, so the highest cap of the classes it trades holds for it.

    The lower caps of other classes are the margin rates of the server's group.
    """
    if product is None or not product.classes:
        return limits.leverage()
    caps = [limits.leverage(group) for group in product.classes]
    return max((cap for cap in caps if cap is not None), key=lambda cap: cap.leverage, default=None)
