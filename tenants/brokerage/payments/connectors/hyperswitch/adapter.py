"""Hyperswitch as the product's payment port."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from brokerage.payments.connector import (
    Asked,
    Capabilities,
    Destination,
    Event,
    Hosted,
    Method,
    Offer,
    Order,
    Paid,
    Payout,
    Status,
    ToBank,
    ToCrypto,
    ToToken,
    ToWallet,
    sending,
)
from brokerage.payments.connectors.hyperswitch import shapes
from brokerage.payments.connectors.hyperswitch.calls import (
    DUPLICATE,
    Calls,
    Said,
    safe,
    their_id,
)
from brokerage.payments.connectors.hyperswitch.settings import Settings
from brokerage.payments.values import Asks
from stoa.connectors import loose, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import (
    Confirmed,
    Outcome,
    Refused,
    Sending,
    Unknown,
    hard,
    not_sent,
    technical,
)
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import NoAnswer
from stoa.kernel import currencies
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, Refusal

_FOR_EVER_S: Final = 10 * 365 * 86_400
_TYPES: Final = MappingProxyType(
    {
        Method.CARD: ["credit", "debit"],
        Method.CRYPTO: ["crypto_currency"],
        Method.BANK: ["open_banking_pis"],
        Method.WALLET: ["paypal", "apple_pay", "google_pay"],
    }
)


class Hyperswitch:
    """One merchant account. Payments, refunds and payouts bear ids made from our rows' ids."""

    code: ClassVar[str] = "hyperswitch"
    label: ClassVar[str] = "Hyperswitch"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._calls = Calls(settings, secrets, line)

    @property
    def identity(self) -> str:
        if self._settings.merchant:
            return f"{self.code}|{self._settings.merchant}|{self._settings.profile}"
        key = self._secrets.current(self._settings.api_key)
        return f"{self.code}|{hashlib.sha256(key.encode()).hexdigest()[:24]}"

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies) & frozenset(currencies.EXPONENTS)
        countries = frozenset(self._settings.countries)
        return Capabilities(
            deposits=tuple(
                Offer(method=Method(name), currencies=carried, countries=countries)
                for name in self._settings.methods
            ),
            payouts=tuple(
                Offer(method=Method(name), currencies=carried, asks=_asks(name, carried))
                for name in self._settings.payout_methods
            ),
            refunds=True,
            idempotent_s=_FOR_EVER_S,
        )

    async def create_deposit(self, order: Order) -> Asked:
        """Without an answer nobody can pay: its page's address is in the answer alone."""
        if order.method.value not in self._settings.methods:
            return hard("method", "this account does not carry the method")
        key = their_id("pay_", order.id)
        try:
            said = await self._calls.post("/payments", self._payment(order, key))
            if isinstance(said, Refused) and said.code == DUPLICATE:
                said = await self._calls.get(f"/payments/{key}")
        except NoAnswer as why:
            return technical(why.code)
        except Refusal as why:
            return not_sent(why)
        match said:
            case Unknown(code, text):
                return technical(code, text)
            case Refused():
                return said
            case _:
                link = loose.mapping(said.get("payment_link")).get("link")
        if not isinstance(link, str):
            return technical("no-page", "the provider gave no page to pay on")
        return Hosted(str(said.get("payment_id") or key), link, order.expires)

    async def cancel_deposit(self, reference: str) -> Outcome:
        body = {"cancellation_reason": "requested_by_customer"}
        try:
            said = await self._calls.post(f"/payments/{safe(reference)}/cancel", body)
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        return said if isinstance(said, Refused | Unknown) else Confirmed(reference)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The proof has no time in it: an old event is stopped by its id alone."""
        del now
        proof = signatures.only_header(headers, "x-webhook-signature-512")
        secrets = self._secrets.active(self._settings.webhook_secret)
        signatures.require_hmac(raw, proof, secrets, digest="sha512")
        return shapes.events(raw, self._settings.merchant)

    async def poll(self, reference: str) -> Status:
        return shapes.payment(await self._calls.get(f"/payments/{safe(reference)}"))

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        key = their_id("ref_", refund)
        try:
            body: Said = {
                "payment_id": paid.reference,
                "refund_id": key,
                "amount": _minor(money),
                "metadata": {"id": str(refund)},
            }
            said = await self._calls.post("/refunds", body)
            if isinstance(said, Refused) and said.code == DUPLICATE:
                said = await self._calls.get(f"/refunds/{key}")
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        return said if isinstance(said, Refused | Unknown) else sending(shapes.refund(said))

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        del paid
        key = reference or their_id("ref_", refund)
        return shapes.refund(await self._calls.get(f"/refunds/{safe(key)}"))

    async def pay_out(self, payout: Payout) -> Sending:
        key = their_id("pyt_", payout.id)
        try:
            said = await self._calls.post("/payouts/create", self._payout(payout, key))
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        if isinstance(said, Refused) and said.code == DUPLICATE:
            return await self._payout_again(key)
        return said if isinstance(said, Refused | Unknown) else sending(shapes.payout(said))

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        del since
        key = reference or their_id("pyt_", payout)
        return shapes.payout(await self._calls.get(f"/payouts/{safe(key)}"))

    async def test_connection(self) -> list[Check]:
        """Read one payment: it needs the key and changes nothing."""
        try:
            await self._calls.get("/payments/list?limit=1")
        except Refusal as why:
            return [failed("Use the secret key", why)]
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [
            Check("Use the secret key", fine=True, text=self._settings.merchant),
            Check("Verify callbacks", fine=hook),
        ]

    async def _payout_again(self, key: str) -> Sending:
        """The payout exists: whatever became of it, this call did not make a second one."""
        try:
            return sending(shapes.payout(await self._calls.get(f"/payouts/{key}")))
        except Refusal as why:
            return Unknown(why.code)

    def _payment(self, order: Order, key: str) -> Said:
        seconds = int((order.expires - order.created).total_seconds())
        body: Said = {
            "payment_id": key,
            "amount": _minor(order.money),
            "currency": order.money.currency,
            "payment_link": True,
            "session_expiry": max(60, seconds),
            "return_url": order.return_url,
            "description": order.description[:255],
            "allowed_payment_method_types": _TYPES[order.method],
            "merchant_order_reference_id": order.reference,
            "customer": _customer(order.payer.reference, order.payer.name, order.payer.email),
            "metadata": {"id": str(order.id)},
        }
        return body | self._profile()

    def _payout(self, payout: Payout, key: str) -> Said:
        payer = payout.payer
        body: Said = {
            "payout_id": key,
            "amount": _minor(payout.money),
            "currency": payout.money.currency,
            "confirm": True,
            "auto_fulfill": True,
            "entity_type": "Individual",
            "description": payout.description[:255],
            "merchant_order_reference_id": payout.reference,
            "customer": _customer(payer.reference, payer.name, payer.email),
            "metadata": {"id": str(payout.id)},
        }
        return body | _destination(payout.destination) | self._profile()

    def _profile(self) -> Said:
        return {"profile_id": self._settings.profile} if self._settings.profile else {}


def _customer(reference: str, name: str, email: str) -> Said:
    told = {"id": reference, "name": name, "email": email}
    return {key: value for key, value in told.items() if value}


def _destination(to: Destination) -> Said:
    match to:
        case ToToken(token, method):
            return {"payout_type": method.value, "payout_token": token}
        case ToCrypto():
            coin = {"address": to.address, "network": to.network, "currency": to.asset}
            memo = {"memo": to.memo} if to.memo else {}
            return {"payout_type": "crypto", "payout_method_data": {"crypto": coin | memo}}
        case ToBank():
            return {"payout_type": "bank", "payout_method_data": {"bank": _bank(to)}}
        case ToWallet():
            wallet = {"paypal": {"email": to.account}}
            return {"payout_type": "wallet", "payout_method_data": {"wallet": wallet}}


def _asks(method: str, carried: Collection[str]) -> tuple[Asks, ...]:
    """Accounts by IBAN, and the national kinds of the currencies that are carried."""
    if method != "bank":
        return ()
    national: tuple[tuple[str, Asks], ...] = (("GBP", "sort-code"), ("USD", "ach"), ("BRL", "pix"))
    return ("iban", *(kind for currency, kind in national if currency in carried))


def _bank(to: ToBank) -> dict[str, Any]:
    told = {
        "bank_name": to.bank_name,
        "bank_country_code": to.country,
        "bank_city": to.city,
        "iban": to.iban,
        "bic": to.bic,
        "bank_account_number": to.account_number,
        "bank_routing_number": to.routing_number,
        "bank_sort_code": to.sort_code,
        "pix_key": to.pix_key,
    }
    return {key: value for key, value in told.items() if value}


def _minor(money: Money) -> int:
    """Raises Invalid for what cannot be said in the currency's smallest unit."""
    try:
        minor = money.minor()
    except (ValueError, KeyError) as why:
        raise Invalid("This provider cannot carry that amount.", field="amount") from why
    if minor <= 0:
        raise Invalid("The amount must be more than zero.", field="amount")
    return minor
