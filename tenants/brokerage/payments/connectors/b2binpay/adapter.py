"""B2BINPAY as the product's payment port."""

import hashlib
import hmac
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
    ToCrypto,
    ask,
    identity,
    send,
)
from brokerage.payments.connectors.b2binpay import shapes, staying
from brokerage.payments.connectors.b2binpay.settings import Settings
from brokerage.payments.receiving.port import Arrival, Coin, Place, Wanted, ask_place
from brokerage.payments.source.port import Transfer
from stoa.connectors import loose, rest, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.outcomes import (
    Outcome,
    Refused,
    Sending,
    hard,
    not_sent,
)
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged, Unreachable
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, NotFound, Refusal, Unavailable

_MEDIA: Final = "application/vnd.api+json"
_TOKEN_S: Final = 600
_DAY_S: Final = 86_400
_PAYOUTS_OP: Final = "2"
_TECHNICAL: Final = frozenset({"insufficient_funds", "not_enough_balance", "throttled", "1005"})


class B2BinPay:
    """One account. Amounts are in the wallet's own currency, so nothing is converted here."""

    code: ClassVar[str] = "b2binpay"
    label: ClassVar[str] = "B2BINPAY"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._wallets = shapes.pairs_of(settings.wallets)
        self._coins = shapes.pairs_of(settings.coins)
        self._api = Rest(
            line, settings.base_url, error=shapes.fault_of, technical=_TECHNICAL, media=_MEDIA
        )

    @property
    def identity(self) -> str:
        held = self._secrets.active(self._settings.api_key)
        return identity(self.code, "", "".join(held[:1]))

    @property
    def capabilities(self) -> Capabilities:
        carried = frozenset(self._wallets) & shapes.DIGITS.carried
        coins = carried & frozenset(self._coins)
        return Capabilities(
            deposits=(Offer(method=Method.CRYPTO, currencies=carried),),
            payouts=(Offer(method=Method.CRYPTO, currencies=coins),),
            refunds=False,
            idempotent_s=_DAY_S,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.CRYPTO:
            return hard("method", "this account takes coins")
        try:
            amount = shapes.DIGITS.major(order.money)
            wallet = self._wallet(order.money.currency)
            headers = await self._headers(str(order.id))
        except Refusal as why:
            return not_sent(why)
        told: Said = {
            "label": order.reference,
            "tracking_id": str(order.id),
            "target_amount_requested": amount,
            "callback_url": self._settings.callback_url,
        }
        if self._settings.confirmations:
            told["confirmations_needed"] = self._settings.confirmations
        body = shapes.document_of("deposit", told, wallet, self._coin_of(order.money.currency))
        return await ask(
            self._api.post("/deposit/", body, headers=headers),
            lambda said: shapes.asked_of(said, hosted=self._settings.hosted),
        )

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "an address cannot be withdrawn: what is sent to it still arrives")

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """Signed over the transfer's status and amount, our id and the time; nothing else of it is
        relied on.
        """
        body = loose.document(raw)
        meta, transfer = mapping(body.get("meta")), shapes.included_of(body, "transfer")
        attributes = mapping(mapping(body.get("data")).get("attributes"))
        status, amount = transfer.get("status"), text(transfer.get("amount"))
        ours, at = text(attributes.get("tracking_id")), text(meta.get("time"))
        message = f"{status}{amount}{ours}{at}".encode()
        given = text(meta.get("sign")).lower()
        keys = self._keys()
        dues = [hmac.new(key, message, hashlib.sha256).hexdigest() for key in keys]
        if (
            not given
            or not at
            or not signatures.any_of([signatures.same(given, due) for due in dues])
        ):
            raise Forged("The callback's signature is not ours.")
        return [shapes.event_of(body, ours)]

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        return Receipt(200)

    async def poll(self, reference: str) -> Status:
        headers = await self._headers()
        said = await self._get(f"/deposit/{safe(reference)}", headers)
        return shapes.deposit_of(mapping(said.get("data")), self._wallets)

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "coins are given back by a payout to the client's own address")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("The provider gives nothing back by itself.")

    async def pay_out(self, payout: Payout) -> Sending:
        to = payout.destination
        if not isinstance(to, ToCrypto) or to.asset != payout.money.currency:
            return hard("destination", "this account pays coins to an address of the same coin")
        try:
            amount = shapes.DIGITS.major(payout.money)
            wallet, coin = self._wallet(to.asset), self._coin_of(to.asset)
            headers = await self._headers(str(payout.id))
        except Refusal as why:
            return not_sent(why)
        told: Said = {
            "label": payout.reference,
            "tracking_id": str(payout.id),
            "amount": amount,
            "address": to.address,
            "is_fee_included": False,
            "callback_url": self._settings.callback_url,
        }
        if to.memo:
            told["tag"] = to.memo
        body = shapes.document_of("payout", told, wallet, coin)
        return await send(self._api.post("/payout/", body, headers=headers), shapes.accepted_of)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        """A payout is done when its transfer is confirmed."""
        headers = await self._headers()
        if not reference:
            told = await self._get("/payout/", headers, {"filter[tracking_id]": str(payout)})
            found = [one for one in rows(told.get("data")) if shapes.ours_of(one) == str(payout)]
            if not found:
                raise NotFound("The provider does not have that.")
            reference = text(found[0].get("id"))
        query: dict[str, str | int] = {
            "filter[op_type]": _PAYOUTS_OP,
            "filter[op_id]": reference,
        }
        moved = rows((await self._get("/transfer/", headers, query)).get("data"))
        transfer = mapping(moved[-1].get("attributes")) if moved else {}
        status = transfer.get("status")
        return Status(
            reference=reference,
            state=shapes.moved_of(status),
            raw=f"transfer.{status}",
            our_id=str(payout),
            code=text(transfer.get("user_message")),
        )

    @property
    def coins(self) -> tuple[Coin, ...]:
        return staying.coins_of(self._wallets, self._settings.networks)

    async def give_address(self, wanted: Wanted) -> Place | Refused:
        asset, told = wanted.coin.asset, self._settings
        try:
            body = staying.body_of(
                wanted,
                self._wallet(asset),
                self._coin_of(asset),
                told.callback_url,
                told.confirmations,
            )
            headers = await self._headers(str(wanted.id))
        except Refusal as why:
            return not_sent(why)
        return await ask_place(self._api.post("/deposit/", body, headers=headers), staying.place_of)

    async def arrivals(self, place: str, wanted: Wanted, named: tuple[str, ...]) -> list[Arrival]:
        headers, found = await self._headers(), list[Arrival]()
        page, pages = 1, 1
        while page <= pages:
            said = await self._get("/transfer/", headers, staying.query_of(place, page))
            found += staying.arrivals_of(said, wanted.coin.asset, self._settings.confirmations)
            page, pages = page + 1, staying.pages_of(said)
        return found

    async def balances(self) -> list[Money]:
        told = await self._get("/wallet/", await self._headers())
        return staying.balances_of(told, self._wallets, self._settings.balance_field)

    async def transfers(self, reference: str) -> list[Transfer]:
        """The deposit tells the address, its transfers their hashes; the first page is enough."""
        headers = await self._headers()
        deposit = await self._get(f"/deposit/{safe(reference)}", headers)
        moved = await self._get("/transfer/", headers, staying.query_of(reference, 1))
        asset = shapes.currency_of(mapping(deposit.get("data")), self._wallets)
        network = next((one.network for one in self.coins if one.asset == asset), "")
        return staying.transfers_of(deposit, moved, asset, network)

    async def test_connection(self) -> list[Check]:
        """Sign in and read the wallets: changes nothing."""
        try:
            headers = await self._headers()
            told = await self._get("/wallet/", headers)
        except Refusal as why:
            return [failed("Use the API key and secret", why)]
        there = {text(one.get("id")) for one in rows(told.get("data"))}
        missing = sorted(set(self._wallets.values()) - there)
        return [
            Check("Use the API key and secret", fine=True),
            Check("Find the wallets", fine=not missing, text=", ".join(missing)),
            Check("Verify callbacks", fine=bool(self._keys())),
        ]

    async def _get(
        self, path: str, headers: dict[str, str], query: dict[str, str | int] | None = None
    ) -> Said:
        return await self._api.get(path, query, headers=headers)

    async def _headers(self, once: str = "") -> dict[str, str]:
        """The access token. Raises Unreachable: whatever became of asking, no order was sent."""
        login = self._secrets.current(self._settings.api_key)
        password = self._secrets.current(self._settings.api_secret)

        async def fetch() -> tuple[str, int]:
            told = {"login": login, "password": password}
            body: Said = {"data": {"type": "auth-token", "attributes": told}}
            said = await self._api.ask("/token/", body)
            held = text(mapping(mapping(said.get("data")).get("attributes")).get("access"))
            if not held:
                raise Unavailable("B2BINPAY gave no access token.", code="no-token")
            return held, _TOKEN_S

        key = hashlib.sha256(f"{login}|{password}".encode()).hexdigest()
        try:
            held = await rest.token(self._line, f"b2binpay|{key}", fetch)
        except (Unavailable, NotFound) as why:
            raise Unreachable("B2BINPAY gave no access token.", code=why.code) from why
        found = {"authorization": f"Bearer {held}", "content-type": _MEDIA}
        return found | ({"idempotency-key": once} if once else {})

    def _keys(self) -> list[bytes]:
        """SHA-256 of login and password, in every pair that still counts."""
        found: list[bytes] = []
        for login in self._secrets.active(self._settings.api_key):
            for password in self._secrets.active(self._settings.api_secret):
                made = hashlib.sha256(f"{login}{password}".encode())
                hexed = self._settings.key_form == "hex"
                found.append(made.hexdigest().encode() if hexed else made.digest())
        return found

    def _wallet(self, currency: str) -> str:
        """Raises Invalid where no wallet carries the currency."""
        wallet = self._wallets.get(currency)
        if wallet is None:
            raise Invalid("This provider does not carry {currency}.", currency=currency)
        return wallet

    def _coin_of(self, currency: str) -> str:
        return self._coins.get(currency, "")
