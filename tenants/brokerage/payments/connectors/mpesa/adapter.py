"""M-Pesa as the product's payment port."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import parse_qs
from uuid import UUID

import msgspec

from brokerage.payments.connector import (
    Asked,
    CannotAsk,
    Capabilities,
    Event,
    Instructions,
    Method,
    Offer,
    Order,
    Paid,
    Payout,
    Receipt,
    State,
    Status,
    ToWallet,
    identity,
    send,
)
from brokerage.payments.connectors.mpesa import shapes
from brokerage.payments.connectors.mpesa.settings import Settings
from brokerage.payments.troubles import Trouble
from stoa.connectors import loose, rest, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import text
from stoa.connectors.outcomes import (
    Outcome,
    Refused,
    Sending,
    Unknown,
    hard,
    not_sent,
    technical,
)
from stoa.connectors.rest import Rest, Said
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged, NoAnswer, Unreachable
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal, Unavailable
from stoa.theming.texts import N_

_NAIROBI: Final = timedelta(hours=3)
_STILL: Final = "500.001.1001"
_UNKNOWN_ORDER: Final = "?"


class MPesa:
    """One short code. A prompt takes the whole amount or nothing; it cannot be taken back."""

    code: ClassVar[str] = "mpesa"
    label: ClassVar[str] = "M-Pesa"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    payout_troubles: ClassVar[Mapping[str, Trouble]] = {"1": Trouble.BALANCE}

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._api = Rest(line, settings.base_url, error=shapes.fault_of, technical=shapes.TECHNICAL)

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.shortcode, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        """Limits are Safaricom's own, per payment. Repeating a payout is not promised to be safe."""
        mobile = Offer(
            method=Method.MOBILE,
            currencies=shapes.DIGITS.carried,
            countries=frozenset({"KE"}),
            least=(shapes.shillings_of(10),),
            most=(shapes.shillings_of(250_000),),
        )
        pays = bool(self._settings.initiator)
        return Capabilities(
            deposits=(mobile,), payouts=(mobile,) if pays else (), refunds=False, idempotent_s=0
        )

    async def create_deposit(self, order: Order) -> Asked:
        """Prompt the telephone. Without an answer it may be ringing: the callback tells, we wait."""
        if order.method is not Method.MOBILE:
            return hard("method", "this account takes mobile money")
        number = shapes.number_of(order.payer.phone)
        if number is None:
            return hard("phone", "M-Pesa needs the client's Safaricom number")
        try:
            body = self._push(order, number)
            headers = await self._headers()
        except Refusal as why:
            return not_sent(why)
        try:
            said = await self._api.post("/mpesa/stkpush/v1/processrequest", body, headers=headers)
        except NoAnswer:
            return self._prompted(f"{_UNKNOWN_ORDER}{order.id}", number)
        except Refusal as why:
            return not_sent(why)
        match said:
            case Unknown():
                return self._prompted(f"{_UNKNOWN_ORDER}{order.id}", number)
            case Refused():
                return said
            case _:
                reference = text(said.get("CheckoutRequestID"))
        if said.get("ResponseCode") != "0" or not reference:
            return technical(text(said.get("ResponseCode")) or "no-prompt")
        return self._prompted(reference, number)

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "the prompt is on the client's telephone")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """Nothing is signed: the proof is in the address, made by us for this one payment."""
        query = parse_qs(next((value for key, value in headers if key == ":query"), ""))
        row, proof = query.get("id", [""])[-1], query.get("proof", [""])[-1]
        secrets = self._secrets.active(self._settings.webhook_secret)
        dues = [shapes.proof_of(secret, row) for secret in secrets]
        body = loose.document(raw)
        if (
            not row
            or not body
            or not signatures.any_of([signatures.same(proof, due) for due in dues])
        ):
            raise Forged("The callback carries no usable proof.")
        return [shapes.event_of(body, row, raw)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200, b'{"ResultCode": 0, "ResultDesc": "Accepted"}')

    async def poll(self, reference: str) -> Status:
        if reference.startswith(_UNKNOWN_ORDER):
            raise CannotAsk("M-Pesa gave no number for this prompt; its callback tells.")
        stamp = self._stamp()
        body: Said = {
            "BusinessShortCode": self._settings.shortcode,
            "Password": self._password(stamp),
            "Timestamp": stamp,
            "CheckoutRequestID": reference,
        }
        headers = await self._headers()
        try:
            said = await self._api.ask("/mpesa/stkpushquery/v1/query", body, headers=headers)
        except Unavailable as why:
            if why.code == _STILL:
                return Status(reference=reference, state=State.PENDING, raw="processing")
            raise
        code = str(said.get("ResultCode", ""))
        return Status(
            reference=reference,
            state=shapes.state_of(code),
            raw=code,
            code="" if code == "0" else code,
            decline=shapes.decline_of(code) if code not in {"", "0"} else None,
            as_ordered=True,
        )

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "M-Pesa money goes back by a payout to the number")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        to = payout.destination
        number = shapes.number_of(to.account) if isinstance(to, ToWallet) else None
        if number is None or not self._settings.initiator:
            return hard("destination", "M-Pesa pays to Safaricom numbers")
        try:
            where = self._address(str(payout.id))
            body: Said = {
                "OriginatorConversationID": str(payout.id),
                "InitiatorName": self._settings.initiator,
                "SecurityCredential": self._secrets.current(self._settings.credential),
                "CommandID": "BusinessPayment",
                "Amount": shapes.DIGITS.minor(payout.money),
                "PartyA": self._settings.payout_shortcode or self._settings.shortcode,
                "PartyB": number,
                "Remarks": payout.reference,
                "QueueTimeOutURL": where,
                "ResultURL": where,
                "Occassion": payout.reference,
            }
            headers = await self._headers()
        except Refusal as why:
            return not_sent(why)
        call = self._api.post("/mpesa/b2c/v3/paymentrequest", body, headers=headers)
        return await send(call, shapes.accepted_of)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        raise CannotAsk("M-Pesa tells of payouts by callback alone.")

    async def test_connection(self) -> list[Check]:
        """Ask for an access token: changes nothing."""
        try:
            await self._headers()
        except Refusal as why:
            return [failed("Use the consumer key and secret", why)]
        held = [self._settings.passkey, self._settings.webhook_secret]
        passkey, hook = (bool(self._secrets.active(name)) for name in held)
        return [
            Check("Use the consumer key and secret", fine=True, text=self._settings.shortcode),
            Check("Prompt a telephone", fine=passkey),
            Check("Verify callbacks", fine=hook),
        ]

    async def _headers(self) -> dict[str, str]:
        """The access token. Raises Unreachable: whatever became of asking, no order was sent."""
        who = self._secrets.current(self._settings.api_key)
        secret = self._secrets.current(self._settings.api_secret)
        bearer = base64.b64encode(f"{who}:{secret}".encode()).decode()

        async def fetch() -> tuple[str, int]:
            reply = await self._line.request(
                "GET",
                self._settings.base_url.rstrip("/")
                + "/oauth/v1/generate?grant_type=client_credentials",
                headers={"authorization": f"Basic {bearer}"},
            )
            return shapes.token_of(self._api.found(reply))

        try:
            held = await rest.token(self._line, f"mpesa|{bearer}", fetch)
        except (Unavailable, NotFound) as why:
            raise Unreachable("M-Pesa gave no access token.", code=why.code) from why
        return {"authorization": f"Bearer {held}"}

    def _push(self, order: Order, number: str) -> Said:
        """Raises Invalid for an amount that is no whole number of shillings."""
        stamp = self._stamp()
        return {
            "BusinessShortCode": self._settings.shortcode,
            "Password": self._password(stamp),
            "Timestamp": stamp,
            "TransactionType": self._settings.kind,
            "Amount": shapes.DIGITS.minor(order.money),
            "PartyA": number,
            "PartyB": self._settings.shortcode,
            "PhoneNumber": number,
            "CallBackURL": self._address(str(order.id)),
            "AccountReference": order.reference.replace("-", "")[:12],
            "TransactionDesc": order.reference.replace("-", "")[:13],
        }

    def _stamp(self) -> str:
        return (datetime.now(UTC) + _NAIROBI).strftime("%Y%m%d%H%M%S")

    def _password(self, stamp: str) -> str:
        passkey = self._secrets.current(self._settings.passkey)
        return base64.b64encode(f"{self._settings.shortcode}{passkey}{stamp}".encode()).decode()

    def _address(self, row: str) -> str:
        secret = self._secrets.current(self._settings.webhook_secret)
        return f"{self._settings.callback_url}?id={row}&proof={shapes.proof_of(secret, row)}"

    def _prompted(self, reference: str, number: str) -> Instructions:
        shown = f"+{number[:3]} {number[3:6]} ••• {number[-3:]}"
        lines = ((N_("Confirm with your PIN on"), shown),)
        return Instructions(reference, lines)
