"""What a tenant tells about its MT5 server's HTTPS side; the manager's password lies in the vault."""

from typing import Annotated

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`clock` says how the server's local seconds become UTC: see `mt5_webapi.zones`."""

    base_url: Annotated[str, msgspec.Meta(title="Server address", max_length=300)]
    login: Annotated[int, msgspec.Meta(title="Manager login", ge=1)]
    password: Annotated[SecretName, msgspec.Meta(title="Manager password")] = "mt5.manager"  # noqa: S105
    clock: Annotated[
        str,
        msgspec.Meta(
            title="Server clock",
            description="auto, ny+7, utc, a fixed +02:00, or a zone such as Europe/Athens.",
            max_length=40,
        ),
    ] = "auto"
    build: Annotated[int, msgspec.Meta(title="Build we present", ge=1)] = 3000
    agent: Annotated[str, msgspec.Meta(title="Name we present", max_length=32)] = "BackOffice"
    answer_s: Annotated[float, msgspec.Meta(title="Seconds to wait", gt=0, le=60)] = 10
    page: Annotated[int, msgspec.Meta(title="Deals per page", ge=1, le=10_000)] = 500
    batch: Annotated[
        int,
        msgspec.Meta(
            title="Logins asked together",
            description="1 for a server that does not answer for many at once.",
            ge=1,
            le=200,
        ),
    ] = 50
    overlap_s: Annotated[int, msgspec.Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, msgspec.Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 120

    @property
    def pipeline(self) -> int:
        """Authority is the connection's, and HTTP answers on it one question after the other."""
        return 1
