"""Cases of broken lines: money is unknown, never doubled, and the journal tells what became of it.

Every operation has an amount of its own: a platform whose journal does not bear our reference can tell
by nothing else, and may rightly refuse to choose between two alike.
"""

from decimal import Decimal
from uuid import UUID, uuid4

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.money import bears, comes_to
from brokerage.trading.conformance.stage import Stage
from brokerage.trading.connector import MoneyKind, Verb
from stoa.connectors.outcomes import Confirmed, Refused, Unknown


@case("broken-before", "A line broken before money moved leaves it unmoved, and the journal says so",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def before(stage: Stage) -> None:
    weather, login = stage.storm(), await stage.funded()
    balance = (await stage.read(login)).balance
    await weather.drop_before_money()
    outcome, sign = await stage.try_move(login, MoneyKind.DEPOSIT, Decimal(9))
    await weather.calm()
    stage.check(isinstance(outcome, Unknown | Refused), f"With no answer it was told as {outcome}.")
    await stage.back()
    stage.check(await stage.find(login, sign) is None, "The journal has what was never done.")
    stage.check((await stage.read(login)).balance == balance, "The balance changed.")


@case("broken-after", "A line broken after money moved is unknown until the journal tells it",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def after(stage: Stage) -> None:
    weather, login = stage.storm(), await stage.funded()
    balance = (await stage.read(login)).balance
    await weather.drop_after_money()
    outcome, sign = await stage.try_move(login, MoneyKind.DEPOSIT, Decimal(8))
    await weather.calm()
    stage.check(isinstance(outcome, Unknown), f"With no answer it was told as {outcome}.")
    await stage.back()
    found = await stage.find_later(login, sign)
    stage.check(found is not None, "The journal does not find what was done.")
    if found is not None:
        stage.check(found.profit == 8, f"It is found with {found.profit}.")
    stage.check((await stage.read(login)).balance == balance + 8, "It was not done just once.")


@case("broken-line", "After a broken line the next question is answered", Verb.GET_ACCOUNT)
async def line(stage: Stage) -> None:
    weather, login = stage.storm(), await stage.account()
    await weather.cut()
    await stage.back()
    stage.check((await stage.read(login)).login == login, "The account read is another one.")


@case("broken-often", "Money over a line that breaks again and again is neither lost nor doubled",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT, Verb.GET_DEALS)  # fmt: skip
async def often(stage: Stage) -> None:
    weather, login = stage.storm(), await stage.funded()
    balance, moved = (await stage.read(login)).balance, Decimal(0)
    for turn in range(1, 7):
        await (weather.drop_after_money if turn % 2 else weather.drop_before_money)()
        outcome, sign = await stage.try_move(login, MoneyKind.DEPOSIT, Decimal(turn))
        await weather.calm()
        await stage.back()
        there = await stage.find_later(login, sign) if turn % 2 else await stage.find(login, sign)
        stage.check(there is not None or not isinstance(outcome, Confirmed), f"{sign} is lost.")
        moved += turn if there is not None else 0
        booked = [deal for deal in await stage.deals(login) if bears(deal, sign)]
        stage.check(len(booked) == (there is not None), f"{sign} is booked {len(booked)} times.")
    now = (await stage.read(login)).balance
    stage.check(now == balance + moved, f"{moved} was found and {now - balance} moved.")


@case("broken-again", "An order whose answer was lost is settled as transfers settle it, and moves once",
      Verb.BALANCE_OP, Verb.GET_ACCOUNT)  # fmt: skip
async def again(stage: Stage) -> None:
    """Given again where the platform keeps our reference, looked for where it does not."""
    weather, login = stage.storm(), await stage.funded()
    kinds = [MoneyKind.DEPOSIT] + [MoneyKind.WITHDRAWAL] * (MoneyKind.WITHDRAWAL in stage.can.money)
    amount = Decimal("3.10")
    for kind in kinds:
        for drop in (weather.drop_after_money, weather.drop_before_money):
            amount += Decimal("0.01")
            balance, operation = (await stage.read(login)).balance, uuid4()
            await drop()
            outcome, sign = await stage.try_move(login, kind, amount, operation)
            await weather.calm()
            await stage.back()
            stage.check(not isinstance(outcome, Confirmed), f"With no answer it was {outcome}.")
            sent = await _settle(stage, login, kind, amount, operation)
            there = balance + (amount if kind is MoneyKind.DEPOSIT else -amount)
            await comes_to(
                stage, login, (there, (await stage.read(login)).credit), f"{kind} {sent}"
            )
            if stage.offers(Verb.GET_DEALS):
                booked = [deal for deal in await stage.deals(login) if bears(deal, sign)]
                stage.check(len(booked) == 1, f"{kind} is in the journal {len(booked)} times.")


async def _settle(
    stage: Stage, login: int, kind: MoneyKind, amount: Decimal, operation: UUID
) -> str:
    """What was done about an order without an answer."""
    if not stage.can.idempotent_money:
        if await stage.find_later(login, stage.sign(kind, operation)) is not None:
            return "found"
        await stage.move(login, kind, amount, operation)
        return "sent again, not being there"
    for _ in range(2):
        await stage.move(login, kind, amount, operation)
    return "given again twice"


ALL = (before, after, line, often, again)
