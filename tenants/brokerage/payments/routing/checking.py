"""Asks every provider once a night whether its API still is what its connector speaks.

A key that was withdrawn, an account that was closed, an answer in another shape: found at night and
told in the morning, not by the first client who wants to pay.

await sweep(open_work)                       every few minutes; asks whom nobody asked this night
await tried(open_work, psp) -> Found         one provider now; written down, whoever asked
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from brokerage.payments.psp import providers
from brokerage.payments.routing import watching
from brokerage.payments.settings import PaymentsSettings
from stoa.connectors.checks import Check
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_NIGHT: Final = timedelta(hours=3)
"""After midnight on the tenant's clock: when few pay, and hours before finance begins."""
_MOST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class Found:
    """What a test found. `newly` when the one before found nothing wrong, or there was none."""

    checks: list[Check]
    newly: bool

    @property
    def fine(self) -> bool:
        return all(one.fine for one in self.checks)


async def sweep(open_work: OpenWork) -> None:
    """Everyone who was not asked since last night; one that fails is told once, until it is well."""
    async with open_work() as work:
        due = await _due(work)
    for psp in due:
        found = await tried(open_work, psp)
        if not found.fine and found.newly:
            async with open_work() as work:
                await watching.tell_people(
                    work, N_("{psp} no longer answers as it should; look at its page"), psp
                )


async def tried(open_work: OpenWork, psp: str) -> Found:
    """Test the connection and write down what was found."""
    checks = await providers.tested(open_work, psp)
    async with open_work() as work:
        return Found(checks, await _keep(work, psp, checks))


async def _keep(work: Work, psp: str, checks: list[Check]) -> bool:
    row = (await watching.locked(work, [psp]))[psp]
    was_well = row.well is not False
    row.checked_at = work.now
    row.checks = [
        msgspec.to_builtins(msgspec.structs.replace(one, text=one.text[:_MOST_TEXT]))
        for one in checks
    ]
    work.announce("desk|psps")
    return was_well


async def _due(work: Work) -> list[str]:
    night = last_night(work.now, work.settings(TenantFacts).time_zone)
    known = await watching.states(work)
    asked = {psp: row.checked_at for psp, row in known.items() if row.checked_at is not None}
    return [
        psp.code
        for psp in work.settings(PaymentsSettings).psps
        if psp.on and (psp.code not in asked or asked[psp.code] < night)
    ]


def last_night(now: datetime, zone: str) -> datetime:
    """The newest 03:00 on the tenant's clock that is not to come."""
    today = business_day(now, zone)
    night = day_bounds(today, zone)[0] + _NIGHT
    return night if night <= now else day_bounds(today - timedelta(days=1), zone)[0] + _NIGHT
