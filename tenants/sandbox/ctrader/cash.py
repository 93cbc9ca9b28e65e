"""Deposits, withdrawals, credit and bonus of a trader, with all that was said beside them."""

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from sandbox.ctrader.entities import BONUS, Words, bonus_of, currency_of
from sandbox.ctrader.errors import NamedError
from sandbox.ctrader.forms import MoneyForm
from sandbox.ctrader.plant import Plant, history_id, money_digits
from sandbox.trading import guard
from sandbox.trading.amounts import LIMIT
from sandbox.trading.book import Account
from sandbox.trading.records import Action, Deal, Reason
from sandbox.trading.valuation import worth

BALANCE: Final = {
    "DEPOSIT": (Action.BALANCE, 1),
    "WITHDRAW": (Action.BALANCE, -1),
    "DEPOSIT_NONWITHDRAWABLE_BONUS": (Action.CREDIT, 1),
    "WITHDRAW_NONWITHDRAWABLE_BONUS": (Action.CREDIT, -1),
}
BONUSES: Final = {"DEPOSIT": 1, "WITHDRAW": -1}


def minor(plant: Plant, account: Account, told: msgspec.Raw) -> int:
    """A positive number with no more digits than the currency has, in minor units."""
    try:
        value = Decimal(bytes(told).decode())
    except (InvalidOperation, UnicodeDecodeError):
        raise NamedError("INVALID_DATA", "preciseAmount is no number") from None
    digits = money_digits(currency_of(plant, account))
    scaled = value.scaleb(digits) if value.is_finite() else Decimal(0)
    if scaled <= 0 or scaled != scaled.to_integral_value() or value > LIMIT:
        raise NamedError("CHANGE_BALANCE_BAD_AMOUNT")
    return int(scaled)


def change_balance(plant: Plant, account: Account, form: MoneyForm) -> dict[str, int]:
    if form.type not in BALANCE:
        raise NamedError("INVALID_DATA", f"there is no type {form.type}")
    action, sign = BALANCE[form.type]
    amount = sign * minor(plant, account, form.preciseAmount)
    held = account.balance - plant.realised(account).waiting
    if action == Action.CREDIT:
        held = account.credit - bonus_of(account)
    return {"balanceHistoryId": history_id(_move(plant, account, action, amount, form, held=held))}


def change_bonus(plant: Plant, account: Account, form: MoneyForm) -> dict[str, int]:
    if form.type not in BONUSES:
        raise NamedError("INVALID_DATA", f"there is no type {form.type}")
    amount = BONUSES[form.type] * minor(plant, account, form.preciseAmount)
    held = bonus_of(account)
    moved = _move(plant, account, Action.CREDIT, amount, form, held=held, mark=BONUS)
    return {"bonusHistoryId": history_id(moved)}


def first_balance(plant: Plant, account: Account, amount: int) -> None:
    """What a trader begins with, in minor units."""
    form = MoneyForm(account.login, msgspec.Raw(b"0"), "DEPOSIT", comment="Initial balance")
    _move(plant, account, Action.BALANCE, amount, form, held=0)


def _move(
    plant: Plant,
    account: Account,
    action: Action,
    amount: int,
    form: MoneyForm,
    *,
    held: int,
    mark: int = 0,
) -> int:
    at = plant.clock.now()
    if amount < 0 and -amount > min(held, worth(plant.floor, account, at).free):
        raise NamedError("NOT_ENOUGH_MONEY")
    words = Words(form.comment, form.externalId, form.externalNote, form.source)
    deal = Deal(
        deal=plant.book.next_deal(),
        login=account.login,
        action=action,
        time=at,
        profit=amount,
        comment=msgspec.json.encode(words).decode(),
        reason=Reason.DEALER,
        expert=mark,
    )
    plant.floor.commit(account, [deal])
    guard.check_margin(plant.floor, account, at)
    return deal.deal
