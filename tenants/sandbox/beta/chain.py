"""The coins beta takes: addresses, prices and what a transfer is worth."""

import hashlib
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from sandbox.common import currencies

ALPHABET58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ALPHABET32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(frozen=True, slots=True)
class Coin:
    code: str
    asset: str
    network: str
    label: str
    # The smallest step a payer is asked for.
    step: Decimal
    usd: Decimal
    confirmations: int


COINS = {
    coin.code: coin
    for coin in (
        Coin("usdt-tron", "USDT", "tron", "USDT on Tron", Decimal("0.01"), Decimal(1), 3),
        Coin("usdt-eth", "USDT", "ethereum", "USDT on Ethereum", Decimal("0.01"), Decimal(1), 3),
        Coin("btc", "BTC", "bitcoin", "Bitcoin", Decimal("0.00000001"), Decimal(64250), 2),
    )
}
# Prices stand still, so that a test can say what it expects.
USD = {
    "USD": "1",
    "EUR": "1.08",
    "GBP": "1.27",
    "CHF": "1.12",
    "JPY": "0.0067",
    "AED": "0.2723",
    "KWD": "3.25",
    "AUD": "0.66",
    "CAD": "0.73",
    "ZAR": "0.055",
    "NGN": "0.00065",
    "KES": "0.0077",
    "INR": "0.012",
    "BRL": "0.18",
    "MXN": "0.055",
}


def priced(currency: str) -> bool:
    return currency in USD


def due(coin: Coin, minor: int, currency: str) -> Decimal:
    """How much of the coin pays this amount, rounded up to its step."""
    places = currencies.exponent(currency) or 0
    worth = Decimal(minor).scaleb(-places) * Decimal(USD[currency])
    return (worth / coin.usd).quantize(coin.step, rounding=ROUND_UP)


def worth(paid: Decimal, asked: Decimal, minor: int) -> int:
    """What a paid amount is worth in the order's smallest unit, at the order's own rate."""
    if paid == asked:
        return minor
    return int((paid / asked * minor).to_integral_value(rounding=ROUND_DOWN))


def new_address(coin: Coin, seed: str) -> str:
    """A well-formed address nobody has the key of; Bitcoin's is of the test network."""
    digest = hashlib.sha256(seed.encode()).digest()[:20]
    if coin.network == "tron":
        return base58(b"\x41" + digest)
    if coin.network == "ethereum":
        return "0x" + digest.hex()
    return bech32("tb", digest)


def new_transfer(coin: Coin, seed: str) -> str:
    digest = hashlib.sha256(f"transfer {seed}".encode()).hexdigest()
    return "0x" + digest if coin.network == "ethereum" else digest


def scannable(coin: Coin, address: str, amount: Decimal) -> str:
    """What the square code says: a BIP 21 address for Bitcoin, else the bare address."""
    return f"bitcoin:{address}?amount={amount:f}" if coin.asset == "BTC" else address


def base58(payload: bytes) -> str:
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(payload), ""
    while number:
        number, rest = divmod(number, 58)
        text = ALPHABET58[rest] + text
    return text


def bech32(prefix: str, program: bytes) -> str:
    """A version 0 witness address (BIP 173)."""
    number = int.from_bytes(program)
    count = len(program) * 8 // 5
    words = [0, *(number >> 5 * (count - 1 - place) & 31 for place in range(count))]
    spread = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    check = _polymod([*spread, *words, 0, 0, 0, 0, 0, 0]) ^ 1
    words += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return prefix + "1" + "".join(ALPHABET32[word] for word in words)


def _polymod(words: list[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= part if top >> place & 1 else 0
    return check
