"""What a tenant may tune about wallets, exchange and transfers."""

from typing import Annotated

import msgspec
from msgspec import Meta

Bps = Annotated[int, Meta(ge=0, le=2_000)]


class LedgerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Wallets, exchange, transfers."""

    wallet_currencies: tuple[str, ...] = ("USD", "EUR")
