"""BTCPay as the product's payment port."""

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
    State,
    Status,
    ToCrypto,
    ask,
    identity,
    send,
    sending,
    stop,
)
from brokerage.payments.connectors.btcpay import shapes, staying
from brokerage.payments.connectors.btcpay.settings import Settings
from brokerage.payments.receiving.port import Arrival, Coin, Place, Wanted, ask_place
from brokerage.payments.source.port import Transfer
from stoa.connectors import signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Outcome, Refused, Sending, hard, not_sent
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal

_TECHNICAL: Final = frozenset(
    {"insufficient-api-permissions", "store-not-found", "payment-method-unavailable", "no-funds"}
)


class BTCPay:
    """One store. The server has no idempotency keys: a payout is looked for before it is made."""

    code: ClassVar[str] = "btcpay"
    label: ClassVar[str] = "BTCPay Server"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._store = f"/api/v1/stores/{safe(settings.store)}"
        self._api = Rest(
            line,
            settings.base_url,
            headers=lambda: {"authorization": f"token {secrets.current(settings.api_key)}"},
            error=lambda said: (text(said.get("code")), text(said.get("message"))),
            technical=_TECHNICAL,
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, self._settings.store, "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        taken = frozenset(self._settings.currencies) & shapes.DIGITS.carried
        sent = frozenset(self._settings.payout_currencies) & frozenset(shapes.COINS)
        return Capabilities(
            deposits=(Offer(method=Method.CRYPTO, currencies=taken),),
            payouts=(Offer(method=Method.CRYPTO, currencies=sent),),
            refunds=False,
            idempotent_s=86_400,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.CRYPTO:
            return hard("method", "this store takes coins")
        try:
            amount = shapes.DIGITS.major(order.money)
        except Invalid as why:
            return not_sent(why)
        minutes = max(5, int((order.expires - order.created).total_seconds() // 60))
        body: Said = {
            "amount": amount,
            "currency": order.money.currency,
            "metadata": {
                "orderId": order.reference,
                "itemDesc": order.description[:200],
                "id": str(order.id),
            },
            "checkout": {
                "speedPolicy": self._settings.confirmations,
                "expirationMinutes": minutes,
                "redirectURL": order.return_url,
                "redirectAutomatically": False,
                "defaultLanguage": order.payer.language or "en",
            },
        }
        return await ask(self._api.post(f"{self._store}/invoices", body), shapes.page_of)

    async def cancel_deposit(self, reference: str) -> Outcome:
        path = f"{self._store}/invoices/{safe(reference)}/status"
        return await stop(self._api.post(path, {"status": "Invalid"}), reference)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The proof has no time in it: an old event is stopped by its id alone."""
        given = signatures.only_header(headers, "BTCPay-Sig")
        if not given.startswith("sha256="):
            raise Forged("The callback carries no usable signature.")
        secrets = self._secrets.active(self._settings.webhook_secret)
        signatures.require_hmac(raw, given.removeprefix("sha256="), secrets)
        return [shapes.event_of(raw)]

    async def poll(self, reference: str) -> Status:
        """An invoice, and what arrived where that is not what was ordered."""
        path = f"{self._store}/invoices/{safe(reference)}"
        status = shapes.invoice_of(await self._api.get(path))
        if status.state is not State.REVIEW:
            return status
        return msgspec.structs.replace(status, money=await self._arrived(path))

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "coins are given back by a payout to the client's own address")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        to = payout.destination
        if not isinstance(to, ToCrypto) or to.asset != payout.money.currency:
            return hard("destination", "this store pays coins to an address of the same coin")
        try:
            amount = shapes.DIGITS.major(payout.money)
            made = await self._find(payout.id)
        except NotFound:
            return hard("store", "the store is not there")
        except Refusal as why:
            return not_sent(why)
        if made is not None:
            return sending(shapes.payout_of(made))
        body: Said = {
            "destination": to.address,
            "amount": amount,
            "payoutMethodId": f"{payout.money.currency}-CHAIN",
            "approved": True,
            "metadata": {"id": str(payout.id), "orderId": payout.reference},
        }
        return await send(self._api.post(f"{self._store}/payouts", body), shapes.payout_of)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        if reference:
            return shapes.payout_of(await self._api.get(f"{self._store}/payouts/{safe(reference)}"))
        made = await self._find(payout)
        if made is None:
            raise NotFound("The provider does not have that.")
        return shapes.payout_of(made)

    @property
    def coins(self) -> tuple[Coin, ...]:
        taken = frozenset(self._settings.currencies) if self._settings.staying else frozenset()
        return tuple(Coin(one, staying.NETWORKS[one]) for one in shapes.COINS if one in taken)

    async def give_address(self, wanted: Wanted) -> Place | Refused:
        """An invoice whose address we never learned is shown to nobody, so that nobody pays it."""
        body = staying.invoice_of(wanted, self._settings.confirmations)
        place = await ask_place(self._api.post(f"{self._store}/invoices", body), staying.told_of)
        if isinstance(place, Refused):
            return place
        try:
            methods = await self._ways(place.reference)
        except Refusal as why:
            return not_sent(why)
        return staying.place_of(place, methods, wanted.coin.asset)

    async def arrivals(self, place: str, wanted: Wanted, named: tuple[str, ...]) -> list[Arrival]:
        return staying.arrivals_of(
            await self._ways(place), wanted.coin.asset, self._settings.confirmations
        )

    async def transfers(self, reference: str) -> list[Transfer]:
        return staying.transfers_of(await self._ways(reference))

    async def balances(self) -> list[Money]:
        """The wallets beneath the store: what is confirmed there."""
        found: list[Money] = []
        for coin in shapes.COINS:
            if coin not in self._settings.currencies:
                continue
            try:
                told = await self._api.get(f"{self._store}/payment-methods/{coin}-CHAIN/wallet")
            except NotFound:
                continue
            money = of_major(told.get("confirmedBalance"), coin)
            found += [money] if money is not None else []
        return found

    async def _ways(self, invoice: str) -> list[Said]:
        return await self._api.rows(f"{self._store}/invoices/{safe(invoice)}/payment-methods")

    async def test_connection(self) -> list[Check]:
        """Read the store: it needs the key and changes nothing."""
        try:
            store = await self._api.get(self._store)
        except Refusal as why:
            return [failed("Use the secret key", why)]
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [
            Check("Use the secret key", fine=True, text=text(store.get("name"))),
            Check("Verify callbacks", fine=hook),
        ]

    async def _find(self, payout: UUID) -> Said | None:
        found = await self._api.rows(f"{self._store}/payouts", {"includeCancelled": "true"})
        return next(
            (one for one in found if mapping(one.get("metadata")).get("id") == str(payout)), None
        )

    async def _arrived(self, path: str) -> Money | None:
        """The coins that came; None where they came in more than one coin."""
        found = await self._api.rows(f"{path}/payment-methods")
        came = [one for one in found if shapes.decimal_of(one.get("paymentMethodPaid")) > 0]
        if len(came) != 1:
            return None
        return of_major(came[0].get("paymentMethodPaid"), came[0].get("currency"))
