"""Stripe as the product's payment port."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from brokerage.payments.connector import (
    Asked,
    Capabilities,
    Event,
    Hosted,
    Method,
    Offer,
    Order,
    Paid,
    Payout,
    Status,
    ToToken,
    sending,
)
from brokerage.payments.connectors.stripe import amounts, shapes
from brokerage.payments.connectors.stripe.calls import Calls, Said, safe
from brokerage.payments.connectors.stripe.settings import Settings
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
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal

_DAY_S: Final = 86_400
_SHORTEST: Final = timedelta(minutes=31)
_LONGEST: Final = timedelta(hours=23, minutes=50)
_PAGES: Final = 5
_EXPAND: Final = {"expand[]": "payment_intent.latest_charge"}


class Stripe:
    """One Stripe account. The row's id is the idempotency key of every changing call."""

    code: ClassVar[str] = "stripe"
    label: ClassVar[str] = "Stripe"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._calls = Calls(settings, secrets, line)

    @property
    def identity(self) -> str:
        if self._settings.account:
            return f"{self.code}|{self._settings.account}"
        key = self._secrets.current(self._settings.api_key)
        return f"{self.code}|{hashlib.sha256(key.encode()).hexdigest()[:24]}"

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies or amounts.CARRIED) & amounts.CARRIED
        paid_out = frozenset(self._settings.payout_currencies or carried) & amounts.CARRIED
        card = Offer(
            method=Method.CARD,
            currencies=carried,
            countries=frozenset(self._settings.countries),
            least=tuple(
                Money(Decimal(least), currency)
                for currency, least in amounts.LEAST.items()
                if currency in carried
            ),
            most=tuple(amounts.largest(currency) for currency in sorted(carried)),
        )
        back = Offer(
            method=Method.CARD,
            currencies=paid_out,
            most=tuple(amounts.largest(currency) for currency in sorted(paid_out)),
        )
        return Capabilities(deposits=(card,), payouts=(back,), refunds=True, idempotent_s=_DAY_S)

    async def create_deposit(self, order: Order) -> Asked:
        """Without an answer nobody can pay: its page's address is in the answer alone."""
        if order.method is not Method.CARD:
            return hard("method", "this provider takes cards")
        try:
            said = await self._calls.post(
                "/v1/checkout/sessions", _session(order), key=str(order.id)
            )
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
                url, reference = said.get("url"), said.get("id")
        if not isinstance(url, str) or not isinstance(reference, str):
            return technical("no-page", "the provider gave no page to pay on")
        return Hosted(reference, url, _expiry(order))

    async def cancel_deposit(self, reference: str) -> Outcome:
        try:
            said = await self._calls.post(f"/v1/checkout/sessions/{safe(reference)}/expire", {})
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        return said if isinstance(said, Refused | Unknown) else Confirmed(reference)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        proof = signatures.only_header(headers, "Stripe-Signature")
        secrets = self._secrets.active(self._settings.webhook_secret)
        signatures.require_stamped(raw, proof, secrets, now)
        return shapes.events(raw)

    async def poll(self, reference: str) -> Status:
        return shapes.deposit(
            await self._calls.get(f"/v1/checkout/sessions/{safe(reference)}", _EXPAND)
        )

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        try:
            minor = amounts.to_minor(money)
            session = await self._calls.get(f"/v1/checkout/sessions/{safe(paid.reference)}")
        except NotFound:
            return hard("no-payment")
        except Refusal as why:
            return not_sent(why)
        paying = session.get("payment_intent")
        if not isinstance(paying, str):
            return hard("not-paid", "there is nothing to give back")
        form: dict[str, str | int] = {
            "payment_intent": paying,
            "amount": minor,
            "metadata[id]": str(refund),
        }
        return await self._send("/v1/refunds", form, refund, shapes.refund)

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        del paid
        if reference:
            return shapes.refund(await self._calls.get(f"/v1/refunds/{safe(reference)}"))
        return shapes.refund(await self._found("/v1/refunds", refund, {}))

    async def pay_out(self, payout: Payout) -> Sending:
        if not isinstance(payout.destination, ToToken):
            return hard("destination", "this provider pays to cards it knows")
        try:
            minor = amounts.to_minor(payout.money, payout=True)
        except Refusal as why:
            return not_sent(why)
        form: dict[str, str | int] = {
            "amount": minor,
            "currency": payout.money.currency.lower(),
            "destination": payout.destination.token,
            "method": "instant" if self._settings.instant_payouts else "standard",
            "description": f"{payout.reference} {payout.description}".strip()[:255],
            "metadata[id]": str(payout.id),
        }
        return await self._send("/v1/payouts", form, payout.id, shapes.payout)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        if reference:
            return shapes.payout(await self._calls.get(f"/v1/payouts/{safe(reference)}"))
        after = int(since.timestamp()) - 60
        return shapes.payout(await self._found("/v1/payouts", payout, {"created[gte]": after}))

    async def disputes(self, since: datetime, now: datetime) -> list[Event]:
        asked: dict[str, str | int] = {"limit": 100, "created[gte]": int(since.timestamp())}
        found: list[Said] = []
        for _ in range(_PAGES):
            page = await self._calls.get("/v1/disputes", asked)
            found += loose.rows(page.get("data"))
            if not page.get("has_more") or not found:
                break
            asked["starting_after"] = loose.text(found[-1].get("id"))
        return [shapes.listed_dispute(one, now) for one in found]

    async def test_connection(self) -> list[Check]:
        """Read one payment: it needs the key and changes nothing."""
        try:
            await self._calls.get("/v1/checkout/sessions", {"limit": 1})
        except Refusal as why:
            return [failed("Use the secret key", why)]
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [
            Check("Use the secret key", fine=True, text=self._settings.account),
            Check("Verify callbacks", fine=hook),
        ]

    async def _send(
        self,
        path: str,
        form: dict[str, str | int],
        key: UUID,
        read: Callable[[Said], Status],
    ) -> Sending:
        try:
            said = await self._calls.post(path, form, key=str(key))
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        if isinstance(said, Refused | Unknown):
            return said
        return sending(read(said))

    async def _found(self, path: str, key: UUID, query: dict[str, str | int]) -> Said:
        """Look through the newest for one that carries our id."""
        asked: dict[str, str | int] = query | {"limit": 100}
        for _ in range(_PAGES):
            page = await self._calls.get(path, asked)
            rows = loose.rows(page.get("data"))
            for row in rows:
                if loose.mapping(row.get("metadata")).get("id") == str(key):
                    return row
            if not rows or not page.get("has_more"):
                break
            asked["starting_after"] = str(rows[-1].get("id"))
        raise NotFound("The provider does not have that.")


def _session(order: Order) -> dict[str, str | int]:
    """Raises Invalid for an amount Stripe cannot take."""
    item = "line_items[0]"
    form: dict[str, str | int] = {
        "mode": "payment",
        "client_reference_id": order.reference,
        f"{item}[quantity]": 1,
        f"{item}[price_data][currency]": order.money.currency.lower(),
        f"{item}[price_data][unit_amount]": amounts.to_minor(order.money),
        f"{item}[price_data][product_data][name]": order.description[:250],
        "payment_method_types[0]": "card",
        "success_url": order.return_url,
        "cancel_url": order.cancel_url,
        "expires_at": int(_expiry(order).timestamp()),
        "metadata[id]": str(order.id),
        "payment_intent_data[metadata][id]": str(order.id),
        "payment_intent_data[description]": f"{order.reference} {order.description}"[:250],
    }
    if order.payer.email:
        form["customer_email"] = order.payer.email
    return form


def _expiry(order: Order) -> datetime:
    """Between half an hour and a day after creation, which is what Stripe allows."""
    return min(max(order.expires, order.created + _SHORTEST), order.created + _LONGEST)
