"""What a tenant tells about its Praxis account; keys lie in the vault."""

from typing import Annotated

import msgspec
from msgspec import Meta

from brokerage.payments.connector import (
    CallbackAddress,
    Method,
)
from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One application of one merchant; its secret signs both ways."""

    merchant: Annotated[str, Meta(title="Merchant id", max_length=50)] = ""
    application: Annotated[str, Meta(title="Application key", max_length=32)] = ""
    api_key: Annotated[SecretName, Meta(title="Merchant secret")] = "praxis.secret"
    base_url: Annotated[
        str,
        Meta(title="API address", description="Sandbox: https://pci-gw-test.praxispay.com"),
    ] = "https://gw.praxisgate.com"
    gateway: Annotated[
        str, Meta(title="Gateway", description="Empty: the cashier's own rules choose.")
    ] = ""
    methods: tuple[Method, ...] = (Method.CARD, Method.WALLET)
    currencies: tuple[str, ...] = ("EUR", "USD", "GBP")
    countries: tuple[str, ...] = ()
    callback_url: CallbackAddress = ""
