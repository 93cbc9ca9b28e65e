"""Coins against a payment: an address, transfers with confirmations, and what came of them."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from sandbox.beta import chain
from sandbox.beta.chain import COINS, Coin
from sandbox.beta.payments import OPEN
from sandbox.common.book import Row, fresh

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

OVER = ("expired", "cancelled", "failed")
SHARES = {"exact": Decimal(1), "under": Decimal("0.6"), "over": Decimal("1.25")}


class BadTransfer(ValueError):
    """A transfer that cannot be made."""


class CryptoPaying:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta
        beta.later.names("confirm", self.confirm)

    def choose(self, row: Row, code: str) -> Row:
        """Quote a coin and give the address to pay to. A second choice before paying replaces it."""
        coin = COINS.get(code)
        if coin is None or row["status"] not in OPEN or self._of.payments.held(row):
            return row
        asked = chain.due(coin, row["amount"], row["currency"])
        address = chain.new_address(coin, f"{row['id']}{fresh('', 12)}")
        quote: Row = {
            "coin": code,
            "address": address,
            "asked": f"{asked:f}",
            "paid": "0",
            "transfers": [],
        }
        return self._of.payments.move(
            row,
            "requires_customer_action",
            payment_method="crypto",
            payment_method_type="crypto_currency",
            payment_method_data={
                "crypto": {"pay_currency": coin.asset, "network": coin.network},
                "billing": None,
            },
            connector="beta_chain",
            connector_metadata=_told(coin, quote),
            next_action={
                "type": "redirect_to_url",
                "redirect_to_url": row["payment_link"] and row["payment_link"]["link"],
            },
            attempt_count=row["attempt_count"] + 1,
            _coin=quote,
        )

    def transfer(self, row: Row, how: str, amount: str = "") -> Row:
        """Send coins as a payer would: exact, under, over, late, or a written amount.

        Raises:
            BadTransfer: no coin was chosen, or the amount is not one.
        """
        quote = row["_coin"]
        if quote is None:
            raise BadTransfer("choose a coin first")
        coin = COINS[quote["coin"]]
        if how == "late":
            row = self._let_expire(row)
        asked = Decimal(quote["asked"])
        sent = _sent(coin, how, amount, asked=asked, left=asked - Decimal(quote["paid"]))
        transfer: Row = {
            "id": chain.new_transfer(coin, fresh("", 20)),
            "amount": f"{sent:f}",
            "confirmations": 0,
            "late": row["status"] in OVER or self._of.clock.now() > row["_due"],
        }
        quote = {**quote, "transfers": [*quote["transfers"], transfer]}
        new = {"_coin": quote, "connector_metadata": _told(coin, quote), "next_action": None}
        self._of.later.after(self._of.options.settle_s, "confirm", row["id"])
        if row["status"] in OPEN:
            return self._of.payments.move(row, "processing", **new)
        return self._of.book.change("payment.transfer_seen", "payments", row["id"], **new)

    def confirm(self, key: str) -> None:
        """One more block over every open transfer of a payment."""
        row = self._of.book.get("payments", key)
        if row is None or row["_coin"] is None:
            return
        quote = row["_coin"]
        coin = COINS[quote["coin"]]
        if all(one["confirmations"] >= coin.confirmations for one in quote["transfers"]):
            return  # an earlier timer has brought the last block
        transfers = [
            {**one, "confirmations": min(one["confirmations"] + 1, coin.confirmations)}
            for one in quote["transfers"]
        ]
        sure = [one for one in transfers if one["confirmations"] >= coin.confirmations]
        paid = sum((Decimal(one["amount"]) for one in sure), Decimal(0))
        quote = {**quote, "transfers": transfers, "paid": f"{paid:f}"}
        row = self._of.book.change(
            "payment.block",
            "payments",
            key,
            _coin=quote,
            connector_metadata=_told(coin, quote),
        )
        if len(sure) < len(transfers):
            self._of.later.after(self._of.options.settle_s, "confirm", key)
        else:
            self._conclude(row, coin, paid)

    def _conclude(self, row: Row, coin: Coin, paid: Decimal) -> None:
        quote = row["_coin"]
        asked = Decimal(quote["asked"])
        late = any(one["late"] for one in quote["transfers"])
        received = chain.worth(paid, asked, row["amount"])
        new: Row = {
            "amount_received": received,
            "amount_capturable": 0,
            "connector_transaction_id": quote["transfers"][-1]["id"],
        }
        if row["status"] == "succeeded":
            self._of.book.change("payment.paid_again", "payments", row["id"], **new)
        elif paid == asked and not late:
            self._of.payments.move(row, "succeeded", error_code=None, error_message=None, **new)
        else:
            code = "DELAYED" if late else "UNDERPAID" if paid < asked else "OVERPAID"
            said = f"{paid:f} of {asked:f} {coin.asset} arrived"
            self._of.payments.move(
                row, "requires_merchant_action", error_code=code, error_message=said, **new
            )

    def _let_expire(self, row: Row) -> Row:
        """Bring the payment past its time, as a payer who waited too long would find it."""
        if row["status"] in OPEN:
            return self._of.payments.move(row, "expired", amount_capturable=0)
        return row


def _sent(coin: Coin, how: str, amount: str, *, asked: Decimal, left: Decimal) -> Decimal:
    if how in SHARES or how == "late":
        share = left if left > 0 else asked
        return (share * SHARES.get(how, Decimal(1))).quantize(coin.step)
    try:
        sent = Decimal(amount or how)
    except InvalidOperation:
        raise BadTransfer(f"{amount or how} is not an amount") from None
    if not sent.is_finite() or sent <= 0 or sent >= 10**12 or sent != sent.quantize(coin.step):
        raise BadTransfer(f"an amount is a multiple of {coin.step:f} {coin.asset}")
    return sent


def _told(coin: Coin, quote: Row) -> Row:
    """What the merchant may know of the chain."""
    return {
        "crypto": {
            "pay_currency": coin.asset,
            "network": coin.network,
            "address": quote["address"],
            "amount_due": quote["asked"],
            "amount_paid": quote["paid"],
            "confirmations_needed": coin.confirmations,
            "transfers": quote["transfers"],
        }
    }
