"""What verification says about a client's trading: the jurisdiction pack and its leverage cap."""

from uuid import UUID

from brokerage.kyc import standing
from stoa.tenancy.work import Work


async def terms(work: Work, client: UUID) -> tuple[str, int | None]:
    """The pack's code and the highest leverage it allows (None: no cap)."""
    found = await standing.limits(work, client)
    cap = found.leverage()
    return found.pack.code, cap.leverage if cap is not None else None
