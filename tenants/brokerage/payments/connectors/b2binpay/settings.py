"""What a tenant tells about its B2BINPAY account; keys lie in the vault."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.connector import (
    BalanceField,
    CallbackAddress,
)
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`wallets` and `coins` tie our currencies to their numbers, as the control panel shows them."""

    api_key: Annotated[SecretName, Meta(title="API key (login)")] = "b2binpay.login"
    api_secret: Annotated[SecretName, Meta(title="API secret (password)")] = "b2binpay.password"  # noqa: S105
    base_url: Annotated[
        str,
        Meta(title="API address", description="Sandbox: https://api-sandbox.b2binpay.com"),
    ] = "https://api.b2binpay.com"
    wallets: Annotated[
        tuple[str, ...],
        Meta(title="Wallets", description="Currency and wallet number: BTC=318"),
    ] = ()
    coins: Annotated[
        tuple[str, ...],
        Meta(title="Coins", description="Asset and currency number: BTC=1000, ETH=1002"),
    ] = ("BTC=1000", "ETH=1002")
    networks: Annotated[
        tuple[str, ...],
        Meta(
            title="Networks of addresses that stay",
            description="Coin and network, as the wallet has it: USDT=tron. Others get an address "
            "for each deposit.",
        ),
    ] = ("BTC=bitcoin", "LTC=litecoin", "ETH=ethereum")
    confirmations: Annotated[
        int, Meta(title="Confirmations", description="0: as B2BINPAY has it.", ge=0, le=100)
    ] = 0
    hosted: Annotated[bool, Meta(title="Their payment page")] = True
    key_form: Annotated[
        Literal["raw", "hex"],
        Meta(
            title="Form of the callback key",
            description="Try both with a test deposit.",
            extra={"options": {"raw": "As it is written", "hex": "Hexadecimal"}},
        ),
    ] = "raw"
    balance_field: BalanceField = "balance_confirmed"
    callback_url: CallbackAddress = ""
