"""Asks the providers that list disputes for those whose notice never came."""

from datetime import timedelta
from typing import Final

from brokerage.payments import callbacks
from brokerage.payments.connector import ListsDisputes
from brokerage.payments.psp import providers
from brokerage.payments.settings import PaymentsSettings
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import OpenWork

_BACK: Final = timedelta(days=120)
"""How far back disputes are asked for: longer than a card scheme lets one last."""


async def sweep(open_work: OpenWork) -> None:
    """Every hour: what a provider lists is taken up as if it had been told; known news are dropped."""
    async with open_work() as work:
        now = work.now
        codes = [one.code for one in work.settings(PaymentsSettings).psps if one.on]
    for code in codes:
        try:
            async with open_work() as work:
                connector = await providers.connected(work, code)
            if not isinstance(connector, ListsDisputes):
                continue
            found = await connector.disputes(now - _BACK, now)
        except Refusal:
            continue
        async with open_work() as work:
            await callbacks.listed(work, code, found)
