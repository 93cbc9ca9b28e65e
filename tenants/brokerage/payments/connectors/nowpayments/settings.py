"""What a tenant tells about its NOWPayments account; keys lie in the vault."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.connector import BalanceField, CallbackAddress
from stoa.connectors.keyring import SecretName

Network = Literal["", "tron", "ethereum", "bitcoin", "litecoin", "stellar"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One coin on one network per provider entry; add another entry for another coin.

    Payouts need the login of the account and the secret of its authenticator: the provider takes
    nothing without a code, and only from addresses of ours that it was told of.
    """

    api_key: Annotated[SecretName, Meta(title="API key")] = "nowpayments.api_key"
    webhook_secret: Annotated[SecretName, Meta(title="IPN secret")] = "nowpayments.ipn"  # noqa: S105
    email: Annotated[SecretName, Meta(title="E-mail of the account, for payouts")] = (
        "nowpayments.email"
    )
    password: Annotated[SecretName, Meta(title="Password of the account, for payouts")] = (
        "nowpayments.password"  # noqa: S105
    )
    code_secret: Annotated[SecretName, Meta(title="Authenticator's secret, for payouts")] = (
        "nowpayments.totp"  # noqa: S105
    )
    base_url: Annotated[str, Meta(title="API address", max_length=255)] = (
        "https://api.nowpayments.io"
    )
    coin: Annotated[
        str,
        Meta(
            title="Coin",
            description="As NOWPayments writes it: btc, eth, usdttrc20 …",
            pattern=r"^[a-z0-9]{2,20}$",
        ),
    ] = "usdttrc20"
    asset: Annotated[
        str, Meta(title="Currency of that coin here", description="USDT for usdttrc20.")
    ] = "USDT"
    network: Annotated[
        Network,
        Meta(
            title="Network of that coin",
            description="tron for usdttrc20.",
            extra={
                "options": {
                    "": "–",
                    "tron": "Tron",
                    "ethereum": "Ethereum",
                    "bitcoin": "Bitcoin",
                    "litecoin": "Litecoin",
                    "stellar": "Stellar",
                }
            },
        ),
    ] = "tron"
    pays_out: Annotated[
        bool, Meta(title="Payouts", description="Needs login and authenticator above.")
    ] = False
    staying: Annotated[
        bool,
        Meta(
            title="Addresses that stay",
            description="One per client, by repeated deposits. Try it with two small payments first.",
        ),
    ] = False
    fee_by_client: Annotated[bool, Meta(title="The client pays the network fee")] = False
    currencies: tuple[str, ...] = ("USD", "EUR", "USDT")
    balance_field: BalanceField = "amount"
    callback_url: CallbackAddress = ""
