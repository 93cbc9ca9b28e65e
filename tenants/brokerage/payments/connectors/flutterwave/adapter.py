"""Flutterwave as the product's payment port."""

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
)
from brokerage.payments.connectors.flutterwave import shapes
from brokerage.payments.connectors.flutterwave.settings import Settings
from stoa.connectors import signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, rows
from stoa.connectors.outcomes import Outcome, Refused, Sending, Unknown, hard, not_sent
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal, Unavailable

_OPTIONS: Final = MappingProxyType(
    {
        Method.CARD: "card",
        Method.BANK: "banktransfer",
        Method.MOBILE: "mobilemoneyghana,mobilemoneyrwanda,mobilemoneyuganda,mpesa,mobilemoneyfranco",
    }
)
_DAY_S: Final = 86_400


class Flutterwave:
    """One merchant. Our ids are the references; a callback's word is asked after, always.

    Its disputes are not read: `GET /v3/chargebacks` is in its reference, but neither what it lists
    without a status nor the fields of its rows could be established, and its callbacks tell of none.
    They are written down by hand from its own screens.
    """

    code: ClassVar[str] = "flutterwave"
    label: ClassVar[str] = "Flutterwave"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._api = Rest(
            line,
            settings.base_url,
            headers=lambda: {"authorization": f"Bearer {secrets.current(settings.api_key)}"},
            error=shapes.fault_of,
            technical=("insufficient-balance", "service-unavailable"),
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.account, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies) & shapes.DIGITS.carried
        sent = frozenset(self._settings.payout_currencies) & shapes.DIGITS.carried
        countries = frozenset(self._settings.countries)
        return Capabilities(
            deposits=tuple(
                Offer(method=method, currencies=carried, countries=countries)
                for method in self._settings.methods
                if method in _OPTIONS
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
            refunds=False,
            idempotent_s=_DAY_S,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method not in self._settings.methods or order.method not in _OPTIONS:
            return hard("method", "this account does not carry the method")
        payer = order.payer
        try:
            amount = shapes.DIGITS.major(order.money)
        except Invalid as why:
            return not_sent(why)
        customer = {"email": payer.email, "name": payer.name, "phonenumber": payer.phone}
        body: Said = {
            "tx_ref": str(order.id),
            "amount": amount,
            "currency": order.money.currency,
            "redirect_url": order.return_url,
            "payment_options": _OPTIONS[order.method],
            "customer": {key: value for key, value in customer.items() if value},
            "customizations": {"title": order.description[:100]},
            "meta": {"deposit": order.reference},
        }
        return await ask(
            self._api.post("/payments", body), lambda said: shapes.page_of(said, order)
        )

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "a page cannot be withdrawn: the payer may still pay on it")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """A static token: it proves who sent it and nothing of what is in it."""
        given = signatures.only_header(headers, "verif-hash")
        secrets = self._secrets.active(self._settings.webhook_secret)
        if not signatures.any_of([signatures.same(given, secret) for secret in secrets]):
            raise Forged("The callback's token is not ours.")
        return [shapes.event_of(raw)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        query: dict[str, str | int] = {"tx_ref": reference}
        said = await self._read("/transactions/verify_by_reference", query)
        return shapes.charge_of(mapping(said.get("data")))

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        """Their refunds carry nothing of ours, so one of unknown outcome could not be found."""
        return hard("no-refunds", "give it back by a payout, or at Flutterwave's own screens")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        try:
            body = shapes.transfer_of(payout, shapes.DIGITS.major(payout.money))
        except Invalid as why:
            return not_sent(why)
        outcome = await send(self._api.post("/transfers", body), shapes.moved_of)
        if isinstance(outcome, Refused) and outcome.code == "duplicate":
            return Unknown("duplicate", outcome.text)  # Ours, and under way: it is asked about.
        return outcome

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        if reference:
            return shapes.moved_of(await self._read(f"/transfers/{safe(reference)}"))
        told = await self._read("/transfers", {"reference": str(payout)})
        found = rows(told.get("data"))
        made = next((one for one in found if one.get("reference") == str(payout)), None)
        if made is None:
            raise NotFound("The provider does not have that.")
        return shapes.transferred_of(made)

    async def test_connection(self) -> list[Check]:
        """Read the balances: it needs the key and changes nothing."""
        try:
            await self._api.get("/balances")
        except Refusal as why:
            return [failed("Use the secret key", why)]
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [
            Check("Use the secret key", fine=True, text=self._settings.account),
            Check("Verify callbacks", fine=hook),
        ]

    async def _read(self, path: str, query: dict[str, str | int] | None = None) -> Said:
        """Flutterwave answers 400 for what it does not have."""
        try:
            return await self._api.get(path, query)
        except Unavailable as why:
            if why.code == "not-found":
                raise NotFound("The provider does not have that.") from why
            raise
