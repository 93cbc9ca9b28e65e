"""What a tenant tells about its PayPal account; client id and secret lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`webhook_secret` is the webhook's id: PayPal signs it with every callback."""

    account: Annotated[str, Meta(title="Merchant id", max_length=40)] = ""
    api_key: Annotated[SecretName, Meta(title="Client id")] = "paypal.client_id"
    api_secret: Annotated[SecretName, Meta(title="Client secret")] = "paypal.client_secret"  # noqa: S105
    webhook_secret: Annotated[SecretName, Meta(title="Id of the webhook")] = "paypal.webhook_id"  # noqa: S105
    base_url: Annotated[
        str,
        Meta(
            title="API address",
            description="Sandbox: https://api-m.sandbox.paypal.com",
            max_length=255,
        ),
    ] = "https://api-m.paypal.com"
    certificates: Annotated[tuple[str, ...], Meta(title="Hosts of PayPal's certificates")] = (
        "api.paypal.com",
        "api.sandbox.paypal.com",
    )
    brand: Annotated[str, Meta(title="Name on the payment page", max_length=127)] = ""
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
