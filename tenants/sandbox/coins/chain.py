"""Coins, their wallets here, and what an address and a transfer of them look like."""

import hashlib
from dataclasses import dataclass

from sandbox.beta.chain import base58, bech32
from sandbox.common.book import fresh

PLACES = 8


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin and the numbers it has at this provider."""

    asset: str
    network: str
    wallet: str
    number: str
    confirmations: int


COINS = {
    coin.wallet: coin
    for coin in (
        Coin("BTC", "bitcoin", "318", "1000", 3),
        Coin("ETH", "ethereum", "319", "1002", 12),
        Coin("USDT", "tron", "320", "2015", 20),
    )
}


def address_of(coin: Coin) -> str:
    """A well-formed address nobody has the key of."""
    digest = hashlib.sha256(fresh("", 24).encode()).digest()[:20]
    if coin.network == "tron":
        return base58(b"\x41" + digest)
    return "0x" + digest.hex() if coin.network == "ethereum" else bech32("bc", digest)


def hash_of(coin: Coin) -> str:
    digest = hashlib.sha256(fresh("transfer", 24).encode()).hexdigest()
    return "0x" + digest if coin.network == "ethereum" else digest


def number() -> str:
    """Their ids are numbers."""
    return str(int(hashlib.sha256(fresh("", 24).encode()).hexdigest()[:12], 16) % 10**9)
