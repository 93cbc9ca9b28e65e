"""Cases of the push: what happens is told at once, and nothing is lost over a broken line."""

import asyncio
from decimal import Decimal

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.stage import Lacking, Stage, Unchecked
from brokerage.trading.conformance.trades import Ring
from brokerage.trading.connector import DealKind, MoneyKind, Told, Verb


@case("push-trade", "A trade is told unasked, in time", Verb.SUBSCRIBE, push=True)
async def trade(stage: Stage) -> None:
    ring, lots = await Ring.enter(stage), stage.plan.lots
    await _listening(stage)
    since = len(stage.hearing.news)
    await ring.trade(DealKind.BUY, lots)
    await _told(stage, Told.DEAL, ring.login, since, "The trade")
    for position in await ring.comes_to([lots], "Bought"):
        since = len(stage.hearing.news)
        await stage.hand().close(ring.login, position)
        await _told(stage, Told.DEAL, ring.login, since, "Its closing")
    await ring.comes_to([], "Closed")
    await ring.counts(opening=lots, closing=lots)


@case("push-money", "Money that moved is told unasked, in time",
      Verb.SUBSCRIBE, Verb.BALANCE_OP, push=True)  # fmt: skip
async def money(stage: Stage) -> None:
    stage.hearing.start()
    login = await stage.account()
    await _listening(stage)
    since = len(stage.hearing.news)
    await stage.move(login, MoneyKind.DEPOSIT, Decimal(5))

    async def told() -> bool:
        return bool(stage.hearing.of(login, since))

    await stage.until(told, "The deposit was not told.", stage.plan.push_s)


@case("push-carried", "Deals that the push carries are those of the journal",
      Verb.SUBSCRIBE, Verb.GET_DEALS, push=True)  # fmt: skip
async def carried(stage: Stage) -> None:
    login = await stage.account()
    heard = stage.hearing.deals([login])
    if not heard:
        raise Lacking("The push rings and carries no deals.")
    journal = {deal.deal: deal for deal in await stage.deals(login)}
    for deal in heard:
        stage.check(deal.deal in journal, f"Deal {deal.deal} is not in the journal.")
        stage.check(
            journal[deal.deal].lots == deal.lots and journal[deal.deal].profit == deal.profit,
            f"Deal {deal.deal} is another one in the journal.",
        )


@case("push-broken", "A broken stream says so, is opened again, and what came between is found",
      Verb.SUBSCRIBE, push=True)  # fmt: skip
async def broken(stage: Stage) -> None:
    weather, ring, lots = stage.storm(), await Ring.enter(stage), stage.plan.lots
    await _listening(stage)
    breaks, news = len(stage.hearing.breaks), len(stage.hearing.news)
    await weather.cut()
    await ring.trade(DealKind.BUY, lots)

    async def noticed() -> bool:
        gap = any(one.what is Told.GAP for one in stage.hearing.news[news:])
        return gap or len(stage.hearing.breaks) > breaks

    await stage.until(noticed, "The stream said nothing of the broken line.", 30)
    await stage.back()
    for position in await ring.comes_to([lots], "Bought meanwhile"):
        await stage.hand().close(ring.login, position)
    await ring.comes_to([], "Closed afterwards")
    await ring.counts(opening=lots, closing=lots)


@case("count-moves", "Where deals are counted, the count moves with each of them", Verb.GET_DEALS)
async def counted(stage: Stage) -> None:
    if not stage.can.counts:
        raise Lacking("declared as lacking: a count of deals")
    ring, lots = await Ring.enter(stage), stage.plan.lots
    before = await stage.recorder.ask("moved")
    if before is None:
        raise Unchecked("This server, or this manager, keeps the count to itself.")
    await ring.trade(DealKind.BUY, lots)

    async def moved() -> bool:
        return bool(await stage.recorder.ask("moved") != before)

    await stage.until(moved, "A deal was made and the count is what it was.", stage.plan.push_s)
    for position in await ring.comes_to([lots], "Bought"):
        await stage.hand().close(ring.login, position)
    await ring.comes_to([], "Closed")
    await ring.counts(opening=lots, closing=lots)


async def _listening(stage: Stage) -> None:
    """A moment for the stream to be there: what was before it is not its to tell."""
    await asyncio.sleep(min(1.0, stage.plan.push_s))
    if stage.hearing.error is not None:
        raise stage.hearing.error


async def _told(stage: Stage, what: Told, login: int, since: int, title: str) -> None:
    async def told() -> bool:
        return stage.hearing.told(what, login, since)

    await stage.until(told, f"{title} was not told.", stage.plan.push_s)


ALL = (money, trade, carried, broken, counted)
