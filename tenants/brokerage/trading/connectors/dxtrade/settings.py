"""What a tenant tells about its DXtrade server; the administrator's password lies in the vault."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.connectors.keyring import SecretName

Currency = Annotated[str, Meta(pattern=r"^[A-Z0-9]{3,10}$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What DXtrade does not tell of a category is told here: its currency and its leverage."""

    base_url: Annotated[str, Meta(title="Address of the server", max_length=253)]
    username: Annotated[str, Meta(title="Administrator", min_length=1, max_length=64)]
    domain: Annotated[str, Meta(title="Domain", pattern=r"^[\w.-]{1,32}$")] = "default"
    password: Annotated[SecretName, Meta(title="Administrator's password")] = "dxtrade.admin"  # noqa: S105
    broker: Annotated[str, Meta(title="Broker code", pattern=r"^[\w.-]{1,32}$")] = "root_broker"
    clearing: Annotated[str, Meta(title="Clearing code", pattern=r"^[\w.-]{1,32}$")] = "default"
    kind: Annotated[Literal["LIVE", "DEMO"], Meta(title="Type of accounts")] = "LIVE"
    group_domain: Annotated[
        str,
        Meta(
            title="Category that is the group",
            description="Trading, Margining, Spreads, or another domain of categories.",
            pattern=r"^\w{1,32}$",
        ),
    ] = "Trading"
    currency: Annotated[Currency, Meta(title="Currency of accounts")] = "USD"
    currencies: Annotated[
        dict[str, Currency], Meta(title="Currency by group, where it is another")
    ] = {}
    leverage: Annotated[int, Meta(title="Leverage of a group", ge=1, le=10_000)] = 100
    leverages: Annotated[
        dict[str, Annotated[int, Meta(ge=1)]], Meta(title="Leverage by group, where it is another")
    ] = {}
    lots_min: Annotated[Decimal, Meta(title="Smallest lots")] = Decimal("0.01")
    lots_max: Annotated[Decimal, Meta(title="Largest lots")] = Decimal(100)
    lots_step: Annotated[Decimal, Meta(title="Steps of lots")] = Decimal("0.01")
    page: Annotated[int, Meta(title="Rows per page", ge=1, le=1_000)] = 200
    answer_s: Annotated[float, Meta(title="Seconds to wait", gt=0, le=60)] = 10
    overlap_s: Annotated[int, Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 60
