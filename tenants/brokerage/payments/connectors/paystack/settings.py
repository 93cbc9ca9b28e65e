"""What a tenant tells about its Paystack account; keys lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from brokerage.payments.connector import (
    Method,
)
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One secret key both calls and signs: the callback's secret is the same one."""

    account: Annotated[str, Meta(title="Integration id", max_length=40)] = ""
    api_key: Annotated[SecretName, Meta(title="Secret key")] = "paystack.secret_key"
    base_url: Annotated[str, Meta(title="API address", max_length=255)] = "https://api.paystack.co"
    methods: tuple[Method, ...] = (Method.CARD,)
    currencies: tuple[str, ...] = ("NGN",)
    countries: tuple[str, ...] = ("NG",)
    payout_currencies: tuple[str, ...] = ("NGN",)
    operators: Annotated[
        tuple[str, ...],
        Meta(
            title="Mobile operators", description="Their codes here, for payouts to mobile money."
        ),
    ] = ("MTN", "VOD", "ATL", "MPESA")
