"""What a tenant tells about its brand at TradeLocker; the brand's key lies in the vault."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.connectors.keyring import SecretName

Currency = Annotated[str, Meta(pattern=r"^[A-Z0-9]{3,10}$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the Brand API does not tell of a group or an instrument is told here.

    A group has no currency there, accounts have: `currency`, or `currencies` by group, is what a brand
    keeps to all the same; empty, each account has its own. The lots limits are what the broker has
    agreed with TradeLocker.
    """

    base_url: Annotated[str, Meta(title="Address of the API", max_length=253)] = (
        "https://api.tradelocker.com"
    )
    key: Annotated[SecretName, Meta(title="Brand API key")] = "tradelocker.key"
    server: Annotated[
        str, Meta(title="Server name", description="As clients type it.", pattern=r"^\w{1,16}$")
    ]
    kind: Annotated[Literal["LIVE", "DEMO"], Meta(title="Cluster")] = "LIVE"
    currency: Annotated[str, Meta(title="Currency of accounts", pattern=r"^([A-Z0-9]{3,10})?$")] = (
        ""
    )
    currencies: Annotated[
        dict[str, Currency], Meta(title="Currency by group, where it is another")
    ] = {}
    lots_min: Annotated[Decimal, Meta(title="Smallest lots")] = Decimal("0.01")
    lots_max: Annotated[Decimal, Meta(title="Largest lots")] = Decimal(100)
    lots_step: Annotated[Decimal, Meta(title="Steps of lots")] = Decimal("0.01")
    answer_s: Annotated[float, Meta(title="Seconds to wait", gt=0, le=60)] = 10
    overlap_s: Annotated[int, Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 120
