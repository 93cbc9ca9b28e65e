"""What a tenant tells about its pawaPay account; keys lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from brokerage.payments.connector import (
    CallbackAddress,
)
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Callbacks must be signed: switch that on at pawaPay and enter its public key."""

    account: Annotated[str, Meta(title="Account name", max_length=80)] = ""
    api_key: Annotated[SecretName, Meta(title="API token")] = "pawapay.token"
    webhook_secret: Annotated[
        SecretName, Meta(title="pawaPay's public key", description="PEM, of its dashboard.")
    ] = "pawapay.public_key"  # noqa: S105
    base_url: Annotated[
        str,
        Meta(
            title="API address",
            description="Sandbox: https://api.sandbox.pawapay.io",
            max_length=255,
        ),
    ] = "https://api.pawapay.io"
    currencies: tuple[str, ...] = ("KES", "GHS", "TZS", "UGX", "RWF", "XAF", "XOF")
    countries: tuple[str, ...] = ("KE", "GH", "TZ", "UG", "RW", "CM", "SN", "CI", "BJ")
    callback_url: CallbackAddress = ""
