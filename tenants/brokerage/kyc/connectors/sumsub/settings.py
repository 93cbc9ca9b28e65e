"""What a tenant tells about its Sumsub account; the three secrets lie in the vault."""

from typing import Annotated, Literal

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The callbacks' secret is the webhook's own, not the one requests are signed with."""

    base_url: Annotated[str, msgspec.Meta(title="API address", max_length=255)] = (
        "https://api.sumsub.com"
    )
    client: Annotated[
        str,
        msgspec.Meta(
            title="Client id", description="Callbacks of another client are refused.", max_length=64
        ),
    ] = ""
    level: Annotated[str, msgspec.Meta(title="Level", min_length=1, max_length=64)] = (
        "basic-kyc-level"
    )
    app_token: Annotated[SecretName, msgspec.Meta(title="App token")] = "sumsub.app_token"  # noqa: S105
    secret_key: Annotated[SecretName, msgspec.Meta(title="Secret key")] = "sumsub.secret_key"  # noqa: S105
    webhook_secret: Annotated[SecretName, msgspec.Meta(title="Webhook secret")] = "sumsub.webhook"  # noqa: S105
    digests: Annotated[
        tuple[Literal["HMAC_SHA1_HEX", "HMAC_SHA256_HEX", "HMAC_SHA512_HEX"], ...],
        msgspec.Meta(
            title="Signatures taken",
            extra={
                "options": {
                    "HMAC_SHA1_HEX": "HMAC SHA-1",
                    "HMAC_SHA256_HEX": "HMAC SHA-256",
                    "HMAC_SHA512_HEX": "HMAC SHA-512",
                }
            },
        ),
    ] = ("HMAC_SHA256_HEX", "HMAC_SHA512_HEX")
