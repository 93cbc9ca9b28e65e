"""What a tenant tells about its Hyperswitch merchant account; keys lie in the vault."""

from typing import Annotated, Literal

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which methods and currencies work depends on the processors behind the account."""

    base_url: Annotated[str, msgspec.Meta(title="API address", max_length=255)] = (
        "https://api.hyperswitch.io"
    )
    merchant: Annotated[
        str,
        msgspec.Meta(title="Merchant id", description="Callbacks of another merchant are refused."),
    ] = ""
    profile: Annotated[str, msgspec.Meta(title="Profile id", max_length=64)] = ""
    api_key: Annotated[SecretName, msgspec.Meta(title="API key")] = "hyperswitch.api_key"
    webhook_secret: Annotated[SecretName, msgspec.Meta(title="Payment response hash key")] = (
        "hyperswitch.webhook"  # noqa: S105
    )
    methods: tuple[Literal["card", "crypto", "bank", "wallet"], ...] = ("card", "crypto")
    payout_methods: Annotated[
        tuple[Literal["card", "crypto", "bank", "wallet"], ...],
        msgspec.Meta(title="Methods of paying out"),
    ] = ("bank", "crypto")
    currencies: tuple[str, ...] = ("USD", "EUR", "GBP")
    countries: tuple[str, ...] = ()
