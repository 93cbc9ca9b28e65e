"""How each provider writes amounts: a table per provider, both ways."""

from decimal import Decimal

import pytest

from brokerage.payments.amounts import CRYPTO, FIAT, Digits, of_major
from brokerage.payments.connectors import qr, wire
from brokerage.payments.connectors.adyen.shapes import DIGITS as ADYEN
from brokerage.payments.connectors.b2binpay.shapes import DIGITS as B2B
from brokerage.payments.connectors.btcpay.shapes import DIGITS as BTCPAY
from brokerage.payments.connectors.flutterwave.shapes import DIGITS as FLUTTERWAVE
from brokerage.payments.connectors.mpesa.shapes import DIGITS as MPESA
from brokerage.payments.connectors.nowpayments import shapes as nowpayments
from brokerage.payments.connectors.pawapay.shapes import DIGITS as PAWAPAY
from brokerage.payments.connectors.paypal.shapes import DIGITS as PAYPAL
from brokerage.payments.connectors.paystack.shapes import DIGITS as PAYSTACK
from brokerage.payments.connectors.paystack.shapes import minor_of
from brokerage.payments.connectors.praxis.shapes import DIGITS as PRAXIS
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

MINOR = [
    (ADYEN, "100.50 EUR", 10050),
    (ADYEN, "100 JPY", 100),
    (ADYEN, "1.234 KWD", 1234),
    (ADYEN, "100 CLP", 10000),
    (ADYEN, "25000 IDR", 25000),
    (ADYEN, "100 ISK", 10000),
    (PRAXIS, "100.50 EUR", 10050),
    (PRAXIS, "100 JPY", 100),
    (PRAXIS, "1.234 KWD", 1234),
    (PAYSTACK, "2500.50 NGN", 250050),
    (PAYSTACK, "2500 XOF", 250000),
    (MPESA, "1500 KES", 1500),
]
MAJOR = [
    (PAYPAL, "100.5 EUR", "100.50"),
    (PAYPAL, "100 JPY", "100"),
    (PAYPAL, "2500 HUF", "2500"),
    (PAYPAL, "300 TWD", "300"),
    (FLUTTERWAVE, "2500.5 NGN", "2500.50"),
    (FLUTTERWAVE, "2500 XOF", "2500"),
    (BTCPAY, "0.0015 BTC", "0.00150000"),
    (BTCPAY, "100.5 EUR", "100.50"),
    (BTCPAY, "1.234 KWD", "1.234"),
    (B2B, "0.0015 BTC", "0.00150000"),
    (B2B, "25.1 USDT", "25.100000"),
    (B2B, "0.000000000000000001 ETH", "0.000000000000000001"),
    (nowpayments.DIGITS, "100.5 EUR", "100.50"),
    (nowpayments.DIGITS, "0.0015 BTC", "0.00150000"),
    (qr.PIX_DIGITS, "1234.5 BRL", "1234.50"),
    (qr.VIET_DIGITS, "2500000 VND", "2500000"),
    (wire.DIGITS, "100 JPY", "100"),
]
SHORT = [
    (PAWAPAY, "1500.50 KES", "1500.5"),
    (PAWAPAY, "1500.00 KES", "1500"),
    (PAWAPAY, "2500 RWF", "2500"),
]
REFUSED = [
    (ADYEN, "100.505 EUR"),
    (ADYEN, "100.5 JPY"),
    (ADYEN, "25000.5 IDR"),
    (ADYEN, "1 BTC"),
    (ADYEN, "0 EUR"),
    (ADYEN, "-1 EUR"),
    (PAYPAL, "100.5 HUF"),
    (PAYPAL, "1.234 KWD"),
    (PAYPAL, "100.5 JPY"),
    (PAYSTACK, "1 EUR"),
    (MPESA, "1500.50 KES"),
    (MPESA, "1500 UGX"),
    (BTCPAY, "0.000000001 BTC"),
    (BTCPAY, "1 USDT"),
    (PAWAPAY, "10.5 RWF"),
    (qr.VIET_DIGITS, "0.5 VND"),
]


def money(text: str) -> Money:
    amount, currency = text.split()
    return Money(Decimal(amount), currency)


@pytest.mark.parametrize(("digits", "told", "due"), MINOR)
def test_whole_numbers(digits: Digits, told: str, due: int) -> None:
    assert digits.minor(money(told)) == due
    assert digits.of_minor(due, told.split()[1].lower()) == money(told)


@pytest.mark.parametrize(("digits", "told", "due"), MAJOR)
def test_decimal_texts(digits: Digits, told: str, due: str) -> None:
    assert digits.major(money(told)) == due
    assert of_major(due, told.split()[1]) == money(told)


@pytest.mark.parametrize(("digits", "told", "due"), SHORT)
def test_texts_without_idle_zeroes(digits: Digits, told: str, due: str) -> None:
    assert digits.short(money(told)) == due


@pytest.mark.parametrize(("digits", "told"), REFUSED)
def test_what_a_provider_cannot_carry_is_refused(digits: Digits, told: str) -> None:
    for write in (digits.minor, digits.major, digits.short):
        with pytest.raises(Invalid):
            write(money(told))


def test_xof_is_written_with_cents_it_does_not_have() -> None:
    with pytest.raises(Invalid):
        minor_of(money("2500.50 XOF"))
    assert minor_of(money("2500 XOF")) == 250_000


@pytest.mark.parametrize(
    "told",
    [None, "", "1e5", "NaN", "Infinity", "1,5", "٣", "0x10", " 5", "--5", True, [], {}, "9" * 30],
)
def test_an_amount_that_is_none_is_none(told: object) -> None:
    assert of_major(told, "EUR") is None


@pytest.mark.parametrize("told", [None, "", "1.5", 1.5, True, "x", [], "9" * 40, "-5"])
def test_a_whole_number_that_is_none_is_none(told: object) -> None:
    assert ADYEN.of_minor(told, "EUR") is None


def test_numbers_of_json_are_what_was_sent() -> None:
    assert of_major(100.1, "EUR") == money("100.1 EUR")
    assert of_major(1e-8, "BTC") == money("0.00000001 BTC")
    assert of_major(3, "EUR") == money("3 EUR")
    assert of_major("5", "XYZ") is None
    assert not FIAT & CRYPTO
