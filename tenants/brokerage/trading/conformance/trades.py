"""Cases of trading: positions, deals, and lots that count once whatever was done to them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.lots import closed, opened
from brokerage.trading.conformance.stage import Lacking, Stage, Unchecked
from brokerage.trading.connector import Deal, DealKind, Entry, Verb

_BUY, _SELL = DealKind.BUY, DealKind.SELL
_CENT: Final = Decimal("0.01")


class Ring:
    """One account on which a case trades: what is open, and the deals since it began."""

    def __init__(self, stage: Stage, login: int, before: frozenset[int]) -> None:
        self.stage = stage
        self.login = login
        self._before = before

    @classmethod
    async def enter(cls, stage: Stage, group: str = "") -> "Ring":
        """An account with money and nothing open."""
        stage.hand()
        if not stage.offers(Verb.GET_DEALS) and not stage.can.push:
            raise Lacking("The platform tells no deals.")
        stage.hearing.start()
        login = await stage.funded(group)
        ring = cls(stage, login, frozenset())
        stage.check(not await ring.open_now(), "Something is open already.")
        return cls(stage, login, frozenset(deal.deal for deal in await stage.deals(login)))

    async def deals(self) -> list[Deal]:
        told = await self.stage.deals(self.login)
        return [deal for deal in told if deal.kind.trade and deal.deal not in self._before]

    async def open_now(self) -> Mapping[int, Decimal]:
        """Open positions and their lots, sold ones below zero."""
        if self.stage.offers(Verb.GET_POSITIONS):
            return {
                one.position: one.lots if one.kind is _BUY else -one.lots
                for one in await self.stage.positions(self.login)
            }
        found: dict[int, Decimal] = {}
        for deal in await self.deals():
            sign = 1 if deal.kind is _BUY else -1
            found[deal.position] = found.get(deal.position, Decimal(0)) + sign * deal.lots
        return {position: lots for position, lots in found.items() if lots}

    async def trade(self, side: DealKind, lots: Decimal) -> None:
        await self.stage.hand().open(self.login, self.stage.plan.symbol, side, lots)

    async def comes_to(self, wanted: list[Decimal], what: str) -> Mapping[int, Decimal]:
        """Wait until these lots are open, in any order."""
        seen: dict[int, Decimal] = {}

        async def there() -> bool:
            seen.clear()
            seen.update(await self.open_now())
            return sorted(seen.values()) == sorted(wanted)

        await self.stage.until(there, f"{what}: {_words(wanted)} should be open.")
        return seen

    async def counts(self, *, opening: Decimal, closing: Decimal) -> list[Deal]:
        """Wait until the deals tell so many lots opened and closed, and no more afterwards."""
        stage, seen = self.stage, list[Deal]()

        async def there() -> bool:
            seen[:] = await self.deals()
            return (opened(seen), closed(seen)) == (opening, closing)

        await stage.until(
            there, f"The deals should tell {opening} lots opened and {closing} closed."
        )
        stage.check(len({deal.deal for deal in seen}) == len(seen), "A deal is told twice.")
        for deal in seen:
            stage.check(deal.login == self.login, f"Deal {deal.deal} is of another login.")
            stage.check(deal.symbol == stage.plan.symbol, f"Its symbol is {deal.symbol}.")
            stage.check(deal.price > 0, f"Its price is {deal.price}.")
            stage.check(deal.contract_size > 0, "Its contract size is not told.")
            stage.check(deal.position, "Its position is not told.")
            if deal.entry in {Entry.OUT, Entry.OUT_BY}:
                stage.check(deal.lots == deal.lots_closed, "It closes other lots than it has.")
        return seen

    async def pays(self, before: Decimal) -> None:
        """The balance moved by exactly what the deals say."""
        if not self.stage.offers(Verb.GET_ACCOUNT):
            return
        told = sum(
            (deal.profit + deal.swap + deal.commission for deal in await self.deals()), Decimal(0)
        )
        now = (await self.stage.read(self.login)).balance
        self.stage.check(
            abs(now - before - told) < _CENT, f"The deals say {told}, the balance {now - before}."
        )

    async def balance(self) -> Decimal:
        offered = self.stage.offers(Verb.GET_ACCOUNT)
        return (await self.stage.read(self.login)).balance if offered else Decimal(0)


@case("trade-whole", "A trade opened and closed is two deals, and the balance moves by them")
async def whole(stage: Stage) -> None:
    ring, lots = await Ring.enter(stage), stage.plan.lots
    before = await ring.balance()
    await ring.trade(_BUY, lots)
    (position,) = await ring.comes_to([lots], "Bought")
    if stage.offers(Verb.GET_POSITIONS):
        (one,) = await stage.positions(ring.login)
        stage.check(one.symbol == stage.plan.symbol, f"The position's symbol is {one.symbol}.")
        stage.check(one.price_open > 0, f"It was opened at {one.price_open}.")
        stage.check(one.contract_size > 0, "Its contract size is not told.")
    await stage.hand().close(ring.login, position)
    await ring.comes_to([], "Closed")
    deals = await ring.counts(opening=lots, closing=lots)
    stage.check([deal.kind for deal in deals] == [_BUY, _SELL], "A buy and then a sell it is not.")
    stage.check(
        len({deal.position for deal in deals}) == 1, "Both deals should name the same position."
    )
    await ring.pays(before)


@case("trade-partial", "A position closed in parts counts its lots once")
async def partial(stage: Stage) -> None:
    ring, lots = await Ring.enter(stage), stage.plan.lots
    part = (lots / 5).quantize(_CENT)
    before = await ring.balance()
    await ring.trade(_SELL, lots)
    (position,) = await ring.comes_to([-lots], "Sold")
    await ring.counts(opening=lots, closing=Decimal(0))
    await stage.hand().close(ring.login, position, part)
    (rest,) = await ring.comes_to([part - lots], "A fifth closed")
    await ring.counts(opening=lots, closing=part)
    await stage.hand().close(ring.login, rest)
    await ring.comes_to([], "The rest closed")
    await ring.counts(opening=lots, closing=lots)
    await ring.pays(before)


@case("trade-hedged", "Bought and sold at once are two positions where the account hedges")
async def hedged(stage: Stage) -> None:
    ring, lots = await Ring.enter(stage), stage.plan.lots
    before = await ring.balance()
    await ring.trade(_BUY, lots)
    await ring.trade(_SELL, lots)
    for position in await ring.comes_to([lots, -lots], "Hedged"):
        await stage.hand().close(ring.login, position)
    await ring.comes_to([], "Both closed")
    await ring.counts(opening=lots * 2, closing=lots * 2)
    await ring.pays(before)


@case("trade-close-by", "Two opposite positions closed against each other count each once")
async def close_by(stage: Stage) -> None:
    if not stage.hand().closes_by:
        raise Lacking("The platform does not close positions against each other.")
    ring, lots = await Ring.enter(stage), stage.plan.lots
    before = await ring.balance()
    await ring.trade(_BUY, lots * 2)
    await ring.trade(_SELL, lots)
    held = await ring.comes_to([lots * 2, -lots], "Hedged")
    first, second = sorted(held, key=lambda one: held[one], reverse=True)
    await stage.hand().close_by(ring.login, first, second)
    (rest,) = await ring.comes_to([lots], "Closed by each other")
    await ring.counts(opening=lots * 3, closing=lots * 2)
    await stage.hand().close(ring.login, rest)
    await ring.comes_to([], "The rest closed")
    await ring.counts(opening=lots * 3, closing=lots * 3)
    await ring.pays(before)


@case("trade-netted", "Trades of a symbol merge into one position where the account nets")
async def netted(stage: Stage) -> None:
    ring, lots = await _netting(stage), stage.plan.lots
    before = await ring.balance()
    await ring.trade(_BUY, lots)
    await ring.trade(_BUY, lots)
    await ring.comes_to([lots * 2], "Bought twice")
    await ring.trade(_SELL, lots)
    (rest,) = await ring.comes_to([lots], "Half sold")
    await ring.counts(opening=lots * 2, closing=lots)
    await stage.hand().close(ring.login, rest)
    await ring.comes_to([], "Closed")
    await ring.counts(opening=lots * 2, closing=lots * 2)
    await ring.pays(before)


@case("trade-reversed", "A reversal closes what was and opens the rest, each counted once")
async def reversed_(stage: Stage) -> None:
    ring, lots = await _netting(stage), stage.plan.lots
    before = await ring.balance()
    await ring.trade(_BUY, lots)
    await ring.trade(_SELL, lots * 3)
    (turned,) = await ring.comes_to([lots * -2], "Turned")
    await ring.counts(opening=lots * 3, closing=lots)
    await stage.hand().close(ring.login, turned)
    await ring.comes_to([], "Closed")
    await ring.counts(opening=lots * 3, closing=lots * 3)
    await ring.pays(before)


async def _netting(stage: Stage) -> Ring:
    if not stage.plan.netting_group:
        raise Unchecked("No group whose accounts net was given.")
    return await Ring.enter(stage, stage.plan.netting_group)


def _words(lots: list[Decimal]) -> str:
    return ", ".join(str(one) for one in lots) or "nothing"


ALL = (whole, partial, hedged, close_by, netted, reversed_)
