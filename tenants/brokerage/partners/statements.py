"""A partner's statement of a month: what was earned by symbol and campaign, what was paid, every line."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.clients import queries as clients
from brokerage.partners import payouts, queries
from brokerage.partners.model import Partner, PartnerPayout, PayoutState, Reward
from brokerage.partners.paying import periods
from brokerage.partners.paying.periods import Period
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.wordings import Said, for_what, taken_back
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming import papers, statuses, texts
from stoa.theming.brand import Brand
from stoa.theming.look import Look
from stoa.theming.texts import N_
from stoa.web.tables import files
from stoa.web.tables.declare import Column

MOST_ON_PAPER: Final = 3_000
MOST_LINES: Final = 200_000
COLUMNS: Final = (
    Column("at", N_("Deal at"), "when"),
    Column("deal", N_("Deal"), "code"),
    Column("symbol", N_("Symbol"), "strong"),
    Column("level", N_("Level"), "num"),
    Column("lots", N_("Lots"), "num"),
    Column("base", N_("Base"), "num"),
    Column("rate", N_("Rate"), "num"),
    Column("below", N_("Below"), "num"),
    Column("amount", N_("Reward"), "num"),
    Column("currency", N_("Currency"), "code"),
    Column("plan", N_("Plan"), "code"),
    Column("why", N_("Why")),
)
BY_SYMBOL: Final = text(f"""
select symbol, cast(sum(rewards) as bigint) as rewards, sum(lots) as lots, sum(amount) as amount from (
    select symbol, sum(rewards) as rewards, sum(amount) as amount, {queries.LOTS_ONCE} as lots from (
        select symbol, server, deal, client, kind, count(*) as rewards, sum(amount) as amount,
               {queries.LOTS_OF_KIND} as lots
        from reward where partner = :partner and deal_at >= :start and deal_at < :end
        group by 1, 2, 3, 4, 5
    ) k group by symbol, server, deal, client
) d group by symbol order by sum(amount) desc, symbol limit 200
""")  # noqa: S608 - every part is ours


def month(work: Work, code: str) -> Period:
    """A month of the tenant's calendar. Raises Invalid."""
    if len(code) != 7:
        raise Invalid("Write the month as year-month.", field="month")
    return periods.named(code, work.settings(TenantFacts).time_zone)


def months(work: Work, since: datetime) -> list[str]:
    """Since somebody joined, newest first; 36 at the most."""
    zone = work.settings(TenantFacts).time_zone
    here = periods.of_day("monthly", work.now.date(), zone)
    found: list[str] = []
    while len(found) < 36:
        found.append(here.code)
        if here.start <= since:
            break
        here = periods.last_closed("monthly", here.start + timedelta(hours=1), zone)
    return found


async def lines(work: Work, partner: UUID, period: Period, most: int = MOST_LINES) -> Sequence[Any]:
    return await work.table(
        select(
            Reward.deal_at, Reward.deal, Reward.symbol, Reward.depth, Reward.lots, Reward.base,
            Reward.rate, Reward.below, Reward.amount, Reward.currency, Reward.plan,
            Reward.plan_version, Reward.excluded, Reward.step, Reward.kind, Reward.server,
        )
        .where(
            Reward.partner == partner, Reward.deal_at >= period.start, Reward.deal_at < period.end
        )
        .order_by(Reward.deal_at, Reward.id)
        .limit(most)
    )  # fmt: skip


def why(row: Any) -> Said:
    """Why a line is none of a deal that earned, as kept."""
    return Said(row.excluded or taken_back(row.step, row.kind))


def cells(row: Any) -> list[Any]:
    return [
        row.deal_at, f"#{row.deal}", row.symbol, row.depth, row.lots, row.base, row.rate, row.below,
        row.amount, row.currency, f"{row.plan} v{row.plan_version}", why(row),
    ]  # fmt: skip


def to_csv(look: Look, rows: Sequence[Any]) -> bytes:
    return files.to_csv(look, COLUMNS, [cells(row) for row in rows])


