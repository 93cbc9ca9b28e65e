"""Every connector with its stand-in. A connector that is not here fails the contract suite."""

from brokerage.payments.connector import Method, ToToken, ToWallet
from brokerage.payments.connectors.adyen import Adyen
from brokerage.payments.connectors.paypal import PayPal
from support.psp import adyen, paypal
from support.psp.rig import Setup

WITHOUT_A_PROVIDER: tuple[str, ...] = ()

SETUPS = {
    "adyen": Setup(
        connector=Adyen,
        module="adyen",
        settings={"merchant_account": adyen.ACCOUNT, "store_cards": True},
        secrets={
            "adyen.api_key": adyen.KEY,
            "adyen.payout_key": adyen.PAYOUT_KEY,
            "adyen.hmac": adyen.HMAC,
        },
        hook="adyen.hmac",
        money="100.50 EUR",
        method=Method.CARD,
        to=ToToken("8415995487234100"),
        short=("5000", "EUR"),
        urls=("base_url", "payout_url"),
        over_bytes=False,
        proof_in_headers=False,
        signed_part=("10050", "99950"),
        asks=False,
        deposit_path="/paymentLinks",
        payout_path="/payout",
        refund_path="/refunds",
    ),
    "paypal": Setup(
        connector=PayPal,
        module="paypal",
        settings={"account": "MERCHANT1"},
        secrets={
            "paypal.client_id": paypal.CLIENT,
            "paypal.client_secret": paypal.SECRET,
            "paypal.webhook_id": paypal.HOOK_ID,
        },
        hook="paypal.webhook_id",
        money="100.50 EUR",
        method=Method.WALLET,
        to=ToWallet("ann@example.com"),
        short=("50.00", "EUR"),
        asks=False,
        declines=("declined-hard",),
        deposit_path="/v2/checkout/orders",
        payout_path="/v1/payments/payouts",
        refund_path="/refund",
    ),
}
