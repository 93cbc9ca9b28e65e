"""What a tenant tells about a drop copy; a password, where the other side wants one, lies in the vault."""

from typing import Annotated, Literal

import msgspec

from stoa.connectors.keyring import SecretName

_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
Clock = Annotated[str, msgspec.Meta(pattern=_TIME)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sender` is us, `target` them, as they call both. Times of day are UTC."""

    host: Annotated[str, msgspec.Meta(title="Server address", min_length=1, max_length=253)]
    port: Annotated[int, msgspec.Meta(title="Port", ge=1, le=65535)] = 443
    tls: Annotated[bool, msgspec.Meta(title="Through TLS")] = True
    version: Annotated[
        Literal["FIX.4.4", "FIXT.1.1"],
        msgspec.Meta(
            title="Version",
            description="FIXT.1.1 carries FIX 5.0 SP2.",
            extra={"options": {"FIX.4.4": "FIX 4.4", "FIXT.1.1": "FIXT 1.1"}},
        ),
    ] = "FIX.4.4"
    sender: Annotated[str, msgspec.Meta(title="SenderCompID", pattern=r"^[!-~]{1,64}$")]
    target: Annotated[str, msgspec.Meta(title="TargetCompID", pattern=r"^[!-~]{1,64}$")]
    user: Annotated[str, msgspec.Meta(title="User name", max_length=64)] = ""
    password: Annotated[SecretName | None, msgspec.Meta(title="Password")] = None
    heart_s: Annotated[int, msgspec.Meta(title="Seconds between heartbeats", ge=1, le=300)] = 30
    begins: Annotated[Clock, msgspec.Meta(title="Session begins (UTC)")] = "00:00"
    ends: Annotated[
        Clock,
        msgspec.Meta(title="Session ends (UTC)", description="The same as its beginning: never."),
    ] = "00:00"
    days: Annotated[
        tuple[Day, ...],
        msgspec.Meta(
            title="Days on which a session begins",
            min_length=1,
            extra={
                "options": {
                    "mon": "Monday",
                    "tue": "Tuesday",
                    "wed": "Wednesday",
                    "thu": "Thursday",
                    "fri": "Friday",
                    "sat": "Saturday",
                    "sun": "Sunday",
                }
            },
        ),
    ] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    numbers: Annotated[
        Literal["kept", "by-session", "by-logon"],
        msgspec.Meta(
            title="Sequence numbers",
            description="Kept for ever; anew with each session by agreement; anew by our logon.",
            extra={
                "options": {
                    "kept": "Kept for ever",
                    "by-session": "Anew with each session",
                    "by-logon": "Anew by our logon",
                }
            },
        ),
    ] = "kept"
    slack_s: Annotated[
        int, msgspec.Meta(title="Seconds their clock may be off", ge=0, le=86_400)
    ] = 120
    quantity: Annotated[
        Literal["units", "lots"],
        msgspec.Meta(
            title="LastQty (32) counts units or lots",
            extra={"options": {"units": "Units", "lots": "Lots"}},
        ),
    ] = "units"
    profit_in: Annotated[
        dict[str, str],
        msgspec.Meta(title="Currency of a symbol's profit, where its name does not say"),
    ] = msgspec.field(
        default_factory=lambda: {
            "US500": "USD",
            "US100": "USD",
            "US30": "USD",
            "DE40": "EUR",
            "UK100": "GBP",
            "JP225": "JPY",
        }
    )
