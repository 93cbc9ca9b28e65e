"""What a tenant tells about its BTCPay account; keys lie in the vault."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server is the tenant's own; `confirmations` is the store's speed policy."""

    store: Annotated[str, Meta(title="Store id", max_length=80)] = ""
    api_key: Annotated[SecretName, Meta(title="API key")] = "btcpay.api_key"
    webhook_secret: Annotated[SecretName, Meta(title="Secret of the webhook")] = "btcpay.webhook"  # noqa: S105
    base_url: Annotated[str, Meta(title="Address of your server", max_length=255)] = (
        "https://mainnet.demo.btcpayserver.org"
    )
    confirmations: Annotated[
        Literal["HighSpeed", "MediumSpeed", "LowMediumSpeed", "LowSpeed"],
        Meta(
            title="Confirmations",
            description="None, one, two or six blocks.",
            extra={
                "options": {
                    "HighSpeed": "None",
                    "MediumSpeed": "One block",
                    "LowMediumSpeed": "Two blocks",
                    "LowSpeed": "Six blocks",
                }
            },
        ),
    ] = "LowMediumSpeed"
    staying: Annotated[
        bool,
        Meta(
            title="Addresses that stay",
            description="A top-up invoice of a year for each client. Try it at your server first.",
        ),
    ] = False
    currencies: tuple[str, ...] = ("EUR", "USD", "BTC")
    payout_currencies: tuple[str, ...] = ("BTC",)
