"""What a tenant tells about its Flutterwave account; keys lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from brokerage.payments.connector import (
    Method,
)
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`webhook_secret` is the secret hash of the dashboard; Flutterwave sends it as it is."""

    account: Annotated[str, Meta(title="Merchant id", max_length=40)] = ""
    api_key: Annotated[SecretName, Meta(title="Secret key")] = "flutterwave.secret_key"
    webhook_secret: Annotated[SecretName, Meta(title="Secret hash")] = "flutterwave.hash"  # noqa: S105
    base_url: Annotated[str, Meta(title="API address", max_length=255)] = (
        "https://api.flutterwave.com/v3"
    )
    methods: tuple[Method, ...] = (Method.CARD, Method.BANK, Method.MOBILE)
    currencies: tuple[str, ...] = ("NGN",)
    countries: tuple[str, ...] = ()
    payout_currencies: tuple[str, ...] = ("NGN",)
    operators: Annotated[
        tuple[str, ...],
        Meta(
            title="Mobile operators", description="Their codes here, for payouts to mobile money."
        ),
    ] = ("MPS", "MTN", "AIRTEL")
