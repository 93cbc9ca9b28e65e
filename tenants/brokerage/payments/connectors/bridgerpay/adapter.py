"""BridgerPay as the product's payment port, by docs.bridgerpay.com and developers.bridgerpay.com.

Its notices carry no published signature. An order's `payload` comes back with each notice of it: ours
is a mark under a secret of our own, so that only who was given the order can speak of it; and as with
every provider the answer to our own question (`/merchant/{key}/deposits/{order}`) is what counts.
Its refunds carry nothing of ours, so one of unknown outcome could not be found again: none are sent.
"""

import hashlib
from datetime import datetime
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
from brokerage.payments.connectors.bridgerpay import shapes
from brokerage.payments.connectors.bridgerpay.settings import Settings
from stoa.connectors import loose, rest, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.outcomes import Outcome, Sending, hard, not_sent
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged, Unreachable
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_TOKEN_S: Final = 6_000
"""A token lives two hours there; ours is asked for anew well before."""


class BridgerPay:
    """One merchant. Our ids are the order ids; a session's page is paid at most once."""

    code: ClassVar[str] = "bridgerpay"
    label: ClassVar[str] = "BridgerPay"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._api = Rest(line, settings.base_url, error=shapes.fault_of, technical=(shapes.SHORT,))

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.account, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        told = self._settings
        carried = frozenset(told.currencies) & shapes.DIGITS.carried
        countries = frozenset(told.countries)
        paid = Offer(method=Method.BANK, currencies=carried, countries=countries)
        return Capabilities(
            deposits=tuple(
                Offer(method=method, currencies=carried, countries=countries)
                for method in told.methods
            ),
            payouts=(paid,) if told.payout_provider else (),
            refunds=False,
            idempotent_s=0,
        )

    async def create_deposit(self, order: Order) -> Asked:
        told = self._settings
        if order.method not in told.methods:
            return hard("method", "this cashier does not carry the method")
        try:
            secret = self._secrets.current(told.webhook_secret)
            mark = shapes.mark_of(secret, str(order.id))
            body = shapes.session_of(order, told.cashier, mark)
            path = f"/v2/cashier/session/create/{self._key()}"
            headers = await self._headers()
        except Refusal as why:
            return not_sent(why)
        return await ask(
            self._api.post(path, body, headers=headers),
            lambda said: shapes.page_of(said, order.id, told.checkout_url, told.cashier),
        )

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "a session ends by itself: the payer may still pay in it")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The order's own mark proves that it speaks of an order it was given; nothing else of it."""
        body = loose.document(raw)
        told = mapping(body.get("data"))
        order, given = text(told.get("order_id")), loose.at(body, self._settings.payload_at)
        secrets = self._secrets.active(self._settings.webhook_secret)
        dues = [shapes.mark_of(secret, order) for secret in secrets]
        if not order or not signatures.any_of([signatures.same(given, due) for due in dues]):
            raise Forged("The notice does not carry our mark.")
        return [shapes.event_of(body, raw)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        path = f"/v2/merchant/{self._key()}/deposits/{safe(reference)}"
        said = await self._api.get(path, headers=await self._headers())
        one = mapping(mapping(said.get("result")).get("deposit"))
        if not one:
            raise NotFound("The provider does not have that.")
        return shapes.deposit_of(one)

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "give it back by a payout, or in BridgerPay's own screens")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        """Looked for by our id first: BridgerPay does not say that a repeated order is one."""
        provider = self._settings.payout_provider
        if not provider:
            return hard("no-payouts", "no processor for payouts is named in the settings")
        try:
            body = shapes.order_of(payout, provider)
            made = await self._find(payout.id)
            headers = await self._headers()
        except Refusal as why:
            return not_sent(why)
        if made is not None:
            return sending(shapes.payout_of(made))
        return await send(
            self._api.post(f"/v2/{self._key()}/payouts", body, headers=headers),
            lambda said: shapes.payout_of(mapping(said.get("result"))),
        )

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        """The processor itself is asked where BridgerPay's own id is known."""
        if reference:
            path = f"/v2/{self._key()}/payouts/{safe(reference)}/check-status"
            said = await self._api.get(path, headers=await self._headers())
            return shapes.payout_of(mapping(said.get("result")))
        made = await self._find(payout)
        if made is None:
            raise NotFound("The provider does not have that.")
        return shapes.payout_of(made)

    async def test_connection(self) -> list[Check]:
        """Sign in and ask for an order that cannot be: it changes nothing."""
        try:
            await self.poll("connection-test")
        except NotFound:
            pass
        except Refusal as why:
            return [failed("Use the API key and secret", why)]
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [
            Check("Use the API key and secret", fine=True, text=self._settings.account),
            Check("Verify callbacks", fine=hook),
        ]

    async def _find(self, payout: UUID) -> Said | None:
        query: dict[str, str | int] = {"merchantOrderId": str(payout), "from": 0}
        path = f"/v2/{self._key()}/payouts"
        said = await self._api.get(path, query, headers=await self._headers())
        found = rows(mapping(said.get("result")).get("records"))
        return next((one for one in found if one.get("merchant_order_id") == str(payout)), None)

    def _key(self) -> str:
        return safe(self._secrets.current(self._settings.api_key))

    async def _headers(self) -> dict[str, str]:
        """The access token. Raises Unreachable: whatever became of asking, no order was sent."""
        login = self._secrets.current(self._settings.username)
        password = self._secrets.current(self._settings.password)

        async def fetch() -> tuple[str, int]:
            body: Said = {"user_name": login, "password": password}
            said = await self._api.ask("/v2/auth/login", body)
            given = mapping(mapping(said.get("result")).get("access_token"))
            held = text(given.get("token"))
            if not held:
                raise Unavailable("BridgerPay gave no access token.", code="no-token")
            return held, _TOKEN_S

        key = hashlib.sha256(f"{login}|{password}".encode()).hexdigest()
        try:
            held = await rest.token(self._line, f"bridgerpay|{key}", fetch)
        except (Unavailable, NotFound) as why:
            raise Unreachable("BridgerPay gave no access token.", code=why.code) from why
        return {"authorization": f"Bearer {held}"}