def to_xlsx(look: Look, title: str, rows: Sequence[Any]) -> bytes:
    return files.to_xlsx(look, title, COLUMNS, [cells(row) for row in rows])


async def gather(work: Work, partner: UUID, period: Period) -> dict[str, Any]:
    """All a statement says, as plain text in the partner's language. Raises NotFound."""
    row = await work.get(Partner, partner)
    brief = await clients.brief(work, partner)
    language = texts.of(brief.language)
    say = language.gettext
    window = {"partner": partner, "start": period.start, "end": period.end}
    symbols = await work.table(BY_SYMBOL, window)
    every = await lines(work, partner, period, MOST_ON_PAPER + 1)
    paid = await work.rows(
        select(PartnerPayout)
        .where(
            PartnerPayout.partner == partner,
            PartnerPayout.accrued_to > period.start,
            PartnerPayout.accrued_to <= period.end,
            PartnerPayout.state != PayoutState.REFUSED,
        )
        .order_by(PartnerPayout.accrued_to)
        .limit(200)
    )
    brand, facts = work.settings(Brand), work.settings(TenantFacts)
    plan = work.settings(PartnerSettings).plan(row.plan)
    total = sum((one.amount for one in symbols), Decimal(0))
    return {
        "brand": brand.name,
        "accent": brand.accent,
        "entity": facts.legal_entity,
        "rtl": brief.language == "ar",
        "lang": brief.language,
        "name": brief.name,
        "code": row.code,
        "plan": plan.label,
        "period": f"{period.code} ({facts.time_zone})",
        "words": _words(say),
        "total": _money(total, row.currency),
        "symbols": [
            [
                one.symbol or say(N_("Without a symbol")),
                str(one.rewards),
                _plain(one.lots),
                _money(one.amount, row.currency),
            ]
            for one in symbols
        ],
        "payouts": [
            [
                f"{one.accrued_to:%Y-%m-%d}",
                say(statuses.known(f"payout {one.state}").label),
                _money(one.earned, one.currency),
                _money(one.carried_in, one.currency),
                _money(one.carried, one.currency),
                str(payouts.paid_as(one)) if one.amount else "–",
            ]
            for one in paid
        ],
        "lines": [
            [
                f"{one.deal_at:%Y-%m-%d %H:%M}",
                f"#{one.deal}" if one.deal > 0 else say(for_what(one.server, one.deal)),
                one.symbol,
                _plain(one.lots),
                _plain(one.rate - one.below),
                _plain(one.amount),
                why(one).told_in(language),
            ]
            for one in every[:MOST_ON_PAPER]
        ],
        "more": say(N_("The rest is in the CSV and the workbook of this month."))
        if len(every) > MOST_ON_PAPER
        else "",
    }


def _words(say: Any) -> dict[str, str]:
    return {
        "title": say(N_("Partner statement")),
        "partner": say(N_("Partner")),
        "code": say(N_("Code")),
        "plan": say(N_("Plan")),
        "period": say(N_("Period")),
        "total": say(N_("Earned in this month")),
        "symbols": say(N_("By symbol")),
        "symbol": say(N_("Symbol")),
        "rewards": say(N_("Rewards")),
        "lots": say(N_("Lots")),
        "amount": say(N_("Amount")),
        "payouts": say(N_("Payouts")),
        "upto": say(N_("Up to")),
        "state": say(N_("State")),
        "earned": say(N_("Earned")),
        "brought": say(N_("Brought over")),
        "carried": say(N_("Carried on")),
        "paid": say(N_("Paid")),
        "lines": say(N_("Rewards, line by line")),
        "when": say(N_("When")),
        "deal": say(N_("Deal")),
        "rate": say(N_("Rate")),
        "why": say(N_("Why")),
        "none": say(N_("Nothing in this period.")),
        "page": say(N_("Page")),
    }


def _money(amount: Decimal, currency: str) -> str:
    """Rounded to the currency's digits, as a statement shows it."""
    return str(Money(amount, currency).rounded())


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


async def pdf(told: dict[str, Any]) -> bytes:
    """The statement as PDF; equal data give equal bytes."""
    return await papers.pdf("partner-statement", told)
