"""How many decimals a currency has, and amounts in its smallest unit shown to people."""

from decimal import Decimal

NONE = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF ISK".split())
THREE = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
TWO = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF
    CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
    HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK
    MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD
    SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER ZAR ZMW
    """.split()
)


def exponent(currency: str) -> int | None:
    """Decimals of a currency, or None for a code no provider here takes."""
    code = currency.upper()
    if code in NONE:
        return 0
    if code in THREE:
        return 3
    return 2 if code in TWO else None


def show(minor: int, currency: str) -> str:
    """`12,345.60 USD` from an amount in the smallest unit."""
    places = exponent(currency) or 0
    return f"{Decimal(minor).scaleb(-places):,.{places}f} {currency.upper()}"
