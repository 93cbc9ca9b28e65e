"""Coins: the API, its callbacks, and the blocks that confirm what was sent."""

import hashlib
import hmac
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from sandbox.coins import chain
from sandbox.coins.chain import COINS, PLACES, Coin
from sandbox.coins.controls import Controls, recent, truth
from sandbox.coins.shapes import bearer, shown, transferred
from sandbox.common.book import Row
from sandbox.common.faults import Kind
from sandbox.common.provider import Provider
from sandbox.common.site import Options
from sandbox.common.wire import Answer, Asked, Refused, as_json

CREATED, PAID, CANCELLED, UNRESOLVED = 2, 3, 4, 5
SENT, THERE = 1, 2
DEPOSIT, PAYOUT = 1, 2
PAGE = 25


class Coins(Provider):
    name: ClassVar[str] = "coins"
    title: ClassVar[str] = "Coin gateway"
    about: ClassVar[str] = "Keeps an address per client and coin; speaks a part of B2BINPAY's API."
    accent: ClassVar[str] = "#b45309"
    templates: ClassVar[Path] = Path(__file__).parent
    own_kinds: ClassVar[tuple[Kind, ...]] = (Kind("no_address", "Addresses are not given"),)

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.later.names("block", self.block)
        self.later.names("paid", self.paid)
        Controls(self)
        self.on("POST", "/token/", self._token)
        self.on("POST", "/deposit/", self._deposit, "deposits.create")
        self.on("GET", "/deposit/{id}", self._one_deposit, "read")
        self.on("POST", "/payout/", self._payout, "payouts.create")
        self.on("GET", "/payout/", self._payouts, "read")
        self.on("GET", "/transfer/", self._transfers, "read")
        self.on("GET", "/wallet/", self._wallets, "read")

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        """The proof lies in the body, where `told` has put it."""
        del merchant, raw, at
        return {}

    def bend(self, document: Row, what: str) -> Row:
        """Its proof was made over other words, so that nobody is taken in."""
        data, included = document["data"], list(document["included"])
        if what == "reference":
            attributes = {**data["attributes"], "tracking_id": "another"}
            return {**document, "data": {**data, "attributes": attributes}}
        transfer = included[-1]
        changed = {**transfer["attributes"], "amount": "1000.00000000"}
        return {**document, "included": [*included[:-1], {**transfer, "attributes": changed}]}

    def merchant_of(self, asked: Asked) -> Row:
        given = asked.headers.get("authorization", "").removeprefix("Bearer ")
        for row in self.book.table("merchants").values():
            if given and hmac.compare_digest(bearer(row).encode(), given.encode()):
                return row
        raise Refused(self.failure(401, "not_authenticated"))

    def merchant_row(self, given: Row) -> Row:
        login = str(given["login"])
        return {
            "id": f"account_{hashlib.sha256(login.encode()).hexdigest()[:12]}",
            "name": str(given.get("name") or "Account"),
            "login": login,
            "secret_key": str(given["password"]),
            "webhook_url": str(given.get("webhook_url") or ""),
        }

    def failure(self, status: int, message: str) -> Answer:
        one = {"code": message, "status": str(status), "title": message, "detail": message}
        return as_json({"errors": [one]}, status)

    def truth(self, merchant: str) -> Row:
        return truth(self, merchant)

    def recent(self, count: int) -> list[Row]:
        return recent(self, count)

    # What others do on the chain.

    def send(self, deposit: Row, amount: Decimal, block_s: float | None = None) -> Row:
        """Somebody sends coins to an address: seen at once, sure after its blocks."""
        coin = COINS[deposit["wallet"]]
        row: Row = {
            "id": chain.number(),
            "_at": self.clock.iso(),
            "_merchant": deposit["_merchant"],
            "of": deposit["id"],
            "op_type": DEPOSIT,
            "status": SENT,
            "amount": f"{amount:.{PLACES}f}",
            "confirmations": 0,
            "needed": deposit["confirmations_needed"] or coin.confirmations,
            "txid": chain.hash_of(coin),
            "block_s": self.options.settle_s if block_s is None else block_s,
        }
        self.book.put("transfer.seen", "transfers", row)
        self.told("deposits", deposit, row)
        self.later.after(row["block_s"], "block", row["id"])
        return row

    def block(self, key: str) -> None:
        """One more block over a transfer."""
        row = self.book.get("transfers", key)
        if row is None or row["status"] != SENT:
            return
        confirmations = row["confirmations"] + 1
        status = THERE if confirmations >= row["needed"] else SENT
        row = self.book.change(
            "transfer.block", "transfers", key, confirmations=confirmations, status=status
        )
        if status == SENT:
            self.later.after(row["block_s"], "block", key)
        else:
            self._settle(row)
        self.told("deposits", self.book.table("deposits")[row["of"]], row)

    def paid(self, key: str) -> None:
        """A payout is on the chain."""
        payout = self.book.table("payouts")[key]
        coin = COINS[payout["wallet"]]
        row: Row = {
            "id": chain.number(),
            "_at": self.clock.iso(),
            "_merchant": payout["_merchant"],
            "of": key,
            "op_type": PAYOUT,
            "status": THERE,
            "amount": payout["amount"],
            "confirmations": coin.confirmations,
            "needed": coin.confirmations,
            "txid": chain.hash_of(coin),
        }
        self.book.put("transfer.sent", "transfers", row)
        self.told("payouts", payout, row)

    def _settle(self, row: Row) -> None:
        deposit = self.book.table("deposits")[row["of"]]
        there = [
            one
            for one in self.book.table("transfers").values()
            if one["of"] == deposit["id"] and one["status"] == THERE
        ]
        came = sum((Decimal(one["amount"]) for one in there), Decimal(0))
        due, status = deposit["target"], deposit["status"]
        if due:
            status = PAID if came == Decimal(due) else UNRESOLVED
        self.book.change(
            "deposit.moved", "deposits", deposit["id"], came=f"{came:.{PLACES}f}", status=status
        )

    def told(self, table: str, row: Row, transfer: Row) -> None:
        """A callback with its proof: over status, amount, order and time, by login and password."""
        merchant = self.book.table("merchants")[row["_merchant"]]
        row = self.book.table(table)[row["id"]]
        at, key = self.clock.iso(), f"{merchant['login']}{merchant['secret_key']}"
        said = f"{transfer['status']}{transfer['amount']}{row['tracking_id']}{at}"
        sign = hmac.new(hashlib.sha256(key.encode()).digest(), said.encode(), hashlib.sha256)
        coin = COINS[row["wallet"]]
        document: Row = {
            "data": shown(table, row),
            "included": [
                {"type": "currency", "id": coin.number, "attributes": {"alpha": coin.asset}},
                transferred(transfer),
            ],
            "meta": {"time": at, "sign": sign.hexdigest()},
        }
        event = f"{transfer['id']}-{transfer['status']}-{transfer['confirmations']}"
        self.hooks.tell(row["_merchant"], event, f"{table}.transfer", document, row["id"])

    # The API.

    def _token(self, asked: Asked) -> Answer:
        given = (asked.document().get("data") or {}).get("attributes") or {}
        for row in self.book.table("merchants").values():
            if (row["login"], row["secret_key"]) == (given.get("login"), given.get("password")):
                told = {"access": bearer(row), "refresh": bearer(row)[::-1]}
                return as_json({"data": {"type": "auth-token", "id": "0", "attributes": told}})
        return self.failure(401, "authentication_failed")

    def _deposit(self, asked: Asked) -> Answer:
        merchant, (told, coin) = self.merchant_of(asked), self._read(asked, "deposit")
        if self.faults.strike("no_address", merchant=merchant["id"]) is not None:
            return self.failure(503, "no_address")
        key = asked.headers.get("idempotency-key", "")
        row = self._same("deposits", merchant, key) or self.book.put(
            "deposit.created",
            "deposits",
            {
                "id": chain.number(),
                "_at": self.clock.iso(),
                "_merchant": merchant["id"],
                "_key": key,
                "wallet": coin.wallet,
                "label": str(told.get("label") or ""),
                "tracking_id": str(told.get("tracking_id") or ""),
                "target": str(told.get("target_amount_requested") or ""),
                "confirmations_needed": int(told.get("confirmations_needed") or 0),
                "address": chain.address_of(coin),
                "came": f"{0:.{PLACES}f}",
                "status": CREATED,
            },
        )
        return as_json({"data": shown("deposits", row)}, 201)

    def _one_deposit(self, asked: Asked) -> Answer:
        row = self.book.get("deposits", asked.params["id"])
        if row is None or row["_merchant"] != self.merchant_of(asked)["id"]:
            return self.failure(404, "not_found")
        return as_json({"data": shown("deposits", row)})

    def _payout(self, asked: Asked) -> Answer:
        merchant, (told, coin) = self.merchant_of(asked), self._read(asked, "payout")
        key = asked.headers.get("idempotency-key", "")
        row = self._same("payouts", merchant, key)
        if row is None:
            row = self.book.put(
                "payout.created",
                "payouts",
                {
                    "id": chain.number(),
                    "_at": self.clock.iso(),
                    "_merchant": merchant["id"],
                    "_key": key,
                    "wallet": coin.wallet,
                    "amount": str(told.get("amount")),
                    "address": str(told.get("address")),
                    "tracking_id": str(told.get("tracking_id") or ""),
                    "status": CREATED,
                },
            )
            self.later.after(self.options.settle_s, "paid", row["id"])
        return as_json({"data": shown("payouts", row)}, 201)

    def _payouts(self, asked: Asked) -> Answer:
        merchant, wanted = self.merchant_of(asked)["id"], asked.query.get("filter[tracking_id]")
        found = [
            shown("payouts", row)
            for row in self.book.table("payouts").values()
            if row["_merchant"] == merchant and row["tracking_id"] == wanted
        ]
        return as_json({"data": found})

    def _transfers(self, asked: Asked) -> Answer:
        merchant = self.merchant_of(asked)["id"]
        kind, of = asked.query.get("filter[op_type]"), asked.query.get("filter[op_id]")
        found = [
            transferred(row)
            for row in self.book.table("transfers").values()
            if row["_merchant"] == merchant and (str(row["op_type"]), row["of"]) == (kind, of)
        ]
        page = max(1, int(asked.query.get("page[number]", "1")))
        pages = max(1, -(-len(found) // PAGE))
        counted = {"page": page, "pages": pages, "count": len(found)}
        part = found[(page - 1) * PAGE : page * PAGE]
        return as_json({"data": part, "meta": {"pagination": counted}})

    def _wallets(self, asked: Asked) -> Answer:
        """What came to each coin's addresses, less what went out."""
        merchant = self.merchant_of(asked)["id"]
        held = dict.fromkeys(COINS, Decimal(0))
        for row in self.book.table("transfers").values():
            if row["_merchant"] == merchant and row["status"] == THERE:
                table = "deposits" if row["op_type"] == DEPOSIT else "payouts"
                way = 1 if row["op_type"] == DEPOSIT else -1
                held[self.book.table(table)[row["of"]]["wallet"]] += way * Decimal(row["amount"])
        found = [
            {
                "type": "wallet",
                "id": wallet,
                "attributes": {"balance_confirmed": f"{amount:.{PLACES}f}"},
            }
            for wallet, amount in held.items()
        ]
        return as_json({"data": found})

    def _read(self, asked: Asked, kind: str) -> tuple[Row, Coin]:
        given = asked.document().get("data") or {}
        wallet = ((given.get("relationships") or {}).get("wallet") or {}).get("data") or {}
        coin = COINS.get(str(wallet.get("id")))
        if given.get("type") != kind or coin is None:
            raise Refused(self.failure(400, "wallet"))
        return given.get("attributes") or {}, coin

    def _same(self, table: str, merchant: Row, key: str) -> Row | None:
        rows = self.book.table(table).values()
        return next(
            (r for r in rows if key and (r["_merchant"], r["_key"]) == (merchant["id"], key)), None
        )
