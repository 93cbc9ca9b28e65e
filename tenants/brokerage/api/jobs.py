"""What is swept away by the hour."""

from brokerage.api import once
from stoa.identity import api_clients
from stoa.tenancy.door import OpenWork


async def forget(open_work: OpenWork) -> None:
    """Tokens that are over, and answers whose keys have run out."""
    async with open_work() as work:
        await api_clients.forget_tokens(work)
        await once.forget(work)
