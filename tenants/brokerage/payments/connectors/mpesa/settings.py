"""What a tenant tells about its M-Pesa account; keys lie in the vault."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.connector import (
    CallbackAddress,
)
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Daraja signs nothing, so every address it is given carries a proof made with `webhook_secret`."""

    shortcode: Annotated[str, Meta(title="Pay bill or till number", pattern=r"^[0-9]{0,10}$")] = ""
    payout_shortcode: Annotated[
        str, Meta(title="Number that pays out", pattern=r"^[0-9]{0,10}$")
    ] = ""
    kind: Annotated[
        Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"],
        Meta(
            title="Kind of number",
            extra={
                "options": {
                    "CustomerPayBillOnline": "Pay bill (paybill)",
                    "CustomerBuyGoodsOnline": "Buy goods (till)",
                }
            },
        ),
    ] = "CustomerPayBillOnline"
    initiator: Annotated[str, Meta(title="Initiator for payouts", max_length=40)] = ""
    api_key: Annotated[SecretName, Meta(title="Consumer key")] = "mpesa.consumer_key"
    api_secret: Annotated[SecretName, Meta(title="Consumer secret")] = "mpesa.consumer_secret"  # noqa: S105
    passkey: Annotated[SecretName, Meta(title="Passkey")] = "mpesa.passkey"
    credential: Annotated[
        SecretName,
        Meta(title="Security credential", description="As Daraja's portal makes it; for payouts."),
    ] = "mpesa.credential"
    webhook_secret: Annotated[
        SecretName, Meta(title="Secret of its callbacks", description="Any long random text.")
    ] = "mpesa.callback"  # noqa: S105
    base_url: Annotated[
        str,
        Meta(title="API address", description="Sandbox: https://sandbox.safaricom.co.ke"),
    ] = "https://api.safaricom.co.ke"
    callback_url: CallbackAddress = ""
