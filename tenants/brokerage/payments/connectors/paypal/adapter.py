"""PayPal as the product's payment port."""

import base64
import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit
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
    State,
    Status,
    ToWallet,
    ask,
    identity,
    send,
)
from brokerage.payments.connectors.paypal import bodies, proofs, shapes
from brokerage.payments.connectors.paypal.settings import Settings
from brokerage.payments.troubles import Trouble
from stoa.connectors import rest
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import text
from stoa.connectors.outcomes import (
    Confirmed,
    Outcome,
    Refused,
    Sending,
    Unknown,
    hard,
    not_sent,
)
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers, any_of, only_header
from stoa.connectors.trouble import Forged, NoAnswer, Unreachable
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal, Unavailable

_MONTH_S: Final = 30 * 86_400
_KEEP_S: Final = 3600


class PayPal:
    """One merchant account. `PayPal-Request-Id` makes a repeated call the same call."""

    code: ClassVar[str] = "paypal"
    label: ClassVar[str] = "PayPal"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    payout_troubles: ClassVar[Mapping[str, Trouble]] = {
        "PAYEE_ACCOUNT_RESTRICTED": Trouble.TECHNICAL  # Of a refund: the account is ours.
    }

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._certificates: dict[str, bytes] = {}
        self._api = Rest(line, settings.base_url, error=bodies.fault, technical=shapes.TECHNICAL)

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.account, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies or shapes.CARRIED) & shapes.DIGITS.carried
        countries = frozenset(self._settings.countries)
        wallet = Offer(method=Method.WALLET, currencies=carried, countries=countries)
        return Capabilities(
            deposits=(wallet,), payouts=(wallet,), refunds=True, idempotent_s=_MONTH_S
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.WALLET:
            return hard("method", "this account takes PayPal payments")
        try:
            body = bodies.order(order, self._settings.brand)
            headers = await self._headers(str(order.id))
        except Refusal as why:
            return not_sent(why)
        return await ask(
            self._api.post("/v2/checkout/orders", body, headers=headers),
            lambda said: bodies.page(said, order),
        )

    async def cancel_deposit(self, reference: str) -> Outcome:
        """Money is taken by our own capture alone, and that only after the payer approved."""
        try:
            status = await self._status(reference)
        except Refusal as why:
            return Unknown(why.code)
        if status.state is State.CREATED:
            return Confirmed(reference)
        return hard("approved", "the payer has approved it already")

    async def fetch_certificate(self, headers: Headers) -> None:
        """Get the certificate a callback names, from PayPal's own hosts alone."""
        url = only_header(headers, "PAYPAL-CERT-URL")
        if not self._theirs(url):
            raise Forged("The callback names a certificate that is not PayPal's.")
        held = self._line.tokens.get(url)
        if held is not None and held[1] > time.monotonic():
            self._certificates[url] = held[0].encode()
            return
        reply = await self._line.request("GET", url)
        if not reply.ok:
            raise Unavailable("PayPal's certificate could not be fetched.", code="certificate")
        self._certificates[url] = reply.body
        self._line.tokens[url] = (reply.body.decode("latin-1"), time.monotonic() + _KEEP_S)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """RSA over transmission id, its time, our webhook's id and the body's CRC-32.

        PayPal tries for three days with the first time, so an old one is stopped by its id alone.
        """
        given = {name: only_header(headers, f"PAYPAL-{name}") for name in proofs.PARTS}
        certificate = self._certificates.get(given["CERT-URL"])
        if given["AUTH-ALGO"] != "SHA256withRSA" or certificate is None:
            raise Forged("The callback carries no usable signature.")
        key = proofs.public_key(certificate, now)
        signature = proofs.decoded(given["TRANSMISSION-SIG"])
        head = f"{given['TRANSMISSION-ID']}|{given['TRANSMISSION-TIME']}"
        hooks = self._secrets.active(self._settings.webhook_secret)
        messages = [f"{head}|{hook}|{zlib.crc32(raw)}".encode() for hook in hooks]
        if not any_of([proofs.signed(key, signature, message) for message in messages]):
            raise Forged("The callback's signature is not ours.")
        return [shapes.event(raw)]

    async def poll(self, reference: str) -> Status:
        """Where an order stands. One the payer has approved is captured here: once, by its id."""
        status = await self._status(reference)
        if status.raw != "APPROVED":
            return status
        path = f"/v2/checkout/orders/{safe(reference)}/capture"
        headers = await self._headers(f"capture-{reference}")
        said = await self._api.post(path, {}, headers=headers | {"prefer": "return=representation"})
        match said:
            case Unknown():
                return status
            case Refused(why, code, _):
                return msgspec.structs.replace(status, decline=why, code=code)
            case _:
                return shapes.deposit(said)

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        try:
            amount = bodies.amount(money)
            capture = paid.payment or await self._capture(paid.reference)
            headers = await self._headers(str(refund))
        except Refusal as why:
            return not_sent(why)
        if not capture:
            return hard("not-paid", "there is nothing to give back")
        body: Said = {"amount": amount, "custom_id": str(refund), "invoice_id": refund.hex}
        path = f"/v2/payments/captures/{safe(capture)}/refund"
        headers |= {"prefer": "return=representation"}
        return await send(self._api.post(path, body, headers=headers), shapes.refund)

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        if not reference:
            raise CannotAsk("PayPal finds a refund by its own number alone.")
        headers = await self._headers()
        return shapes.refund(await self._get(f"/v2/payments/refunds/{safe(reference)}", headers))

    async def pay_out(self, payout: Payout) -> Sending:
        to = payout.destination
        if not isinstance(to, ToWallet) or to.method is not Method.WALLET:
            return hard("destination", "this provider pays to PayPal accounts")
        try:
            body = bodies.batch(payout, to, shapes.DIGITS.major(payout.money))
            headers = await self._headers(str(payout.id))
            said = await self._api.post("/v1/payments/payouts", body, headers=headers)
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        if isinstance(said, Refused) and said.code == bodies.DUPLICATE:
            # This batch id is taken: by our own first call, whatever became of it.
            return Unknown("duplicate", said.text)
        return await send(_done(said), shapes.accepted)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        if not reference:
            raise CannotAsk("PayPal finds a payout by its own number alone.")
        headers = await self._headers()
        return shapes.payout(await self._get(f"/v1/payments/payouts/{safe(reference)}", headers))

    async def test_connection(self) -> list[Check]:
        """Ask for an access token and for the webhook: changes nothing."""
        try:
            headers = await self._headers()
        except Refusal as why:
            return [failed("Use the client id and secret", why)]
        signed_in = Check("Use the client id and secret", fine=True, text=self._settings.account)
        hooks = self._secrets.active(self._settings.webhook_secret)
        if not hooks:
            return [signed_in, Check("Verify callbacks", fine=False)]
        try:
            await self._get(f"/v1/notifications/webhooks/{safe(hooks[0])}", headers)
        except Refusal as why:
            return [signed_in, failed("Verify callbacks", why)]
        return [signed_in, Check("Verify callbacks", fine=True)]

    async def _headers(self, request: str = "") -> dict[str, str]:
        """The access token, fetched where none is held. Raises Unreachable: nothing was sent."""
        who = self._secrets.current(self._settings.api_key)
        secret = self._secrets.current(self._settings.api_secret)
        bearer = base64.b64encode(f"{who}:{secret}".encode()).decode()

        async def fetch() -> tuple[str, int]:
            reply = await self._line.request(
                "POST",
                self._settings.base_url.rstrip("/") + "/v1/oauth2/token",
                headers={
                    "authorization": f"Basic {bearer}",
                    "content-type": "application/x-www-form-urlencoded",
                },
                content=b"grant_type=client_credentials",
            )
            return bodies.token(self._api.found(reply))

        try:
            held = await rest.token(self._line, f"paypal|{bearer}", fetch)
        except Unavailable as why:
            # Whatever became of asking for a token, the order itself never left.
            raise Unreachable("PayPal gave no access token.", code=why.code) from why
        found = {"authorization": f"Bearer {held}"}
        return found | ({"paypal-request-id": request} if request else {})

    async def _get(self, path: str, headers: dict[str, str]) -> Said:
        reply = await self._line.request(
            "GET", self._settings.base_url.rstrip("/") + path, headers=headers
        )
        return self._api.found(reply)

    async def _status(self, reference: str) -> Status:
        headers = await self._headers()
        return shapes.deposit(await self._get(f"/v2/checkout/orders/{safe(reference)}", headers))

    async def _capture(self, reference: str) -> str:
        headers = await self._headers()
        order = await self._get(f"/v2/checkout/orders/{safe(reference)}", headers)
        return text(shapes.capture(order).get("id"))

    def _theirs(self, url: str) -> bool:
        """Https from one of PayPal's hosts, or from where this account's API is."""
        there, api = urlsplit(url), urlsplit(self._settings.base_url)
        if (there.scheme, there.netloc) == (api.scheme, api.netloc):
            return True
        return there.scheme == "https" and there.netloc in self._settings.certificates


async def _done(said: Said | Refused | Unknown) -> Said | Refused | Unknown:
    return said
