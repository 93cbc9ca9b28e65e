"""Praxis as the product's payment port."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from brokerage.payments.connector import (
    Asked,
    Capabilities,
    Event,
    Hosted,
    Offer,
    Order,
    Paid,
    Payout,
    Receipt,
    Status,
    identity,
)
from brokerage.payments.connectors.praxis import shapes
from brokerage.payments.connectors.praxis.settings import Settings
from stoa.connectors import loose, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Outcome, Sending, hard, not_sent, technical
from stoa.connectors.rest import Said
from stoa.connectors.signatures import TOLERANCE_S, Headers
from stoa.connectors.trouble import Forged, NoAnswer, Stale, Unreadable
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_VERSION: Final = "1.3"
_HEADER: Final = "gt-authentication"
_NOT_FOUND: Final = "transaction not found"


class Praxis:
    """One application. Requests, answers and notices are signed alike: SHA-384, secret last.

    It pays out nothing that is asked for here: its API (`agent/manage-withdrawal-request`,
    `split-withdrawal-request`) completes, splits or cancels requests that a client made in its own
    cashier, by their number there; none of its published calls begins one for a destination of ours.
    """

    code: ClassVar[str] = "praxis"
    label: ClassVar[str] = "Praxis"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.merchant, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies) & shapes.DIGITS.carried
        countries = frozenset(self._settings.countries)
        return Capabilities(
            deposits=tuple(
                Offer(method=method, currencies=carried, countries=countries)
                for method in self._settings.methods
            ),
            payouts=(),
            refunds=False,
            idempotent_s=0,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method not in self._settings.methods:
            return hard("method", "this application does not carry the method")
        try:
            body = self._session(order)
            said = await self._call(
                "/cashier/cashier", body, ("timestamp", "intent", "cid", "order_id")
            )
        except NoAnswer as why:
            return technical(why.code)
        except Refusal as why:
            return not_sent(why)
        code, url = said.get("status"), text(said.get("redirect_url"))
        if code != 0 or not url:
            positive = isinstance(code, int) and code > 0
            why_text = text(said.get("description"))
            return hard(f"praxis-{code}", why_text) if positive else technical("praxis", why_text)
        return Hosted(str(order.id), url)

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "a session ends by itself after fifteen minutes")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """A notice of a payment, or the question whether one is expected; both carry their time."""
        given = signatures.only_header(headers, _HEADER)
        body = loose.document(raw)
        checking = "transaction_attempt" in body
        fields = [
            shapes.part_of(body, path) for path in (shapes.CHECK if checking else shapes.NOTICE)
        ]
        secrets = self._secrets.active(self._settings.api_key)
        dues = [shapes.signed(fields, secret) for secret in secrets]
        if not body or not signatures.any_of([signatures.same(given.lower(), due) for due in dues]):
            raise Forged("The callback's signature is not ours.")
        if (body.get("merchant_id"), body.get("application_key")) != (
            self._settings.merchant,
            self._settings.application,
        ):
            raise Forged("The callback is for another merchant.")
        at = loose.unix(body.get("timestamp"))
        if at is None or abs((now - at).total_seconds()) > TOLERANCE_S:
            raise Stale("The callback was signed too long ago.")
        return [shapes.check_of(body) if checking else shapes.notice_of(body, at)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        """Signed as theirs are; without it they ask again every five minutes."""
        status, at = 0 if fine else 1, int(now.timestamp())
        said = {
            "status": status,
            "description": "Ok" if fine else "This payment is not expected",
            "version": _VERSION,
            "timestamp": at,
        }
        proof = shapes.signed([status, at], self._secrets.current(self._settings.api_key))
        return Receipt(200, msgspec.json.encode(said), ((_HEADER, proof),))

    async def poll(self, reference: str) -> Status:
        body: Said = self._who() | {"order_id": reference}
        said = await self._call("/agent/find-order", body, ("timestamp", "order_id"))
        if said.get("status") != 0:
            if _NOT_FOUND in text(said.get("description")).lower():
                raise NotFound("The provider does not have that.")
            raise Unavailable("The provider refused to tell.", code=f"praxis-{said.get('status')}")
        return shapes.transaction_of(mapping(said.get("transaction")), mapping(said.get("session")))

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "give it back in Praxis' own screens: its notice is taken here")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        return hard("no-payouts", "Praxis pays out what a client asks for in its own cashier")

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        raise NotFound("The provider does not pay out.")

    async def test_connection(self) -> list[Check]:
        """Ask for an order that cannot be: it needs the secret and changes nothing."""
        try:
            await self.poll("connection-test")
        except NotFound:
            pass
        except Refusal as why:
            return [failed("Use the secret key", why)]
        return [
            Check("Use the secret key", fine=True, text=self._settings.merchant),
            Check("Verify callbacks", fine=True),
        ]

    def _who(self) -> Said:
        return {
            "merchant_id": self._settings.merchant,
            "application_key": self._settings.application,
            "version": _VERSION,
            "timestamp": int(datetime.now(UTC).timestamp()),
        }

    def _session(self, order: Order) -> Said:
        """Raises Invalid for an amount the cashier cannot take."""
        payer = order.payer
        first, _, last = payer.name.partition(" ")
        customer = {
            "country": payer.country,
            "first_name": first,
            "last_name": last or first,
            "email": payer.email,
            "phone": payer.phone.removeprefix("+"),
        }
        where = self._settings.callback_url
        return self._who() | {
            "intent": "payment",
            "currency": order.money.currency,
            "amount": shapes.DIGITS.minor(order.money),
            "cid": payer.reference,
            "locale": f"{payer.language or 'en'}-{payer.country or 'GB'}",
            "customer_data": {key: value for key, value in customer.items() if value},
            "gateway": self._settings.gateway or None,
            "validation_url": where,
            "notification_url": where,
            "return_url": order.return_url,
            "order_id": str(order.id),
            "variable1": order.reference,
        }

    async def _call(self, path: str, body: Said, names: Iterable[str]) -> Said:
        """Raises Unavailable for an answer that is none, or not signed by Praxis."""
        secret = self._secrets.current(self._settings.api_key)
        fields = [body["merchant_id"], body["application_key"], *(body[one] for one in names)]
        reply = await self._line.request(
            "POST",
            self._settings.base_url.rstrip("/") + path,
            headers={
                _HEADER: shapes.signed(fields, secret),
                "content-type": "application/json; charset=utf-8",
            },
            content=msgspec.json.encode(body),
        )
        if not reply.ok:
            raise Unavailable("The provider refused to tell.", code=f"http-{reply.status}")
        said = reply.json()
        if not isinstance(said, dict):
            raise Unreadable("The provider's answer could not be read.")
        if "redirect_url" in said:
            due = shapes.signed(
                [
                    said.get("status"),
                    said.get("timestamp"),
                    said.get("redirect_url"),
                    mapping(said.get("customer")).get("customer_token"),
                ],
                secret,
            )
            if not signatures.same(reply.headers.get(_HEADER, "").lower(), due):
                raise Unreadable("The provider's answer is not signed by it.")
        return said
