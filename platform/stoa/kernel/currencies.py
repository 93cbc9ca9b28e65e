"""Currencies and how many digits each carries.

Source: ISO 4217 minor units; crypto assets by their smallest on-chain unit as brokers book it.
"""

from types import MappingProxyType
from typing import Final

_TWO = (
    "EUR USD GBP CHF AUD CAD NZD SGD HKD ZAR SEK NOK DKK PLN CZK HUF RON BGN TRY MXN BRL ARS COP "
    "PEN CNY INR IDR MYR THB PHP AED SAR QAR EGP MAD NGN KES GHS TZS ILS UAH KZT GEL RUB LKR PKR "
    "BDT TWD DOP CRC GTQ BOB"
).split()
_ZERO = "JPY KRW VND CLP PYG ISK UGX RWF XAF XOF XPF".split()
_THREE = "KWD BHD OMR JOD TND IQD LYD".split()

EXPONENTS: Final = MappingProxyType(
    dict.fromkeys(_TWO, 2)
    | dict.fromkeys(_ZERO, 0)
    | dict.fromkeys(_THREE, 3)
    | {"USDT": 6, "USDC": 6, "BTC": 8, "LTC": 8, "ETH": 18}
)


def known(currency: str) -> bool:
    return currency in EXPONENTS


def exponent(currency: str) -> int:
    """Digits after the point. Raises KeyError for a currency the product does not carry."""
    return EXPONENTS[currency]
