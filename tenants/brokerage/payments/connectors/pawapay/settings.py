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
    operators: Annotated[
        tuple[str, ...],
        Meta(title="Mobile operators", description="As pawaPay names them: MPESA_KEN …"),
    ] = (
        "MPESA_KEN",
        "MTN_MOMO_GHA",
        "VODAFONE_GHA",
        "VODACOM_TZA",
        "AIRTEL_TZA",
        "MTN_MOMO_UGA",
        "AIRTEL_OAPI_UGA",
        "MTN_MOMO_RWA",
        "AIRTEL_RWA",
        "MTN_MOMO_CMR",
        "ORANGE_SEN",
        "ORANGE_CIV",
        "MTN_MOMO_BEN",
    )
    callback_url: CallbackAddress = ""
