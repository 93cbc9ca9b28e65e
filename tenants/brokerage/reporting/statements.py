"""A client's statement: every movement and every deal of a period, the same bytes each time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.clients import queries as clients
from brokerage.ledger import kinds
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming import papers, texts, words
from stoa.theming.brand import Brand
from stoa.theming.texts import N_

MOST_LINES: Final = 5000
MOVEMENTS: Final = text(
    "select l.posted_at as at, e.kind, e.ref_kind, e.reason, l.amount, l.currency, l.balance "
    "from leg l join ledger_account a on a.id = l.account and a.kind = 'wallet' "
    "and a.owner = :client join entry e on e.id = l.entry "
    "where l.posted_at >= :start and l.posted_at < :end order by l.posted_at, e.id, l.line "
    "limit :most"
)
OPENING: Final = text(
    "select a.currency, coalesce((select l.balance from leg l where l.account = a.id "
    "and l.posted_at < :at order by l.version desc limit 1), 0) as balance "
    "from ledger_account a where a.kind = 'wallet' and a.owner = :client order by a.currency"
)


def months(start: datetime, now: datetime) -> list[str]:
    """Months from the registration to now, newest first, as `YYYY-MM`; 36 at the most."""
    found: list[str] = []
    year, month = now.year, now.month
    while (year, month) >= (start.year, start.month) and len(found) < 36:
        found.append(f"{year:04d}-{month:02d}")
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return found


def bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of a month and of the next, in UTC. Raises Invalid."""
    try:
        start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as why:
        raise Invalid("Write the month as year-month.", field="month") from why
    end = start.replace(year=start.year + (start.month == 12), month=start.month % 12 + 1)
    return start, end


async def gather(work: Work, client: UUID, start: datetime, end: datetime) -> dict[str, Any]:
    """All a statement says, as plain text in the client's language. Raises NotFound."""
    brief = await clients.brief(work, client)
    say = texts.of(brief.language).gettext
    facts = work.settings(TenantFacts)
    brand = work.settings(Brand)
    window = {"client": client, "start": start, "end": end}
    moved = await work.table(MOVEMENTS, window | {"most": MOST_LINES})
    opening = await work.table(OPENING, {"client": client, "at": start})
    closing = await work.table(OPENING, {"client": client, "at": end})
    deals = await work.table(
        select(Deal, TradingAccount.login)
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(
            Deal.client == client,
            Deal.at >= start,
            Deal.at < end,
            Deal.kind.in_(("buy", "sell")),
            TradingAccount.kind == "live",
        )
        .order_by(Deal.at, Deal.number)
        .limit(MOST_LINES)
    )
    return {
        "brand": brand.name,
        "accent": brand.accent,
        "entity": facts.legal_entity,
        "rtl": brief.language == "ar",
        "lang": brief.language,
        "name": brief.name,
        "reference": brief.reference,
        "period": f"{start:%Y-%m-%d} – {end - timedelta(days=1):%Y-%m-%d}",
        "words": {
            "title": say(N_("Statement")),
            "client": say(N_("Client")),
            "reference": say(N_("Reference")),
            "period": say(N_("Period (UTC)")),
            "balances": say(N_("Balances")),
            "opening": say(N_("At the start")),
            "closing": say(N_("At the end")),
            "movements": say(N_("Movements of your wallets")),
            "deals": say(N_("Deals of your accounts")),
            "when": say(N_("When")),
            "what": say(N_("What")),
            "amount": say(N_("Amount")),
            "balance": say(N_("Balance")),
            "symbol": say(N_("Symbol")),
            "side": say(N_("Side")),
            "lots": say(N_("Lots")),
            "price": say(N_("Price")),
            "result": say(N_("Result")),
            "login": say(N_("Login")),
            "none": say(N_("Nothing in this period.")),
            "page": say(N_("Page")),
        },
        "balances": [
            [row.currency, _money(row.balance, row.currency), _money(last.balance, row.currency)]
            for row, last in zip(opening, closing, strict=False)
        ],
        "movements": [
            [
                f"{row.at:%Y-%m-%d %H:%M}",
                say(kinds.in_wallet(row.kind, row.ref_kind, row.amount).label),
                _money(row.amount, row.currency),
                _money(row.balance, row.currency) if row.balance is not None else "",
            ]
            for row in moved
        ],
        "deals": [
            [
                f"{row.Deal.at:%Y-%m-%d %H:%M}",
                str(row.login),
                row.Deal.symbol,
                say(words.label(row.Deal.kind)),
                _plain(row.Deal.lots),
                _plain(row.Deal.price),
                _money(row.Deal.profit + row.Deal.swap + row.Deal.commission, row.Deal.currency),
            ]
            for row in deals
        ],
    }


def _money(amount: Decimal, currency: str) -> str:
    text_of = Money(amount, currency).rounded()
    sign = "−" if text_of.amount < 0 else ""
    whole, _, rest = Money(abs(text_of.amount), currency).text().partition(".")
    grouped = f"{int(whole):,}"
    return f"{sign}{grouped}{'.' if rest else ''}{rest} {currency}"


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


async def pdf(told: dict[str, Any]) -> bytes:
    """The statement as PDF; equal data give equal bytes."""
    return await papers.pdf("statement", told)
