"""NOWPayments: a fresh address of one coin for each deposit."""

import json
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from brokerage.payments.amounts import CRYPTO, Digits, of_major
from brokerage.payments.connector import (
    Asked,
    CallbackAddress,
    Capabilities,
    Event,
    EventKind,
    Instructions,
    Instrument,
    Method,
    Offer,
    Order,
    Paid,
    Payout,
    Receipt,
    State,
    Status,
    ask,
    identity,
)
from stoa.connectors import loose, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring, SecretName
from stoa.connectors.lines import Line
from stoa.connectors.loose import text
from stoa.connectors.outcomes import Outcome, Sending, hard, not_sent, technical
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal
from stoa.theming.texts import N_

DIGITS: Final = Digits(["USD", "EUR", "GBP", "CAD", "AUD", *CRYPTO])
_TECHNICAL: Final = frozenset(
    {"CURRENCY_UNAVAILABLE", "CANNOT_PROCESS_PAYMENT", "ESTIMATE_ERROR", "INTERNAL_ERROR"}
)
_STATES: Final = MappingProxyType(
    {
        "waiting": State.CREATED,
        "confirming": State.PENDING,
        "confirmed": State.PENDING,
        "sending": State.PENDING,
        "partially_paid": State.REVIEW,
        "finished": State.SUCCEEDED,
        "failed": State.FAILED,
        "expired": State.EXPIRED,
        "refunded": State.REFUNDED,
    }
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One coin on one network per provider entry; add another entry for another coin."""

    api_key: Annotated[SecretName, Meta(title="API key")] = "nowpayments.api_key"
    webhook_secret: Annotated[SecretName, Meta(title="IPN secret")] = "nowpayments.ipn"  # noqa: S105
    base_url: Annotated[str, Meta(title="API address", max_length=255)] = (
        "https://api.nowpayments.io"
    )
    coin: Annotated[
        str,
        Meta(
            title="Coin",
            description="As NOWPayments writes it: btc, eth, usdttrc20 …",
            pattern=r"^[a-z0-9]{2,20}$",
        ),
    ] = "usdttrc20"
    asset: Annotated[
        str, Meta(title="Currency of that coin here", description="USDT for usdttrc20.")
    ] = "USDT"
    fee_by_client: Annotated[bool, Meta(title="The client pays the network fee")] = False
    currencies: tuple[str, ...] = ("USD", "EUR", "USDT")
    callback_url: CallbackAddress = ""


class NOWPayments:
    """One account and coin. It pays out only after a code by mail, so payouts go another way."""

    code: ClassVar[str] = "nowpayments"
    label: ClassVar[str] = "NOWPayments"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._api = Rest(
            line,
            settings.base_url,
            headers=lambda: {"x-api-key": secrets.current(settings.api_key)},
            error=lambda said: (text(said.get("code")), text(said.get("message"))),
            technical=_TECHNICAL,
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, "", "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._settings.currencies) & DIGITS.carried
        return Capabilities(
            deposits=(Offer(method=Method.CRYPTO, currencies=carried),),
            payouts=(),
            refunds=False,
            idempotent_s=0,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.CRYPTO:
            return hard("method", "this account takes coins")
        try:
            price = DIGITS.major(order.money)
        except Invalid as why:
            return not_sent(why)
        body: Said = {
            "price_amount": msgspec.Raw(price.encode()),
            "price_currency": order.money.currency.lower(),
            "pay_currency": self._settings.coin,
            "order_id": str(order.id),
            "order_description": order.description[:200],
            "ipn_callback_url": self._settings.callback_url,
            "is_fee_paid_by_user": self._settings.fee_by_client,
        }
        return await ask(self._api.post("/v1/payment", body), self._address)

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "an address cannot be withdrawn: what is sent to it still arrives")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The proof covers the values in the order of their names, so it is written anew."""
        given = signatures.only_header(headers, "x-nowpayments-sig")
        secrets = self._secrets.active(self._settings.webhook_secret)
        signatures.require_hmac(canonical(raw), given, secrets, digest="sha512")
        return [self._event(loose.document(raw), raw)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        return self._payment(await self._api.get(f"/v1/payment/{safe(reference)}"))

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "coins are given back by a payout to the client's own address")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        return hard("no-payouts", "this provider does not pay out without a person")

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        raise NotFound("The provider does not pay out.")

    async def test_connection(self) -> list[Check]:
        """Read which coins are switched on: it needs the key and changes nothing."""
        try:
            told = await self._api.get("/v1/merchant/coins")
        except Refusal as why:
            return [failed("Use the secret key", why)]
        coins = {text(one).lower() for one in told.get("selectedCurrencies") or []}
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [
            Check("Use the secret key", fine=True),
            Check("Take this coin", fine=self._settings.coin in coins, text=self._settings.coin),
            Check("Verify callbacks", fine=hook),
        ]

    def _address(self, said: Said) -> Asked:
        reference, address = _id(said.get("payment_id")), text(said.get("pay_address"))
        amount = said.get("pay_amount")
        due = of_major(amount, self._settings.asset)
        if not reference or not address or due is None:
            return technical("no-address", "the provider gave no address to pay to")
        network = text(said.get("network")) or self._settings.coin
        lines = [
            (N_("Send exactly"), f"{format(due.amount.normalize(), 'f')} {self._settings.asset}"),
            (N_("To this address"), address),
            (N_("Network"), network.upper()),
        ]
        if memo := text(said.get("payin_extra_id")):
            lines.append((N_("Memo or tag"), memo))
        until = loose.iso(said.get("expiration_estimate_date"))
        return Instructions(reference, tuple(lines), address, until)

    def _payment(self, said: Said) -> Status:
        raw = text(said.get("payment_status"))
        state = _STATES.get(raw, State.PENDING)
        ordered = of_major(said.get("price_amount"), said.get("price_currency"))
        came = of_major(said.get("actually_paid"), self._settings.asset)
        due = of_major(said.get("pay_amount"), self._settings.asset)
        if state is State.SUCCEEDED and came and due and came > due:
            state = State.REVIEW  # More than was asked for: a person decides what of it is whose.
        short = state is State.REVIEW
        return Status(
            reference=_id(said.get("payment_id")),
            state=state,
            raw=raw,
            money=came if short else ordered,
            our_id=text(said.get("order_id")),
            instrument=Instrument(
                method=Method.CRYPTO,
                brand=self._settings.asset,
                network=text(said.get("network")) or self._settings.coin,
            )
            if state.money_came
            else None,
        )

    def _event(self, body: Said, raw: bytes) -> Event:
        status = self._payment(body)
        parts = [_id(body.get(name)) for name in ("payment_id", "payment_status", "actually_paid")]
        deposit = bool(status.reference and status.raw)
        return Event(
            provider_event_id="|".join(parts) if deposit else signatures.digest_of(raw),
            kind=EventKind.DEPOSIT if deposit else EventKind.OTHER,
            reference=status.reference,
            raw=status.raw,
            our_id=status.our_id,
            state=status.state,
            money=None if status.state is State.REVIEW else status.money,
        )


class _Number(str):
    """A number of their text, kept as it was written."""

    __slots__ = ()


def canonical(raw: bytes) -> bytes:
    """Their JSON with names in order and no spaces; numbers stay as JavaScript wrote them.

    Raises:
        Forged: it is no JSON object.
    """
    try:
        told: Any = json.loads(
            raw, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant
        )
        if not isinstance(told, dict):
            raise Forged("The callback could not be read.")
        return _written(told).encode()
    except (ValueError, RecursionError, UnicodeError) as why:
        raise Forged("The callback could not be read.") from why


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _written(thing: Any) -> str:
    if isinstance(thing, _Number):
        return str(thing)
    if isinstance(thing, dict):
        named = sorted(thing.items())
        return "{" + ",".join(f"{_text(k)}:{_written(v)}" for k, v in named) + "}"
    if isinstance(thing, list):
        return "[" + ",".join(_written(one) for one in thing) + "]"
    return _text(thing)


def _text(thing: object) -> str:
    return json.dumps(thing, ensure_ascii=False)


def _id(thing: object) -> str:
    """Their ids come as numbers or as text."""
    return str(thing)[:80] if isinstance(thing, int | float | str) else ""
