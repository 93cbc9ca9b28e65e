"""pawaPay as the product's payment port."""

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
    ToWallet,
    ask,
    identity,
    send,
)
from brokerage.payments.connectors.pawapay import shapes
from brokerage.payments.connectors.pawapay.settings import Settings
from stoa.connectors import loose, message_signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Outcome, Sending, hard, not_sent
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal

_FOR_EVER_S: Final = 10 * 365 * 86_400
_MARKETS: Final = MappingProxyType(
    {
        "BJ": "BEN",
        "CM": "CMR",
        "CI": "CIV",
        "CG": "COG",
        "GA": "GAB",
        "GH": "GHA",
        "KE": "KEN",
        "NG": "NGA",
        "RW": "RWA",
        "SN": "SEN",
        "TZ": "TZA",
        "UG": "UGA",
    }
)


class PawaPay:
    """One account. Our ids are its ids, so a repeated call is ignored there."""

    code: ClassVar[str] = "pawapay"
    label: ClassVar[str] = "pawaPay"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._api = Rest(
            line,
            settings.base_url,
            headers=lambda: {"authorization": f"Bearer {secrets.current(settings.api_key)}"},
            error=shapes.fault_of,
            technical=shapes.TECHNICAL,
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.account, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies) & shapes.DIGITS.carried
        countries = frozenset(self._settings.countries) & frozenset(_MARKETS)
        mobile = Offer(method=Method.MOBILE, currencies=carried, countries=countries)
        sent = tuple(
            Offer(
                method=Method.MOBILE,
                currencies=carried,
                countries=frozenset({one}),
                operators=tuple(
                    code for code in self._settings.operators if code.endswith(_MARKETS[one])
                ),
            )
            for one in sorted(countries)
        )
        return Capabilities(
            deposits=(mobile,), payouts=sent, refunds=True, idempotent_s=_FOR_EVER_S
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.MOBILE:
            return hard("method", "this account takes mobile money")
        try:
            amount = shapes.DIGITS.short(order.money)
        except Invalid as why:
            return not_sent(why)
        body: Said = {
            "depositId": str(order.id),
            "returnUrl": order.return_url,
            "amountDetails": {"amount": amount, "currency": order.money.currency},
            "language": "FR" if order.payer.language == "fr" else "EN",
            "reason": order.description[:50],
            "metadata": [{"orderId": order.reference}],
        }
        if order.payer.country in _MARKETS:
            body["country"] = _MARKETS[order.payer.country]
        return await ask(
            self._api.post("/v2/paymentpage", body), lambda said: shapes.page_of(said, order)
        )

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "the payer may have been asked already")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """RFC 9421 over our address, the time and the body's digest, by pawaPay's key."""
        message_signatures.require(
            raw,
            headers,
            self._secrets.active(self._settings.webhook_secret),
            address=self._settings.callback_url,
            now=now,
        )
        return [shapes.event_of(loose.document(raw), raw)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        return await self._status("deposits", reference, "depositId")

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        try:
            amount = shapes.DIGITS.short(money)
        except Invalid as why:
            return not_sent(why)
        body: Said = {
            "refundId": str(refund),
            "depositId": paid.reference,
            "amount": amount,
            "currency": money.currency,
        }
        return await send(
            self._api.post("/v2/refunds", body), lambda said: shapes.taken_of(said, "refundId")
        )

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        return await self._status("refunds", str(refund), "refundId")

    async def pay_out(self, payout: Payout) -> Sending:
        to = payout.destination
        if not isinstance(to, ToWallet) or to.method is not Method.MOBILE or not to.operator:
            return hard("destination", "this provider pays to mobile money of a known operator")
        try:
            amount = shapes.DIGITS.short(payout.money)
        except Invalid as why:
            return not_sent(why)
        body: Said = {
            "payoutId": str(payout.id),
            "amount": amount,
            "currency": payout.money.currency,
            "recipient": {
                "type": "MMO",
                "accountDetails": {
                    "phoneNumber": to.account.removeprefix("+"),
                    "provider": to.operator,
                },
            },
            "customerMessage": f"{payout.reference}"[:22],
            "metadata": [{"orderId": payout.reference}],
        }
        return await send(
            self._api.post("/v2/payouts", body), lambda said: shapes.taken_of(said, "payoutId")
        )

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        return await self._status("payouts", str(payout), "payoutId")

    async def test_connection(self) -> list[Check]:
        """Read what the account may do: it needs the token and changes nothing."""
        try:
            told = await self._api.get("/v2/active-conf")
        except Refusal as why:
            return [failed("Use the secret key", why)]
        keys = self._secrets.active(self._settings.webhook_secret)
        return [
            Check("Use the secret key", fine=True, text=text(told.get("companyName"))),
            Check("Verify callbacks", fine=any(message_signatures.readable(key) for key in keys)),
        ]

    async def _status(self, what: str, key: str, name: str) -> Status:
        said = await self._api.get(f"/v2/{what}/{safe(key)}")
        if said.get("status") == "NOT_FOUND":
            raise NotFound("The provider does not have that.")
        return shapes.thing_of(mapping(said.get("data")), name)
