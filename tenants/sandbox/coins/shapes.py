"""What is told of the rows, in the shapes of JSON:API."""

import hashlib

from sandbox.coins.chain import COINS
from sandbox.common.book import Row


def bearer(row: Row) -> str:
    return hashlib.sha256(f"token {row['login']} {row['secret_key']}".encode()).hexdigest()


def shown(table: str, row: Row) -> Row:
    coin = COINS[row["wallet"]]
    told: Row = {
        "tracking_id": row["tracking_id"],
        "address": row["address"],
        "status": row["status"],
        "created_at": row["_at"],
    }
    if table == "deposits":
        told |= {
            "label": row["label"],
            "target_paid": row["came"],
            "target_amount_requested": row["target"] or None,
            "destination": {"address_type": "", "address": row["address"]},
            "payment_page": None,
        }
    else:
        told |= {"amount": row["amount"]}
    return {
        "type": table.removesuffix("s"),
        "id": row["id"],
        "attributes": told,
        "relationships": {
            "wallet": {"data": {"type": "wallet", "id": coin.wallet}},
            "currency": {"data": {"type": "currency", "id": coin.number}},
        },
    }


def transferred(row: Row) -> Row:
    told = {name: row[name] for name in ("op_type", "status", "amount", "confirmations", "txid")}
    return {
        "type": "transfer",
        "id": row["id"],
        "attributes": {**told, "op_id": int(row["of"]), "user_message": None, "risk": 0},
    }
