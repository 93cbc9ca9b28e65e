"""NOWPayments as the product's payment port."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from brokerage.payments.amounts import of_major
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
)
from brokerage.payments.connectors.nowpayments import shapes
from brokerage.payments.connectors.nowpayments.payouts import Payouts
from brokerage.payments.connectors.nowpayments.proof import canonical
from brokerage.payments.connectors.nowpayments.settings import Settings
from brokerage.payments.receiving.port import Arrival, Coin, Place, Wanted, ask_place
from brokerage.payments.source.port import Transfer
from stoa.connectors import loose, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Outcome, Refused, Sending, hard, not_sent
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal

_TECHNICAL: Final = frozenset(
    {
        "CURRENCY_UNAVAILABLE",
        "CANNOT_PROCESS_PAYMENT",
        "ESTIMATE_ERROR",
        "INTERNAL_ERROR",
        "NOT_ENOUGH_BALANCE",
    }
)
_DAY_S: Final = 86_400
_PRICE_USD: Final = "20"
"""What the first payment to a staying address is priced at: any other amount is taken as well."""


class NOWPayments:
    """One account and coin. A payout is looked for before it is made: there is no idempotency key."""

    code: ClassVar[str] = "nowpayments"
    label: ClassVar[str] = "NOWPayments"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._api = Rest(
            line,
            settings.base_url,
            headers=lambda: {"x-api-key": secrets.current(settings.api_key)},
            error=lambda said: (text(said.get("code")), text(said.get("message"))),
            technical=_TECHNICAL,
        )
        self._payouts = Payouts(self._api, line, settings, secrets)

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, "", "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        told = self._settings
        carried = frozenset(told.currencies) & shapes.DIGITS.carried
        coin = frozenset({told.asset}) & shapes.DIGITS.carried
        sends = told.pays_out and bool(told.network)
        return Capabilities(
            deposits=(Offer(method=Method.CRYPTO, currencies=carried),),
            payouts=(Offer(method=Method.CRYPTO, currencies=coin),) if sends else (),
            refunds=False,
            idempotent_s=_DAY_S if sends else 0,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.CRYPTO:
            return hard("method", "this account takes coins")
        try:
            price = shapes.DIGITS.major(order.money)
        except Refusal as why:
            return not_sent(why)
        told = self._settings
        body = self._priced(price, order.money.currency.lower(), str(order.id)) | {
            "order_description": order.description[:200],
            "is_fee_paid_by_user": told.fee_by_client,
        }
        return await ask(
            self._api.post("/v1/payment", body),
            lambda said: shapes.asked_of(said, told.coin, told.asset),
        )

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "an address cannot be withdrawn: what is sent to it still arrives")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The proof covers the values in the order of their names, so it is written anew."""
        given = signatures.only_header(headers, "x-nowpayments-sig")
        secrets = self._secrets.active(self._settings.webhook_secret)
        signatures.require_hmac(canonical(raw), given, secrets, digest="sha512")
        told = self._settings
        return [shapes.event_of(loose.document(raw), raw, told.coin, told.asset)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        told = self._settings
        return shapes.payment_of(await self._payment(reference), told.coin, told.asset)

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "coins are given back by a payout to the client's own address")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        return await self._payouts.send(payout)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        return await self._payouts.poll(payout, reference, since)

    @property
    def coins(self) -> tuple[Coin, ...]:
        told = self._settings
        return (Coin(told.asset, told.network),) if told.staying and told.network else ()

    async def give_address(self, wanted: Wanted) -> Place | Refused:
        body = self._priced(_PRICE_USD, "usd", str(wanted.id))
        return await ask_place(self._api.post("/v1/payment", body), shapes.place_of)

    async def arrivals(self, place: str, wanted: Wanted, named: tuple[str, ...]) -> list[Arrival]:
        """The first payment, and those that callbacks named: the provider lists no others by key."""
        found: list[Arrival] = []
        for key in (place, *named):
            try:
                said = await self._payment(key)
            except NotFound:
                continue
            ours = text(said.get("order_id")) == str(wanted.id)
            parent = shapes.id_of(said.get("parent_payment_id"))
            one = shapes.arrival_of(said, wanted.coin.asset)
            right = text(said.get("pay_currency")).lower() == self._settings.coin
            if one is not None and (ours or parent == place):
                found.append(one if right else msgspec.structs.replace(one, money=None))
        return found

    async def balances(self) -> list[Money]:
        """The account's own balance of this coin, by the key alone."""
        said = await self._api.get("/v1/balance")
        there = mapping(said.get(self._settings.coin)).get(self._settings.balance_field)
        money = of_major(there, self._settings.asset)
        return [money] if money is not None else []

    async def transfers(self, reference: str) -> list[Transfer]:
        told = self._settings
        return shapes.transfers_of(await self._payment(reference), told.asset, told.network)

    async def test_connection(self) -> list[Check]:
        """Read which coins are switched on: it needs the key and changes nothing."""
        try:
            told = await self._api.get("/v1/merchant/coins")
        except Refusal as why:
            return [failed("Use the secret key", why)]
        coins = {text(one).lower() for one in told.get("selectedCurrencies") or []}
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        checks = [
            Check("Use the secret key", fine=True),
            Check("Take this coin", fine=self._settings.coin in coins, text=self._settings.coin),
            Check("Verify callbacks", fine=hook),
        ]
        if self._settings.pays_out:
            try:
                await self._payouts.bearer()
                checks.append(Check("Sign in for payouts", fine=bool(self._payouts.code())))
            except Refusal as why:
                checks.append(failed("Sign in for payouts", why))
        return checks

    async def _payment(self, reference: str) -> Said:
        return await self._api.get(f"/v1/payment/{safe(reference)}")

    def _priced(self, amount: str, currency: str, order: str) -> Said:
        return {
            "price_amount": msgspec.Raw(amount.encode()),
            "price_currency": currency,
            "pay_currency": self._settings.coin,
            "order_id": order,
            "ipn_callback_url": self._settings.callback_url,
        }
