"""What a tenant tells about its broker at Match-Trader; the API's token lies in the vault."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the vendor's pages do not say, or say differently for versions 1 and 2, is told here.

    `per_minute` is of each of our processes: the platform's 500 a minute are of all who use the token,
    and several processes of ours do.
    """

    base_url: Annotated[str, Meta(title="Address of the API", max_length=253)] = (
        "https://broker-api-v2.match-trader.com"
    )
    broker: Annotated[
        str,
        Meta(
            title="Name of the broker",
            description="Its name or number at the platform: no two of us may have the same.",
            pattern=r"^[\w .-]{1,60}$",
        ),
    ]
    token: Annotated[SecretName, Meta(title="Broker API token")] = "matchtrader.token"  # noqa: S105
    scheme: Annotated[
        str,
        Meta(
            title="Authorization scheme",
            description="What stands before the token; empty for the keys of version 1.",
            max_length=20,
        ),
    ] = "Bearer"
    kind: Annotated[
        Literal["REAL", "DEMO"],
        Meta(title="Kind of accounts", extra={"options": {"REAL": "Live", "DEMO": "Demo"}}),
    ] = "REAL"
    per_minute: Annotated[
        int,
        Meta(
            title="Calls a minute",
            description="The platform takes 500 of all who use one token together.",
            ge=10,
            le=480,
        ),
    ] = 120
    rows: Annotated[int, Meta(title="Rows asked for at once", ge=10, le=10_000)] = 1_000
    password_method: Annotated[
        Literal["POST", "PUT", "PATCH"],
        Meta(
            title="Method of changing a password",
            extra={"options": {"POST": "POST", "PUT": "PUT", "PATCH": "PATCH"}},
        ),
    ] = "POST"  # noqa: S105 - a method
    password_field: Annotated[
        str, Meta(title="Field of the new password", pattern=r"^\w{1,40}$")
    ] = "newPassword"  # noqa: S105 - a name
    answer_s: Annotated[float, Meta(title="Seconds to wait", gt=0, le=60)] = 10
    overlap_s: Annotated[int, Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 120
