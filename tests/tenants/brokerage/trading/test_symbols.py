"""One name for a symbol, whatever each server calls it."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.trading.settings import TradingSettings
from brokerage.trading.symbols import USUAL, Instrument, Symbols, canonical, standard_lots

MAP = Symbols()


@pytest.mark.parametrize(
    ("told", "symbol", "group"),
    [
        ("EURUSD", "EURUSD", "fx_major"),
        ("eurusd.m", "EURUSD", "fx_major"),
        ("EURUSDpro", "EURUSD", "fx_major"),
        ("EURUSD_i", "EURUSD", "fx_major"),
        (" #US500 ", "US500", "index"),
        ("GER40.cash", "DE40", "index"),
        ("NAS100", "US100", "index"),
        ("GOLD", "XAUUSD", "gold"),
        ("AUDUSD", "AUDUSD", "fx_minor"),
        ("XAGUSD+", "XAGUSD", "commodity"),
        ("BTCUSDT", "BTCUSD", "crypto"),
        ("EUR/USD", "EURUSD", "fx_major"),
        ("#XAU/USD.m", "XAUUSD", "gold"),
        ("BTC/USDT", "BTCUSD", "crypto"),
    ],
)
def test_a_name_that_a_server_dresses_up_is_the_same_symbol(told, symbol, group):
    found = canonical(MAP, told)

    assert (found.symbol, found.group, found.known) == (symbol, group, True)


@pytest.mark.parametrize(
    ("told", "symbol", "group"),
    [
        ("EURPLN", "EURPLN", "fx_minor"),
        ("LTCEUR.x", "LTCEUR", "crypto"),
        ("EUR/PLN", "EURPLN", "fx_minor"),
        ("AAPL/x", "AAPL", "other"),
        ("AAPL", "AAPL", "other"),
        ("#", "#", "other"),
    ],
)
def test_a_name_that_nobody_listed_keeps_itself_and_says_so(told, symbol, group):
    found = canonical(MAP, told)

    assert (found.symbol, found.group, found.known) == (symbol, group, False)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_name_breaks_it_and_the_answer_stands_for_itself(told):
    found = canonical(MAP, told)

    assert 0 < len(found.symbol) <= 32
    assert canonical(MAP, found.symbol).symbol == found.symbol


@pytest.mark.parametrize("told", ["0\x85/", "A" * 31 + " B", "# #X", "_.\u2003"])
def test_blanks_within_a_name_are_no_part_of_it(told):
    found = canonical(MAP, told)

    assert found.symbol == found.symbol.strip()
    assert canonical(MAP, found.symbol).symbol == found.symbol


def test_a_suffix_of_a_tenant_is_taken_off_only_where_it_says_so():
    mine = Symbols(suffixes=("vip",))

    assert canonical(mine, "GBPUSDvip").symbol == "GBPUSD"
    assert canonical(MAP, "GBPUSDvip").known is False


def test_a_name_that_stands_for_two_symbols_is_refused_with_its_name():
    with pytest.raises(msgspec.ValidationError, match="GOLD is there twice"):
        msgspec.convert(
            {"listed": [{"symbol": "XAUUSD", "group": "gold", "synonyms": ["GOLD"]},
                        {"symbol": "GOLD", "group": "gold"}]},
            Symbols,
        )  # fmt: skip


def test_a_class_that_no_pack_could_cap_is_refused_with_its_path():
    with pytest.raises(msgspec.ValidationError, match=r"symbols\.listed\[0\]\.group"):
        msgspec.convert(
            {"symbols": {"listed": [{"symbol": "X", "group": "toys"}]}}, TradingSettings
        )


def test_every_class_of_the_usual_list_is_capped_by_the_esma_pack_or_is_other():
    from brokerage.kyc.jurisdictions.defaults import EU_RETAIL

    assert {one.group for one in USUAL} <= set(EU_RETAIL.leverage_cap)


def test_lots_of_a_cent_account_count_a_hundredth():
    euro = canonical(MAP, "EURUSDc")

    assert standard_lots(euro, Decimal(3), Decimal(1_000)) == Decimal("0.03")
    assert (
        standard_lots(Instrument(symbol="A", group="other", known=False), Decimal(3), Decimal(1))
        == 3
    )
