"""What a tenant tells about its cTrader plant; the manager's password lies in the vault."""

from typing import Annotated, Literal

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base_url` is that of the WebServices; an empty `host` means that there is no Manager link.

    What the vendor's manuals leave open is a setting: `lot_unit`, `csv_money` and `lot_sizes`.
    """

    base_url: Annotated[
        str,
        msgspec.Meta(
            title="WebServices address",
            description="As https://demo-yourname.webapi.ctrader.com:8443",
            pattern=r"^(https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?/?)?$",
            max_length=253,
        ),
    ] = ""
    login: Annotated[int, msgspec.Meta(title="Manager login", ge=1)] = 1
    password: Annotated[SecretName, msgspec.Meta(title="Manager password")] = "ctrader.manager"  # noqa: S105
    broker: Annotated[str, msgspec.Meta(title="Broker name", min_length=1, max_length=60)] = (
        "broker"
    )
    environment: Annotated[Literal["live", "demo"], msgspec.Meta(title="Environment")] = "live"
    host: Annotated[
        str,
        msgspec.Meta(
            title="Manager API address",
            description="Empty where there is none: then money cannot be moved from here.",
            max_length=253,
        ),
    ] = ""
    port: Annotated[int, msgspec.Meta(title="Manager API port", ge=1, le=65535)] = 5011
    plant: Annotated[str, msgspec.Meta(title="Plant", max_length=60)] = ""
    tls: Annotated[bool, msgspec.Meta(title="Manager API over TLS")] = True
    netted_groups: Annotated[
        str,
        msgspec.Meta(
            title="Groups of netted accounts",
            description="Names with commas between; accounts of all others are hedged.",
            max_length=1000,
        ),
    ] = ""
    ctid: Annotated[
        bool,
        msgspec.Meta(
            title="Make and link cTrader IDs",
            description="A client enters the platform with the cTrader ID of his e-mail address.",
        ),
    ] = True
    lot_unit: Annotated[
        Literal["units", "cents"],
        msgspec.Meta(
            title="Lot sizes are told in",
            description="Cents are hundredths of a unit.",
            extra={"options": {"units": "Units", "cents": "Cents"}},
        ),
    ] = "units"
    csv_money: Annotated[
        Literal["minor", "major"],
        msgspec.Meta(
            title="Money in position lists is in",
            description="Minor: 1234 is 12.34 dollars.",
            extra={"options": {"minor": "Minor units", "major": "Major units"}},
        ),
    ] = "minor"
    lot_sizes: Annotated[
        str,
        msgspec.Meta(
            title="Lot sizes without a Manager link",
            description="By symbol or class, as Forex=100000, XAUUSD=100.",
            max_length=2000,
        ),
    ] = "Forex=100000"
    answer_s: Annotated[float, msgspec.Meta(title="Seconds to wait", gt=0, le=60)] = 10
    beat_s: Annotated[float, msgspec.Meta(title="Seconds between pings", gt=0, le=25)] = 10
    window_days: Annotated[
        int, msgspec.Meta(title="Days of history asked at once", ge=1, le=366)
    ] = 7
    overlap_s: Annotated[int, msgspec.Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, msgspec.Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 120
