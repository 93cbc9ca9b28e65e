"""The levers: send coins as somebody would, and what was really done."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from sandbox.coins.chain import COINS
from sandbox.common.book import Row
from sandbox.common.wire import Answer, Asked, as_json, done

if TYPE_CHECKING:
    from sandbox.coins.api import Coins


class Controls:
    def __init__(self, coins: "Coins") -> None:
        self._of = coins
        coins.on("POST", "/_sandbox/send", self.send)
        coins.on("POST", "/_sandbox/block", self.block)

    def send(self, asked: Asked) -> Answer:
        """{address, amount, block_s?}: coins to an address; a block confirms them every so often."""
        given = asked.document()
        rows = self._of.book.table("deposits").values()
        deposit = next((row for row in rows if row["address"] == given.get("address")), None)
        if deposit is None:
            return as_json({"error": "nobody here has that address"}, 404)
        try:
            amount = Decimal(str(given.get("amount")))
            block_s = float(given["block_s"]) if "block_s" in given else None
        except (InvalidOperation, ValueError):
            return as_json({"error": "that is no amount"}, 400)
        if not amount.is_finite() or amount <= 0:
            return as_json({"error": "that is no amount"}, 400)
        row = self._of.send(deposit, amount, block_s)
        return done(asked, "Sent", {"transfer": row["id"], "hash": row["txid"]})

    def block(self, asked: Asked) -> Answer:
        """{transfer}: its next block comes now."""
        key = str(asked.document().get("transfer"))
        self._of.block(key)
        row = self._of.book.get("transfers", key) or {}
        return done(asked, "One more block", {"confirmations": row.get("confirmations")})


def truth(coins: "Coins", merchant: str) -> Row:
    """Every address, transfer and payout that really happened; amounts in the coin."""

    def rows(table: str) -> list[Row]:
        found = coins.book.table(table).values()
        return [
            {name: value for name, value in row.items() if name[0] != "_"}
            for row in found
            if merchant in ("", row["_merchant"])
        ]

    return {
        "deposits": rows("deposits"),
        "transfers": rows("transfers"),
        "payouts": rows("payouts"),
    }


def recent(coins: "Coins", count: int) -> list[Row]:
    latest: list[Row] = []
    for row in list(coins.book.table("transfers").values())[-count:]:
        table = "deposits" if row["op_type"] == 1 else "payouts"
        of = coins.book.table(table)[row["of"]]
        under_way = row["confirmations"] < row["needed"]
        acts = [{"says": "Block", "path": "/_sandbox/block", "fields": {"transfer": row["id"]}}]
        latest.append(
            {
                "at": row["_at"],
                "what": f"{'To' if table == 'deposits' else 'From'} {of['address']}",
                "id": row["txid"][:20],
                "amount": f"{row['amount']} {COINS[of['wallet']].asset}",
                "status": f"{row['confirmations']} of {row['needed']} blocks",
                "link": "",
                "acts": acts if under_way else [],
            }
        )
    for row in list(coins.book.table("deposits").values())[-count:]:
        asset = COINS[row["wallet"]].asset
        fields = {"address": row["address"], "amount": "0.01"}
        latest.append(
            {
                "at": row["_at"],
                "what": f"Address {row['address']}",
                "id": row["label"],
                "amount": f"{row['came']} {asset}",
                "status": "open",
                "link": "",
                "acts": [
                    {"says": f"Send 0.01 {asset}", "path": "/_sandbox/send", "fields": fields}
                ],
            }
        )
    return sorted(latest, key=lambda row: row["at"], reverse=True)[:count]
