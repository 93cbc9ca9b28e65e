"""Work off the request: reading files, proving, the day's client money."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select, text

from brokerage.recon import client_money, files, matching, proofs, wires
from brokerage.recon.events import FileBrought, ProofAsked
from brokerage.recon.model import OutsideStatement
from brokerage.recon.orders import answers, leaving
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts

_THIN: Final = text(
    "delete from recon_proof p where p.at < :before and exists (select from recon_proof q "
    "where q.at > p.at and date_trunc('day', q.at) = date_trunc('day', p.at))"
)
_CATCH_UP: Final = 10
"""Days calculated late at once, after the worker was away."""


async def take_in(open_work: OpenWork, fact: FileBrought) -> None:
    """Read a file, match its lines, credit its wires, follow what a bank answers, prove. Safe to repeat at every step."""
    if not await files.read(open_work, fact.file):
        return
    matched = 0
    async with open_work() as work:
        of_file = await matching.of_file(work, fact.file)
    for source, currency in of_file:
        async with open_work() as work:
            matched += await matching.run(work, source, currency)
    matched += await answers.take(open_work, fact.file)
    matched += await wires.credit_all(open_work)
    matched += await leaving.pay_all(open_work)
    await files.concluded(open_work, fact.file, matched)
    await proofs.prove(open_work)


async def prove(open_work: OpenWork) -> None:
    """Every few minutes, where there is anything to prove."""
    async with open_work() as work:
        last = await proofs.latest(work)
        evidence = await work.first(select(OutsideStatement.id))
        if evidence is None and last is not None and work.now - last.at < timedelta(hours=1):
            return
    await wires.credit_all(open_work)
    await leaving.pay_all(open_work)
    await proofs.prove(open_work)


async def prove_now(open_work: OpenWork, _fact: ProofAsked) -> None:
    """What somebody asked for; repeating it proves again."""
    await wires.credit_all(open_work)
    await leaving.pay_all(open_work)
    await proofs.prove(open_work)


async def forget_proofs(open_work: OpenWork) -> None:
    """After a week one proof a day is enough: the last one of it."""
    async with open_work() as work:
        await work.run(_THIN, {"before": work.now - timedelta(days=7)})


async def close_day(open_work: OpenWork) -> None:
    """Calculate yesterday once it is over, and days that were missed; remind who signs."""
    async with open_work() as work:
        facts = work.settings(TenantFacts)
        yesterday = business_day(work.now, facts.time_zone) - timedelta(days=1)
        gaps = [*await client_money.missing(work)][:_CATCH_UP]
        days = sorted({yesterday, *gaps})
        _, over = day_bounds(yesterday, facts.time_zone)
        settled = over + timedelta(hours=1) <= work.now
    if settled:
        for day in days:
            async with open_work() as work:
                await client_money.calculate(work, day)
    async with open_work() as work:
        await client_money.remind(work)
