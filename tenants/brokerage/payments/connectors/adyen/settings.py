"""What a tenant tells about its Adyen account; keys lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty lists mean all that Adyen carries."""

    merchant_account: Annotated[str, Meta(title="Merchant account", max_length=80)] = ""
    api_key: Annotated[SecretName, Meta(title="API key")] = "adyen.api_key"
    webhook_secret: Annotated[SecretName, Meta(title="HMAC key of the webhook")] = "adyen.hmac"  # noqa: S105
    payout_key: Annotated[SecretName, Meta(title="API key for payouts")] = "adyen.payout_key"
    base_url: Annotated[
        str,
        Meta(
            title="Checkout address",
            description="Live: https://PREFIX-checkout-live.adyenpayments.com/checkout/v71",
            max_length=255,
        ),
    ] = "https://checkout-test.adyen.com/v71"
    payout_url: Annotated[
        str,
        Meta(
            title="Payout address",
            description="Live: https://PREFIX-pal-live.adyenpayments.com/pal/servlet/Payout/v68",
            max_length=255,
        ),
    ] = "https://pal-test.adyen.com/pal/servlet/Payout/v68"
    store_cards: Annotated[
        bool, Meta(title="Keep cards", description="Needed to pay out to the card.")
    ] = False
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
