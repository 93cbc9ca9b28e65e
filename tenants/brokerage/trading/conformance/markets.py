"""Cases of what a server offers: groups, logins, symbols and prices."""

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.stage import Stage
from brokerage.trading.connector import Group, Symbol, Ticks, Verb


@case("groups", "The groups are listed with their currencies", Verb.LISTS)
async def groups(stage: Stage) -> None:
    told: tuple[Group, ...] = await stage.recorder.ask("list_groups")
    found = {one.group: one for one in told}
    stage.check(len(found) == len(told), "A group is told twice.")
    for name in (stage.plan.group, stage.plan.other_group, stage.plan.netting_group):
        stage.check(not name or name in found, f"Group {name} is not among them.")
    mine = found[stage.plan.group]
    if mine.currency or not stage.offers(Verb.CREATE_ACCOUNT):
        stage.check(mine.currency.isascii() and mine.currency.isupper(), f"{mine.currency!r}?")
    else:
        # Where groups fix no currency, each account was made in one and says so.
        account = await stage.read(await stage.account())
        wanted = stage.plan.currency
        stage.check(account.currency == wanted, f"Made in {wanted}, it is in {account.currency}.")
    stage.check(0 <= mine.currency_digits <= 8, f"It has {mine.currency_digits} digits.")


@case("logins", "The logins of a group are listed", Verb.LISTS, Verb.CREATE_ACCOUNT)
async def logins(stage: Stage) -> None:
    login = await stage.account()
    told: tuple[int, ...] = await stage.recorder.ask("list_logins", [stage.plan.group])
    stage.check(login in told, "The account made for this run is not among them.")
    stage.check(len(set(told)) == len(told), "A login is told twice.")
    none = await stage.recorder.ask("list_logins", ["no-such-group-9f3"])
    stage.check(not none, f"A group that is not there has {len(none)} logins.")


@case("symbols", "The symbols are listed with digits, contract sizes and currencies", Verb.LISTS)
async def symbols(stage: Stage) -> None:
    told: tuple[Symbol, ...] = await stage.recorder.ask("list_symbols")
    found = {one.symbol: one for one in told}
    stage.check(len(found) == len(told), "A symbol is told twice.")
    stage.check(stage.plan.symbol in found, f"{stage.plan.symbol} is not among them.")
    mine = found[stage.plan.symbol]
    stage.check(0 < mine.digits <= 8, f"It has {mine.digits} digits.")
    stage.check(mine.contract_size > 0, f"Its contract size is {mine.contract_size}.")
    stage.check(mine.currency_base and mine.currency_profit, "Its currencies are not told.")
    stage.check(0 < mine.lots_min <= mine.lots_max, f"Lots from {mine.lots_min} to {mine.lots_max}")
    stage.check(mine.lots_step > 0, f"Lots in steps of {mine.lots_step}")


@case("prices", "Prices have two sides, and a second question tells only what is newer", Verb.LISTS)
async def prices(stage: Stage) -> None:
    told: Ticks = await stage.recorder.ask("prices", [stage.plan.symbol])
    for tick in told.ticks:
        stage.check(tick.symbol == stage.plan.symbol, f"{tick.symbol} was not asked for.")
        stage.check(0 < tick.bid <= tick.ask, f"{tick.bid} and {tick.ask} are no prices.")
    later: Ticks = await stage.recorder.ask("prices", [stage.plan.symbol], told.since)
    stage.check(later.since >= told.since, "The second question's mark went back.")


ALL = (groups, logins, symbols, prices)
