"""What something would cost a client now, by the schedule in force: asked before it is confirmed.

fee = await quoted(work, client, "withdrawal", money, method="bank")
left = await free_left(work, client, line)              of this month's free ones
"""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from brokerage.clients.model import Client
from brokerage.fees import hooks, rules
from brokerage.fees.rules import About, Fee
from brokerage.fees.settings import FeeLine, FeeSettings
from brokerage.ledger import rates
from stoa.kernel.money import Money
from stoa.tenancy import settings
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

SLICE = "fees"


async def quoted(
    work: Work,
    client: UUID,
    on: str,
    money: Money,
    *,
    method: str = "",
    short: FeeLine | None = None,
) -> Fee:
    """The fee in the currency of the amount; none where no line fits.

    `short` is what the method itself says in the settings of payments, where the schedule is silent.
    """
    line = await line_for(work, client, on, money.currency, method)
    source = SLICE
    if line is None:
        line, source = short, "payments"
    if line is None:
        return Fee(Money.zero(money.currency))
    priced = await rates.table(work)
    free = bool(line.free_per_month) and bool(await free_left(work, client, line, method))
    kept = Money.zero(money.currency) if free else rules.amount(line, money, priced.convert)
    return Fee(
        kept,
        line=line.name,
        source=source,
        version=await settings.version_of(work, source),
        free=free,
        percent=format(line.percent.normalize(), "f"),
        fixed=str(line.fixed.money) if line.fixed is not None else "",
    )


async def line_for(
    work: Work, client: UUID, on: str, currency: str, method: str = ""
) -> FeeLine | None:
    """The line of the schedule in force that fits this person and what they do."""
    lines = work.settings(FeeSettings).lines
    if not lines:
        return None
    row = await work.get(Client, client)
    return rules.fitting(
        lines,
        About(
            on=on,
            currency=currency,
            method=method,
            country=row.country,
            level=row.level,
            segments=tuple(row.tags),
        ),
    )


async def free_left(work: Work, client: UUID, line: FeeLine, method: str = "") -> int:
    """How many of this month's free ones the client still has."""
    count = hooks.uses.get(line.on)
    if not line.free_per_month or count is None:
        return 0
    used = await count(work, client, method if line.methods else "", month_began(work))
    return max(line.free_per_month - used, 0)


def month_began(work: Work) -> datetime:
    """The first instant of the month on the tenant's clock."""
    zone = ZoneInfo(work.settings(TenantFacts).time_zone)
    here = work.now.astimezone(zone)
    return datetime(here.year, here.month, 1, tzinfo=zone).astimezone(UTC)
