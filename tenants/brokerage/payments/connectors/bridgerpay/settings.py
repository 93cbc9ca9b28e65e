"""What a tenant tells about its BridgerPay account; login and keys lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from brokerage.payments.connector import Method
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One merchant with one checkout. The notices' address is entered in BridgerPay's own screens."""

    account: Annotated[str, Meta(title="Account name", max_length=80)] = ""
    username: Annotated[SecretName, Meta(title="API user name")] = "bridgerpay.username"
    password: Annotated[SecretName, Meta(title="API password")] = "bridgerpay.password"  # noqa: S105
    api_key: Annotated[SecretName, Meta(title="API key")] = "bridgerpay.api_key"
    webhook_secret: Annotated[
        SecretName,
        Meta(
            title="Our secret for notices",
            description="Long and random, of your own: each order carries a mark made of it.",
        ),
    ] = "bridgerpay.notices"  # noqa: S105
    cashier: Annotated[str, Meta(title="Cashier key", max_length=80)] = ""
    base_url: Annotated[
        str, Meta(title="API address", description="Sandbox: https://api-sandbox.bridgerpay.com")
    ] = "https://api.bridgerpay.com"
    checkout_url: Annotated[str, Meta(title="Address of the cashier", max_length=255)] = (
        "https://checkout.bridgerpay.com/v2/"
    )
    payload_at: Annotated[
        str,
        Meta(
            title="Place of our mark in notices",
            description="The way to the order's payload, with points between: data.payload",
            pattern=r"^[A-Za-z_]{1,40}(\.[A-Za-z_]{1,40}){0,5}$",
        ),
    ] = "data.payload"
    """Not established from its reference: a setting, for the day it proves to be another."""
    payout_provider: Annotated[
        str,
        Meta(
            title="Payouts through",
            description="The processor's code name at BridgerPay. Empty: it pays out nothing.",
            max_length=60,
        ),
    ] = ""
    methods: tuple[Method, ...] = (Method.CARD, Method.WALLET)
    currencies: tuple[str, ...] = ("EUR", "USD", "GBP")
    countries: tuple[str, ...] = ()
