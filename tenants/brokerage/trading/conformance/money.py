"""Cases of money: each kind, once, found by our reference, and never more than there is."""

from decimal import Decimal
from typing import Final
from uuid import uuid4

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.stage import Failed, Lacking, Stage
from brokerage.trading.connector import Account, Deal, MoneyKind, Verb, mark

_IN: Final = frozenset({MoneyKind.DEPOSIT, MoneyKind.CREDIT_IN, MoneyKind.CORRECTION_IN})
_CREDIT: Final = frozenset({MoneyKind.CREDIT_IN, MoneyKind.CREDIT_OUT})
AMOUNT: Final = Decimal("12.34")


@case("money-kinds", "Each kind of money declared moves what it says; others are refused",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def kinds(stage: Stage) -> None:
    login = await stage.funded()
    # What goes in comes first, so that there is something to take out.
    for kind in sorted(MoneyKind, key=lambda one: one.outward):
        before = await stage.read(login)
        if kind not in stage.can.money:
            outcome, _ = await stage.try_move(login, kind, AMOUNT)
            stage.refused(outcome, f"{kind}, which is not declared,")
            stage.check(_money(await stage.read(login)) == _money(before), f"{kind} moved money.")
            continue
        await stage.move(login, kind, AMOUNT)
        change = AMOUNT if kind in _IN else -AMOUNT
        credit = kind in _CREDIT
        wanted = (
            before.balance + (0 if credit else change),
            before.credit + (change if credit else 0),
        )
        await comes_to(stage, login, wanted, str(kind))


@case("money-once", "A deposit is booked once, to the cent, and found by our reference",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def once(stage: Stage) -> None:
    login = await stage.account()
    before, amount = await stage.read(login), Decimal("1234.57")
    sign = await stage.move(login, MoneyKind.DEPOSIT, amount)
    await comes_to(stage, login, (before.balance + amount, before.credit), "The deposit")
    found = await stage.find_later(login, sign)
    stage.check(found is not None, "Our reference does not find it.")
    if found is not None:
        stage.check(found.profit == amount, f"It is found with {found.profit}.")
        stage.check(found.login == login, f"It is found on login {found.login}.")
        stage.check(not found.kind.trade, f"It is found as {found.kind}.")
        stage.check(abs(found.at - stage.began).total_seconds() < 900, f"It is of {found.at}.")
    if stage.offers(Verb.GET_DEALS):
        booked = [deal for deal in await stage.deals(login) if bears(deal, sign)]
        stage.check(len(booked) == 1, f"The journal has it {len(booked)} times.")


@case("money-again", "A reference sent again moves nothing more",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def again(stage: Stage) -> None:
    if not stage.can.idempotent_money:
        raise Lacking("The platform keeps no reference; nothing may be sent twice.")
    login, operation = await stage.account(), uuid4()
    await stage.move(login, MoneyKind.DEPOSIT, AMOUNT, operation)
    before = await stage.read(login)
    await stage.try_move(login, MoneyKind.DEPOSIT, AMOUNT, operation)
    stage.check(
        (await stage.read(login)).balance == before.balance, "The second sending moved money."
    )


@case("money-too-much", "A withdrawal of more than there is is refused and moves nothing",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def too_much(stage: Stage) -> None:
    if MoneyKind.WITHDRAWAL not in stage.can.money:
        raise Lacking("Withdrawals are not declared.")
    login = await stage.funded()
    before = await stage.read(login)
    outcome, sign = await stage.try_move(
        login, MoneyKind.WITHDRAWAL, before.balance + before.credit + 1
    )
    stage.refused(outcome, "More than there is")
    stage.check(_money(await stage.read(login)) == _money(before), "Money moved all the same.")
    stage.check(await stage.find(login, sign) is None, "The journal has the refused withdrawal.")


@case("money-marks", "Two operations are told apart by their references", Verb.BALANCE_OP)
async def apart(stage: Stage) -> None:
    login = await stage.account()
    first = await stage.move(login, MoneyKind.DEPOSIT, Decimal(1))
    second = await stage.move(login, MoneyKind.DEPOSIT, Decimal(2))
    for sign, amount in ((first, 1), (second, 2)):
        found = await stage.find_later(login, sign)
        stage.check(found is not None and found.profit == amount, f"{sign} finds {found}.")
    stage.check(await stage.find(login, mark("D", uuid4())) is None, "A stranger's is found.")


def bears(deal: Deal, sign: str) -> bool:
    return deal.external_id == sign or deal.comment.partition(" ")[0] == sign


def _money(account: Account) -> tuple[Decimal, Decimal]:
    return account.balance, account.credit


async def comes_to(stage: Stage, login: int, wanted: tuple[Decimal, Decimal], what: str) -> None:
    """A platform may tell an account's new balance a moment after the operation."""
    told: list[Account] = []

    async def there() -> bool:
        told.append(await stage.read(login))
        return _money(told[-1]) == wanted

    try:
        await stage.until(there, what, min(stage.plan.wait_s, 5))
    except Failed as why:
        is_now = _money(told[-1])
        raise Failed(f"{what}: balance and credit are {is_now} and not {wanted}.") from why


ALL = (kinds, once, again, too_much, apart)
