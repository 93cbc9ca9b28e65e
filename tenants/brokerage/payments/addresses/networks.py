"""The networks coins travel on, what their addresses look like, and which coins each carries. Pure."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from brokerage.payments.addresses import base58, bech32, eip55
from stoa.kernel.refusals import Invalid

_STELLAR_ACCOUNT: Final = 6 << 3
_MEMO: Final = re.compile(r"[\x20-\x7e]{1,28}")


@dataclass(frozen=True, slots=True)
class Network:
    """`read` gives an address as it is kept, or None for what is none. `memo`: it may need one."""

    code: str
    label: str
    assets: tuple[str, ...]
    read: Callable[[str], str | None]
    memo: bool = False


def _tron(text: str) -> str | None:
    held = base58.payload(text)
    return text if held is not None and len(held) == 21 and held[0] == 0x41 else None


def _bitcoin(text: str) -> str | None:
    return _coin(text, "bc", frozenset({0x00, 0x05}))


def _litecoin(text: str) -> str | None:
    return _coin(text, "ltc", frozenset({0x30, 0x32, 0x05}))


def _coin(text: str, prefix: str, versions: frozenset[int]) -> str | None:
    if text.lower().startswith(f"{prefix}1"):
        return text.lower() if bech32.witness(prefix, text) is not None else None
    held = base58.payload(text)
    return text if held is not None and len(held) == 21 and held[0] in versions else None


def _stellar(text: str) -> str | None:
    """SEP-23: a version byte, a key of 32 bytes, and a CRC-16/XMODEM, low byte first."""
    if len(text) != 56 or not text.startswith("G"):
        return None
    try:
        whole = base64.b32decode(text)
    except (binascii.Error, ValueError):
        return None
    content, check = whole[:-2], whole[-2:]
    fits = content[0] == _STELLAR_ACCOUNT and _crc16(content).to_bytes(2, "little") == check
    return text if fits else None


def _crc16(content: bytes) -> int:
    check = 0
    for byte in content:
        check ^= byte << 8
        for _ in range(8):
            check = (check << 1 ^ 0x1021) & 0xFFFF if check & 0x8000 else check << 1 & 0xFFFF
    return check


NETWORKS: Final[Mapping[str, Network]] = MappingProxyType(
    {
        one.code: one
        for one in (
            Network("tron", "TRON (TRC-20)", ("USDT",), _tron),
            Network("ethereum", "Ethereum (ERC-20)", ("USDT", "USDC", "ETH"), eip55.checked),
            Network("bitcoin", "Bitcoin", ("BTC",), _bitcoin),
            Network("litecoin", "Litecoin", ("LTC",), _litecoin),
            Network("stellar", "Stellar", ("USDC",), _stellar, memo=True),
        )
    }
)


def checked(network: str, asset: str, address: str, memo: str = "") -> tuple[str, str]:
    """Address and memo as they are kept.

    Raises:
        Invalid: the network does not carry the coin, or the address is not one of the network. An
            address of another network is named as that.
    """
    known = NETWORKS.get(network)
    if known is None or asset not in known.assets:
        raise Invalid("Choose a network and one of its coins.", field="network")
    plain, told = address.strip(), memo.strip()
    found = known.read(plain)
    if found is None:
        raise _wrong(known, plain)
    if told and (not known.memo or not _MEMO.fullmatch(told)):
        raise Invalid(
            "{network} takes no memo, or not this one. Leave it empty unless your wallet shows one.",
            field="memo",
            network=known.label,
        )
    return found, told


def _wrong(known: Network, address: str) -> Invalid:
    others = [one.label for one in NETWORKS.values() if one.read(address) is not None]
    if others:
        return Invalid(
            "This is an address of {other}, not of {network}. Sent there, the money would be lost.",
            field="address",
            other=" / ".join(others),
            network=known.label,
        )
    return Invalid(
        "This is not an address of {network}, or a sign of it is wrong. Copy it again: "
        "a wrong address loses the money.",
        field="address",
        network=known.label,
    )
