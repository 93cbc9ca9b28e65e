"""Exchange at a promised rate: exact, once, in time, and never a gain by going round."""

import asyncio
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from brokerage.ledger import accounts, exchange, rates, wallets
from brokerage.ledger.fx import FxQuote
from brokerage.ledger.hooks import Mid
from brokerage.ledger.posting import NotCovered
from brokerage.ledger.rules import priced
from stoa.kernel import currencies
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from support.ledger import as_client, eur, funded, usd


async def test_an_exchange_gives_what_was_promised_and_keeps_the_rest(work):
    client = await funded(work)
    await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal("1.08525"))], "market")
    work.actor = as_client(client)

    quote = await exchange.quote(work, client, eur("33.33"), "USD")
    await exchange.accept(work, quote.id)

    # 33.33 x 1.08525 = 36.1713825 at mid; less 50 bps = 35.9905255875; the client gets 35.99.
    assert quote.buy_amount == Decimal("35.99")
    assert quote.remainder == Decimal("0.0005255875")
    assert quote.margin == Decimal("0.1808569125")
    assert quote.source == "market EUR/USD"
    assert [w.available for w in await wallets.of(work, client)] == [eur("966.67"), usd("35.99")]


async def test_a_quote_is_used_once_even_when_sent_twenty_times(house, aurora):
    async with house.door.open(aurora) as work:
        client = await funded(work)
        await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal("1.1"))], "market")
        work.actor = as_client(client)
        quote = await exchange.quote(work, client, eur("10"), "USD")
    barrier = asyncio.Barrier(20)

    async def take() -> bool:
        await barrier.wait()
        try:
            async with house.door.open(aurora, actor=as_client(client)) as work:
                await exchange.accept(work, quote.id)
        except Conflict as refused:
            assert refused.code == "quote-used"
            return False
        return True

    assert sum(await asyncio.gather(*(take() for _ in range(20)))) == 1
    async with house.door.open(aurora) as work:
        assert await wallets.available(work, client, "EUR") == eur("990")


async def test_an_expired_quote_moves_nothing(work):
    client = await funded(work)
    work.actor = as_client(client)
    quote = await exchange.quote(work, client, eur("10"), "USD")
    work.now += timedelta(seconds=31)

    with pytest.raises(Conflict, match="expired"):
        await exchange.accept(work, quote.id)

    assert await wallets.available(work, client, "EUR") == eur("1000")


async def test_anothers_quote_does_not_exist(work):
    client = await funded(work)
    work.actor = as_client(client)
    quote = await exchange.quote(work, client, eur("10"), "USD")
    work.actor = as_client(uuid7())

    with pytest.raises(NotFound):
        await exchange.accept(work, quote.id)


async def test_a_quote_the_wallet_cannot_cover_any_more_stays_unused(work):
    client = await funded(work, "10")
    work.actor = as_client(client)
    quote = await exchange.quote(work, client, eur("10"), "USD")
    fees = accounts.house(work, "fees", "EUR")
    await wallets.debit(work, client, eur("1"), operation="f", kind="fee", against=fees)

    with pytest.raises(NotCovered):
        await exchange.accept(work, quote.id)

    assert quote.used_at is None


async def test_a_market_rate_gone_stale_is_not_quoted(work):
    client = await funded(work)
    await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal("1.1"))], "market")
    work.actor = as_client(client)
    work.now += timedelta(hours=1)

    with pytest.raises(rates.NoRate, match="no fresh rate"):
        await exchange.quote(work, client, eur("10"), "USD")


@pytest.mark.parametrize("amount", ["0.5", "0.01"])
async def test_too_small_an_amount_is_not_exchanged(work, amount):
    client = await funded(work)
    work.actor = as_client(client)

    with pytest.raises(Invalid, match="too small"):
        await exchange.quote(work, client, eur(amount), "USD")


async def test_a_stored_quote_cannot_promise_more_than_the_mid(work):
    client = await funded(work)
    work.actor = as_client(client)
    quote = await exchange.quote(work, client, eur("10"), "USD")

    with pytest.raises(Exception, match="never_gains"):
        async with work.session.begin_nested():
            await work.run(update(FxQuote).where(FxQuote.id == quote.id).values(rate=2))


def test_a_hundred_thousand_round_trips_never_gain():
    chance = random.Random(7)
    codes = ["EUR", "USD", "JPY", "KWD", "BTC", "ETH", "USDT"]
    for _ in range(100_000):
        one, other = chance.sample(codes, 2)
        mid = Decimal(chance.randrange(1, 10**9)).scaleb(-chance.randrange(0, 9))
        table = rates.Rates(_rows([(one, other, mid)]))
        digits = currencies.exponent(one)
        sell = Money(Decimal(chance.randrange(1, 10**9)).scaleb(-min(digits, 8)), one)
        try:
            there = priced(sell, other, mid=table.rate(one, other), margin_bps=0)
            back = priced(there.buy, one, mid=table.rate(other, one), margin_bps=0)
        except Invalid:
            continue
        assert back.buy <= sell
        assert there.remainder >= 0
        assert there.margin == 0


def test_crossing_three_currencies_never_gains():
    table = rates.Rates(
        _rows(
            [
                ("EUR", "USD", Decimal("1.0850")),
                ("USD", "JPY", Decimal("151.25")),
                ("BTC", "USD", Decimal(64250)),
            ]
        )
    )
    for one, other in [("EUR", "JPY"), ("BTC", "EUR"), ("JPY", "BTC")]:
        assert table.rate(one, other) * table.rate(other, one) <= 1
        assert table.via(one, other).source.count("/") == 2


def _rows(pairs):
    from datetime import UTC, datetime

    from brokerage.ledger.fx import FxRate

    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [FxRate(base=b, quote=q, rate=r, source="test", at=at) for b, q, r in pairs]
