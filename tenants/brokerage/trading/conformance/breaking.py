"""Cases of broken lines: money is unknown, never doubled, and the journal tells what became of it.

Every operation has an amount of its own: a platform whose journal does not bear our reference can tell
by nothing else, and may rightly refuse to choose between two alike.
"""

from decimal import Decimal

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.money import bears
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


ALL = (before, after, line, often)
