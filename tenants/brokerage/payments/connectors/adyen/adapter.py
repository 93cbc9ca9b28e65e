"""Adyen as the product's payment port."""

from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from brokerage.payments.connector import (
    Asked,
    CannotAsk,
    Capabilities,
    Event,
    Method,
    Offer,
    Order,
    Paid,
    Payout,
    Receipt,
    State,
    Status,
    ToToken,
    ask,
    identity,
    send,
    stop,
)
from brokerage.payments.connectors.adyen import shapes
from brokerage.payments.connectors.adyen.settings import Settings
from stoa.connectors import loose, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Outcome, Sending, hard, not_sent, technical
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, Refusal

_WEEK_S: Final = 7 * 86_400
_LONGEST: Final = timedelta(days=69)


class Adyen:
    """One merchant account. Our ids are the idempotency keys, and part of the merchant reference."""

    code: ClassVar[str] = "adyen"
    label: ClassVar[str] = "Adyen"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._checkout = self._api(line, settings.base_url, settings.api_key)
        self._payouts = self._api(line, settings.payout_url, settings.payout_key)

    def _api(self, line: Line, base: str, key: str) -> Rest:
        return Rest(
            line,
            base,
            headers=lambda: {"x-api-key": self._secrets.current(key)},
            error=lambda said: (text(said.get("errorCode")), text(said.get("message"))),
            technical=shapes.TECHNICAL,
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.merchant_account, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = (
            frozenset(self._settings.currencies or shapes.DIGITS.carried) & shapes.DIGITS.carried
        )
        card = Offer(
            method=Method.CARD, currencies=carried, countries=frozenset(self._settings.countries)
        )
        back = Offer(method=Method.CARD, currencies=carried)
        return Capabilities(
            deposits=(card,),
            payouts=(back,) if self._settings.store_cards else (),
            refunds=True,
            idempotent_s=_WEEK_S,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.CARD:
            return hard("method", "this account takes cards")
        try:
            body = self._link(order)
        except Invalid as why:
            return not_sent(why)
        key = {"idempotency-key": str(order.id)}
        return await ask(self._checkout.post("/paymentLinks", body, headers=key), shapes.page)

    async def cancel_deposit(self, reference: str) -> Outcome:
        path = f"/paymentLinks/{safe(reference)}"
        return await stop(self._checkout.change("PATCH", path, {"status": "expired"}), reference)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """Each item carries its own proof; nothing in it but the signed fields is relied on."""
        del headers, now
        items = loose.rows(loose.document(raw).get("notificationItems"))
        found = [mapping(one.get("NotificationRequestItem")) for one in items]
        if not found or not all(self._proven(item) for item in found):
            raise Forged("The callback's signature is not ours.")
        return [shapes.event(item) for item in found]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        """Adyen sends again until it reads this word."""
        del raw, now, fine
        return Receipt(200, b"[accepted]")

    async def poll(self, reference: str) -> Status:
        said = await self._checkout.get(f"/paymentLinks/{safe(reference)}")
        raw = text(said.get("status"))
        return Status(
            reference=text(said.get("id")),
            state=shapes.LINKS.get(raw, State.PENDING),
            raw=raw,
            money=shapes.money_of(said),
            our_id=shapes.our_id(text(said.get("reference"))),
        )

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        if not paid.payment:
            return technical("no-payment", "Adyen's reference of the payment is not known yet")
        try:
            body: Said = self._priced(money) | {"reference": str(refund)}
        except Invalid as why:
            return not_sent(why)
        path = f"/payments/{safe(paid.payment)}/refunds"
        key = {"idempotency-key": str(refund)}
        return await send(self._checkout.post(path, body, headers=key), shapes.refund)

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise CannotAsk("Adyen tells of refunds by callback alone.")

    async def pay_out(self, payout: Payout) -> Sending:
        if not isinstance(payout.destination, ToToken):
            return hard("destination", "this provider pays to cards it keeps")
        first, _, last = payout.payer.name.partition(" ")
        try:
            body: Said = self._priced(payout.money)
        except Invalid as why:
            return not_sent(why)
        body |= {
            "reference": str(payout.id),
            "shopperReference": payout.payer.reference,
            "selectedRecurringDetailReference": payout.destination.token,
            "recurring": {"contract": "PAYOUT"},
            "shopperName": {"firstName": first, "lastName": last or first},
            "shopperStatement": payout.reference,
        }
        key = {"idempotency-key": str(payout.id)}
        return await send(self._payouts.post("/payout", body, headers=key), shapes.payout)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        raise CannotAsk("Adyen tells of payouts by callback alone.")

    async def test_connection(self) -> list[Check]:
        """Ask which ways to pay there are: it needs the key and changes nothing."""
        body: Said = {"merchantAccount": self._settings.merchant_account}
        try:
            await self._checkout.ask("/paymentMethods", body)
        except Refusal as why:
            return [failed("Use the secret key", why)]
        hook = bool(shapes.keys(self._secrets.active(self._settings.webhook_secret)))
        return [
            Check("Use the secret key", fine=True, text=self._settings.merchant_account),
            Check("Verify callbacks", fine=hook),
        ]

    def _priced(self, money: Money) -> Said:
        amount = {"currency": money.currency, "value": shapes.DIGITS.minor(money)}
        return {"merchantAccount": self._settings.merchant_account, "amount": amount}

    def _link(self, order: Order) -> Said:
        payer = order.payer
        ends = min(order.expires, order.created + _LONGEST)
        told = {
            "reference": f"{order.reference}/{order.id.hex}",
            "returnUrl": order.return_url,
            "description": order.description[:280],
            "expiresAt": ends.isoformat(timespec="seconds"),
            "countryCode": payer.country,
            "shopperEmail": payer.email,
            "shopperReference": payer.reference,
            "shopperLocale": f"{payer.language}-{payer.country}" if payer.country else "",
        }
        body: Said = {key: value for key, value in told.items() if value}
        if self._settings.store_cards:
            body |= {"storePaymentMethodMode": "enabled", "recurringProcessingModel": "CardOnFile"}
        return self._priced(order.money) | body | {"allowedPaymentMethods": ["scheme"]}

    def _proven(self, item: Said) -> bool:
        given = text(mapping(item.get("additionalData")).get("hmacSignature"))
        message = shapes.signed_text(item).encode()
        keys = shapes.keys(self._secrets.active(self._settings.webhook_secret))
        checks = [signatures.same(given, shapes.mac(key, message)) for key in keys]
        account = text(item.get("merchantAccountCode"))
        ours = not self._settings.merchant_account or account == self._settings.merchant_account
        return bool(given) and signatures.any_of(checks) and ours
