"""What a tenant tells about its MT5 server; the manager's password lies in the vault."""

from typing import Annotated, Literal

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`clock` says how the server's local seconds become UTC: see `zones`."""

    host: Annotated[str, msgspec.Meta(title="Server address", min_length=1, max_length=253)]
    port: Annotated[int, msgspec.Meta(title="Port", ge=1, le=65535)] = 443
    login: Annotated[int, msgspec.Meta(title="Manager login", ge=1)]
    password: Annotated[SecretName, msgspec.Meta(title="Manager password")] = "mt5.manager"  # noqa: S105
    crypt: Annotated[
        Literal["none", "aes256ofb"],
        msgspec.Meta(
            title="Encryption",
            description="Use aes256ofb outside a private link.",
            extra={"options": {"none": "None", "aes256ofb": "AES-256-OFB"}},
        ),
    ] = "none"
    tls: Annotated[bool, msgspec.Meta(title="Through a TLS tunnel")] = False
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
    pipeline: Annotated[
        int,
        msgspec.Meta(
            title="Requests under way at once",
            description="1 for a server that wants one question at a time.",
            ge=1,
            le=7,
        ),
    ] = 4
    answer_s: Annotated[float, msgspec.Meta(title="Seconds to wait", gt=0, le=60)] = 10
    page: Annotated[int, msgspec.Meta(title="Deals per page", ge=1, le=10_000)] = 500
    overlap_s: Annotated[int, msgspec.Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, msgspec.Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 120
