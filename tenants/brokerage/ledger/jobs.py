"""Timed work: fresh rates, and quotes nobody used."""

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import delete

from brokerage.ledger import hooks, rates
from brokerage.ledger.fx import FxQuote
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import OpenWork

log = structlog.get_logger("stoa.rates")

_KEEP_UNUSED: Final = timedelta(days=1)


async def refresh_rates(open_work: OpenWork) -> None:
    """Read every source with no transaction open, then store what it said.

    A source that fails leaves its last prices; they grow stale and exchange stops by itself.
    """
    for name, read in hooks.rate_sources.items():
        try:
            mids = await read(open_work)
        except (Refusal, OSError, TimeoutError) as why:
            log.warning("rates not read", source=name, why=str(why))
            continue
        async with open_work() as work:
            await rates.store(work, mids, name)
    async with open_work() as work:
        await rates.store_manual(work)


async def forget_unused_quotes(open_work: OpenWork) -> None:
    """Promises nobody took are of no use after a day."""
    async with open_work() as work:
        await work.run(
            delete(FxQuote)
            .where(FxQuote.used_at.is_(None), FxQuote.expires_at < work.now - _KEEP_UNUSED)
            .execution_options(synchronize_session=False)
        )
