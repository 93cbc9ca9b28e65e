"""Paystack as the product's payment port."""

from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from brokerage.payments.connector import (
    Asked,
    Capabilities,
    Event,
    Method,
    Offer,
    Order,
    Paid,
    Payout,
    Receipt,
    Status,
    ask,
    identity,
    send,
    sending,
)
from brokerage.payments.connectors.paystack import shapes
from brokerage.payments.connectors.paystack.settings import Settings
from stoa.connectors import signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.outcomes import (
    Outcome,
    Refused,
    Sending,
    Unknown,
    hard,
    not_sent,
    technical,
)
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import NoAnswer
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal, Unavailable

_COUNTRIES: Final = frozenset({"NG", "GH", "ZA", "KE", "CI"})
_DAY_S: Final = 86_400
_MISSING: Final = frozenset({"transaction_not_found", "transfer_not_found", "not_found"})
_TECHNICAL: Final = frozenset(
    {"insufficient_balance", "processor_error", "provider_error", "api_error"}
)
_CHANNELS: Final = MappingProxyType(
    {Method.CARD: "card", Method.BANK: "bank_transfer", Method.MOBILE: "mobile_money"}
)


class Paystack:
    """One integration. Our ids are the references, which are taken once."""

    code: ClassVar[str] = "paystack"
    label: ClassVar[str] = "Paystack"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._api = Rest(
            line,
            settings.base_url,
            headers=lambda: {"authorization": f"Bearer {secrets.current(settings.api_key)}"},
            error=lambda said: (text(said.get("code")), text(said.get("message"))),
            technical=_TECHNICAL,
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.account, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies) & shapes.DIGITS.carried
        sent = frozenset(self._settings.payout_currencies) & shapes.DIGITS.carried
        countries = frozenset(self._settings.countries) & _COUNTRIES
        return Capabilities(
            deposits=tuple(
                Offer(method=method, currencies=carried, countries=countries)
                for method in self._settings.methods
                if method in _CHANNELS
            ),
            payouts=(
                Offer(method=Method.BANK, currencies=sent, countries=countries, asks=("account",)),
                Offer(
                    method=Method.MOBILE,
                    currencies=sent,
                    countries=countries,
                    operators=self._settings.operators,
                ),
            ),
            refunds=True,
            idempotent_s=_DAY_S,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method not in self._settings.methods or order.method not in _CHANNELS:
            return hard("method", "this account does not carry the method")
        if not order.payer.email:
            return hard("email", "Paystack asks for the payer's e-mail address")
        try:
            amount = shapes.minor_of(order.money)
        except Invalid as why:
            return not_sent(why)
        body: Said = {
            "email": order.payer.email,
            "amount": amount,
            "currency": order.money.currency,
            "reference": str(order.id),
            "callback_url": order.return_url,
            "channels": [_CHANNELS[order.method]],
            "metadata": {
                "cancel_action": order.cancel_url,
                "deposit": order.reference,
            },
        }
        return await ask(self._api.post("/transaction/initialize", body), shapes.page_of)

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "a page cannot be withdrawn: the payer may still pay on it")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The proof has no time in it: an old event is stopped by its id alone."""
        given = signatures.only_header(headers, "x-paystack-signature")
        secrets = self._secrets.active(self._settings.api_key)
        signatures.require_hmac(raw, given, secrets, digest="sha512")
        return [shapes.event_of(raw)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        said = await self._read(f"/transaction/verify/{safe(reference)}")
        return shapes.charge_of(mapping(said.get("data")))

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        """Refunds have no reference of ours: one that names it is looked for first."""
        try:
            amount = shapes.minor_of(money)
            made = await self._refund_of(refund, paid)
        except Refusal as why:
            return not_sent(why)
        if made is not None:
            return sending(shapes.move_of(made))
        body: Said = {
            "transaction": paid.reference,
            "amount": amount,
            "currency": money.currency,
            "merchant_note": str(refund),
        }
        return await send(self._api.post("/refund", body), shapes.moved_of)

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        if reference:
            return shapes.moved_of(await self._read(f"/refund/{safe(reference)}"))
        made = await self._refund_of(refund, paid)
        if made is None:
            raise NotFound("The provider does not have that.")
        return shapes.move_of(made)

    async def pay_out(self, payout: Payout) -> Sending:
        try:
            amount = shapes.minor_of(payout.money)
            recipient = shapes.recipient_of(payout)
            code = await self._made(recipient)
        except Refusal as why:
            return not_sent(why)
        if isinstance(code, Refused | Unknown):
            # Nothing was sent: knowing whom to pay moves no money.
            return code if isinstance(code, Refused) else technical(code.code, code.text)
        body: Said = {
            "source": "balance",
            "amount": amount,
            "currency": payout.money.currency,
            "recipient": code,
            "reference": str(payout.id),
            "reason": payout.reference,
        }
        outcome = await send(self._api.post("/transfer", body), shapes.moved_of)
        if isinstance(outcome, Refused) and outcome.code == "duplicate_reference":
            return Unknown("duplicate", outcome.text)  # Ours, and under way: it is asked about.
        return outcome

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        return shapes.moved_of(await self._read(f"/transfer/verify/{payout}"))

    async def test_connection(self) -> list[Check]:
        """Read the balance: it needs the key and changes nothing."""
        try:
            await self._api.get("/balance")
        except Refusal as why:
            return [failed("Use the secret key", why)]
        return [
            Check("Use the secret key", fine=True, text=self._settings.account),
            Check("Verify callbacks", fine=True),
        ]

    async def _read(self, path: str) -> Said:
        """Paystack answers 400 for what it does not have."""
        try:
            return await self._api.get(path)
        except Unavailable as why:
            if why.code in _MISSING:
                raise NotFound("The provider does not have that.") from why
            raise

    async def _refund_of(self, refund: UUID, paid: Paid) -> Said | None:
        told = await self._api.get("/refund", {"transaction": paid.reference, "perPage": 100})
        found = rows(told.get("data"))
        return next((one for one in found if one.get("merchant_note") == str(refund)), None)

    async def _made(self, body: Said) -> str | Refused | Unknown:
        try:
            said = await self._api.post("/transferrecipient", body)
        except NoAnswer as why:
            return technical(why.code)
        if isinstance(said, Refused | Unknown):
            return said
        code = text(mapping(said.get("data")).get("recipient_code"))
        return code or technical("no-recipient", "the provider did not take the account")
