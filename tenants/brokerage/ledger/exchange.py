"""Exchange between a client's own wallets: a promised rate for a moment, then four legs.

await quote(work, client, money, "EUR") -> FxQuote
await accept(work, quote) -> Posted
"""

from datetime import timedelta
from uuid import UUID

from brokerage.ledger import accounts, hooks, posting, rates, wallets
from brokerage.ledger.fx import FxQuote
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.posting import NotCovered, Posted
from brokerage.ledger.rates import Via
from brokerage.ledger.rules import Priced, moving, priced
from brokerage.ledger.settings import LedgerSettings
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work


async def quote(work: Work, client: UUID, sell: Money, buy: str) -> FxQuote:
    """Promise a rate for some seconds. Raises Invalid, NotCovered or NoRate."""
    work.require(Ledger.EXCHANGE_OWN)
    work.actor.own(client)
    settings = work.settings(LedgerSettings)
    if not settings.exchange.on:
        raise Invalid("Exchange is not offered.", code="exchange-off")
    facts = work.settings(TenantFacts)
    if sell.currency == buy:
        raise Invalid("Choose two different currencies.", field="buy")
    if buy not in settings.offered(facts):
        raise Invalid("This currency is not available.", field="buy")
    known = await rates.table(work)
    via = _fresh(work, known.via(sell.currency, buy), settings)
    if known.convert(sell, facts.base_currency).amount < settings.exchange.least:
        raise Invalid("This amount is too small to exchange.", field="amount")
    has = await wallets.available(work, client, sell.currency)
    if has < sell:
        raise NotCovered(
            "There is not enough: {available} is available. Nothing was moved.",
            field="amount",
            available=has,
        )
    charged = [await fee(work, client, sell) for fee in hooks.exchange_fees]
    kept = sum((one.money for one in charged), Money.zero(sell.currency))
    if kept >= sell:
        raise Invalid("This amount is too small to exchange.", field="amount")
    sell = sell - kept
    price = priced(sell, buy, mid=via.rate, margin_bps=settings.exchange.margin(sell.currency, buy))
    row = _row(work, client, sell, price, via)
    row.fee = kept.amount
    row.fee_terms = next((one.record() for one in charged if one.money), None)
    work.add(row)
    await work.flush()
    return row


def _fresh(work: Work, via: Via, settings: LedgerSettings) -> Via:
    """Rates somebody set by hand hold until changed; a market's are good for minutes."""
    if not via.manual and work.now - via.at > timedelta(seconds=settings.rates_stale_s):
        raise rates.NoRate(
            "The markets are quiet and we have no fresh rate. Nothing was moved. Please try again "
            "when they are open."
        )
    return via


def _row(work: Work, client: UUID, sell: Money, price: Priced, via: Via) -> FxQuote:
    quote_s = work.settings(LedgerSettings).exchange.quote_s
    return FxQuote(
        id=work.new_id(),
        client=client,
        sell_amount=sell.amount,
        sell_currency=sell.currency,
        buy_amount=price.buy.amount,
        buy_currency=price.buy.currency,
        mid=via.rate,
        rate=price.rate,
        margin_bps=price.margin_bps,
        margin=price.margin,
        remainder=price.remainder,
        source=via.source,
        rate_at=via.at,
        quoted_at=work.now,
        expires_at=work.now + timedelta(seconds=quote_s),
    )


async def accept(work: Work, quote: UUID) -> Posted:
    """Exchange at the promised rate. Raises Conflict when used or too late, NotCovered."""
    work.require(Ledger.EXCHANGE_OWN)
    row = await work.lock(FxQuote, quote)
    work.actor.own(row.client)
    if row.used_at is not None:
        raise Conflict(
            "This exchange was made already, once. Your history shows it.", code="quote-used"
        )
    if work.now > row.expires_at:
        raise Conflict(
            "This rate has expired. Nothing was moved. Ask for a new one.", code="quote-expired"
        )

    sell = Money(row.sell_amount, row.sell_currency)
    buy = Money(row.buy_amount, row.buy_currency)
    posted = await posting.post(
        work,
        operation=f"exchange:{row.id}",
        kind="exchange",
        legs=[
            *moving(
                accounts.client_wallet(work, row.client, sell.currency),
                accounts.house(work, "fx", sell.currency),
                sell,
            ),
            *moving(
                accounts.house(work, "fx", buy.currency),
                accounts.client_wallet(work, row.client, buy.currency),
                buy,
            ),
        ],
        ref=("fx-quote", row.id),
    )
    row.used_at = work.now
    row.entry = posted.entry
    await _charge(work, row)
    return posted


async def _charge(work: Work, row: FxQuote) -> None:
    """The fee that was shown, as an entry of its own."""
    if not row.fee:
        return
    terms = row.fee_terms or {}
    await posting.post(
        work,
        operation=f"fee:exchange:{row.id}",
        kind="fee",
        legs=moving(
            accounts.client_wallet(work, row.client, row.sell_currency),
            accounts.house(work, "fees", row.sell_currency),
            Money(row.fee, row.sell_currency),
        ),
        ref=("fx-quote", row.id),
        reason=f"{terms.get('line', '')} · {terms.get('source', '')} v{terms.get('version', 0)}",
    )
