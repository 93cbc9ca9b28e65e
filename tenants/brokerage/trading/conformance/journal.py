"""Cases of the journal: read from a cursor with overlap, nothing missed, nothing twice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.money import bears
from brokerage.trading.conformance.stage import Stage
from brokerage.trading.connector import Deal, DealCursor, MoneyKind, Verb

_STEPS: Final = 4
_APART: Final = timedelta(seconds=120)


@case("deals-cursor", "Read on from its cursor the journal misses nothing, and tells nothing anew",
      Verb.GET_DEALS, Verb.BALANCE_OP)  # fmt: skip
async def cursor(stage: Stage) -> None:
    login = await stage.account()
    read: dict[int, Deal] = {}
    at = DealCursor.start()
    for step in range(1, _STEPS + 1):
        sign = await stage.move(login, MoneyKind.DEPOSIT, Decimal(step))

        async def told(sign: str = sign) -> bool:
            nonlocal at
            batch = await stage.batch([login], at)
            stage.check(not batch.misread, f"{len(batch.misread)} deals could not be read.")
            stage.check(batch.cursor >= at, "The cursor went back.")
            in_order = sorted(batch.deals, key=lambda deal: (deal.at, deal.deal))
            stage.check(list(batch.deals) == in_order, "The deals are out of order.")
            at = batch.cursor
            read.update({deal.deal: deal for deal in batch.deals})
            return any(bears(deal, sign) for deal in batch.deals)

        await stage.until(told, f"Deposit {step} did not come after the cursor.")
    once = await stage.batch([login], at)
    stage.check(once.cursor == at, "With nothing new the cursor moved.")
    stage.check(
        {deal.deal for deal in once.deals} <= read.keys(), "Read again there were other deals."
    )
    whole = {deal.deal: deal for deal in await stage.deals(login)}
    stage.check(read.keys() == whole.keys(), "From the start the journal has other deals.")
    changed = [number for number, deal in whole.items() if read[number] != deal]
    stage.check(not changed, f"Read again deals {changed[:3]} are not the same.")


@case("deals-clock", "Deals are told at their own time, in UTC", Verb.GET_DEALS, Verb.BALANCE_OP)
async def clock(stage: Stage) -> None:
    login, began = await stage.account(), datetime.now(UTC)
    sign = await stage.move(login, MoneyKind.DEPOSIT, Decimal(3))
    found: list[Deal] = []

    async def told() -> bool:
        found[:] = [deal for deal in await stage.deals(login) if bears(deal, sign)]
        return bool(found)

    await stage.until(told, "The deposit did not come into the journal.")
    stage.check(
        abs(found[0].at - began) < _APART, f"At {began:%H:%M:%S} it was told as of {found[0].at}."
    )
    earlier = await stage.batch([login], DealCursor.start(), began - timedelta(hours=3))
    stage.check(
        found[0].deal not in {deal.deal for deal in earlier.deals},
        "Asked for the time before, the journal tells it too.",
    )


@case("deals-many", "Many logins asked at once answer each with its own",
      Verb.GET_DEALS, Verb.BALANCE_OP, Verb.CREATE_ACCOUNT)  # fmt: skip
async def many(stage: Stage) -> None:
    first = await stage.account()
    second = await stage.new_account(stage.plan.group)
    signs = {login: await stage.move(login, MoneyKind.DEPOSIT, Decimal(4))
             for login in (first, second)}  # fmt: skip

    async def both() -> bool:
        batch = await stage.batch([first, second], DealCursor.start())
        stage.check(
            all(deal.login in signs for deal in batch.deals), "Deals of other logins came too."
        )
        owners = {deal.login for deal in batch.deals if bears(deal, signs[deal.login])}
        return owners == signs.keys()

    await stage.until(both, "One of the two was not told.")


ALL = (cursor, clock, many)
