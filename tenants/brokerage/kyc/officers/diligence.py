"""More diligence (EDD): due by what a client pays in, done when an officer says why."""

from typing import Final
from uuid import UUID

from sqlalchemy import all_, literal, select

from brokerage.clients import queries as people
from brokerage.clients.model import Client
from brokerage.kyc import screenings, standing
from brokerage.kyc.model import KycStanding
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.settings import KycSettings
from brokerage.ledger import rates
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid, NotFound, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

BATCH: Final = 500
LEAST_REASON: Final = 3


async def sweep(open_work: OpenWork) -> None:
    """Note who has paid in more than their jurisdiction lets pass without a closer look."""
    async with open_work() as work:
        base = work.settings(TenantFacts).base_currency
        for pack in work.settings(KycSettings).packs:
            over = pack.extra.deposits_over
            if over is None:
                continue
            try:
                limit = await rates.convert(work, over, base)
            except Unavailable:
                continue
            for row in await _over(work, pack.code, limit, f"deposits over {over}"):
                await note(work, row.client, f"deposits over {over}")


async def _over(work: Work, pack: str, limit: Money, reason: str) -> list[KycStanding]:
    rows = await work.rows(
        select(KycStanding)
        .join(Client, Client.id == KycStanding.client)
        .where(
            KycStanding.pack == pack,
            Client.deposits_total > limit.amount,
            literal(reason) != all_(KycStanding.extra_seen),
        )
        .order_by(KycStanding.client)
        .limit(BATCH)
    )
    return list(rows)


async def note(work: Work, client: UUID, reason: str) -> None:
    """From now on more diligence is due, and a large withdrawal waits for it."""
    row = await standing.locked(work, client)
    if reason not in row.extra:
        row.extra = [*row.extra, reason[:120]]
        row.extra_seen = sorted({*row.extra_seen, reason[:120]})
    work.announce("desk|kyc", f"desk|client-{client}")


async def done(work: Work, client: UUID, reason: str) -> None:
    """An officer has looked: why it is fine is kept. A possible match is decided by itself."""
    work.require(Kyc.DECIDE)
    await people.seen(work, client)
    why = reason.strip()
    if len(why) < LEAST_REASON:
        raise Invalid("Please say why; it is kept with the decision.", field="reason")
    row = await standing.locked(work, client)
    if not row.extra:
        raise NotFound
    if screenings.MATCH in row.extra:
        raise Conflict("Decide each possible match first. Nothing was changed.", code="hits-open")
    row.extra_sealed = work.seal(client, "kyc_standing.extra", why)
    row.extra, row.extra_done_at, row.extra_done_by = [], work.now, work.actor.id
    work.subject = client
    work.announce("desk|kyc", f"desk|client-{client}")
