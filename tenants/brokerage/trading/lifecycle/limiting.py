"""Limits on an account: each source has its own, the strictest of all is what the server is told."""

from uuid import UUID

from brokerage.trading import connectors
from brokerage.trading.connector import Access
from brokerage.trading.lifecycle import rules
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.writing import open_of, own, said, staff, write
from brokerage.trading.model import TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work


def possible(work: Work, server: str) -> frozenset[Access]:
    """What a server's platform can limit an account to."""
    known = work.settings(TradingSettings).server(server)
    if known is None:
        return frozenset()
    return connectors.named(known.connector).capabilities.access


async def access(work: Work, account: UUID, to: Access, why: str) -> AccountRequest:
    """Staff limit what may be done on an account, or lift it with `full`; nobody else is asked."""
    row = await own(work, account)
    if not staff(work):
        raise NotFound
    said(why)
    if to not in possible(work, row.server):
        raise Invalid(
            "This platform cannot limit an account so. Nothing was changed.", field="access"
        )
    return await limit(work, row, "staff", None if to is Access.FULL else to, why)


async def limit(
    work: Work, row: TradingAccount, source: str, to: Access | None, why: str
) -> AccountRequest:
    """One source's limit on an account, or its end; the strictest of all holds. `row` is locked."""
    limits = dict(row.limits or {})
    limits.pop(source, None)
    if to is not None:
        by = work.actor.name[:80] if source == "staff" else ""
        limits[source] = {"access": str(to), "why": why[:300], "by": by, "at": str(work.now)}
    row.limits = limits
    wants = {"access": str(rules.strictest(limits))}
    already = await open_of(work, row.id, Wish.ACCESS)
    if already is not None and already.state != RequestState.SENDING:
        # Not sent yet: it carries what holds now.
        already.wants, already.note = wants, why[:400]
        return already
    if already is not None:
        # What is being sent is looked at again when it has ended (`settling`).
        return already
    return await write(work, row, Wish.ACCESS, wants, rules.yes(source), note=why)
