"""What a tenant tells about its Stripe account; keys lie in the vault."""

from typing import Annotated

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty lists mean all that Stripe carries."""

    account: Annotated[
        str,
        msgspec.Meta(title="Account id", description="acct_… of the dashboard.", max_length=64),
    ] = ""
    api_key: Annotated[SecretName, msgspec.Meta(title="Secret key")] = "stripe.api_key"
    webhook_secret: Annotated[SecretName, msgspec.Meta(title="Webhook signing secret")] = (
        "stripe.webhook"  # noqa: S105
    )
    base_url: Annotated[str, msgspec.Meta(title="API address", max_length=255)] = (
        "https://api.stripe.com"
    )
    version: Annotated[str, msgspec.Meta(title="API version", max_length=32)] = "2025-03-31.basil"
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    payout_currencies: tuple[str, ...] = ()
    instant_payouts: Annotated[bool, msgspec.Meta(title="Instant payouts")] = False
