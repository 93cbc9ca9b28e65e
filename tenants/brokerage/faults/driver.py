"""The traffic: clients and staff over HTTP, payers at the providers, and those who mean harm."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import httpx2
from sqlalchemy import select

from brokerage.demo.world import World
from brokerage.faults import callbacks, trades
from brokerage.faults.cast import Broker, Customer, renewed
from brokerage.faults.record import OK, REFUSED, UNKNOWN, Operation, Record
from brokerage.faults.seats import Seat
from brokerage.ledger.fx import FxQuote
from brokerage.payments.withdrawing.model import Withdrawal, WithdrawalState
from stoa.kernel.config import Config
from stoa.kernel.refusals import Uncertain
from stoa.web.errors import AWAY as DATABASE_AWAY

AWAY: Final = (*DATABASE_AWAY, Uncertain)
STAKE: Final = Decimal(250)
CARD: Final = "4242424242424242"
DECLINED: Final = "4000000000000002"
KINDS: Final = {
    "deposit": 26,
    "to-account": 14,
    "to-wallet": 10,
    "exchange": 10,
    "transfer": 12,
    "withdraw": 14,
    "approve": 6,
    "cancel": 3,
    "callback": 5,
    "trade": 8,
}
_UNTIL_S: Final = 90.0
_MOST_PAUSE_S: Final = 2.0


class Driver:
    """Sends operation after operation; the same seed draws the same wishes."""

    def __init__(
        self, world: World, config: Config, brokers: list[Broker], record: Record, seed: int
    ) -> None:
        self.world = world
        self.config = config
        self.brokers = brokers
        self.record = record
        self.seed = seed
        self.sent: list[Operation] = []

    async def funding(self) -> None:
        """Everybody pays in first, while nothing is broken yet."""
        for index, client, chance in self._everybody(-1):
            await self._deposit(index, client, chance, Decimal(900), honest=True)

    async def staking(self) -> None:
        """Then everybody gives some of it to their trading account, so that all may trade."""
        for index, client, chance in self._everybody(-1_000_000):
            await self._move(index, client, chance, "to-account", STAKE)

    def _everybody(self, first: int) -> Iterator[tuple[int, Customer, random.Random]]:
        """All clients, each with a number of a wish before those of the storm, and its chance."""
        for number, broker in enumerate(self.brokers):
            for at, client in enumerate(broker.clients):
                index = first - number * 1000 - at
                yield index, client, random.Random(f"{self.seed}:{index}")  # noqa: S311 - seeded on purpose

    async def one(self, index: int) -> None:
        """The wish with this number, to its end; what the driver itself cannot read is left out."""
        try:
            await self._one(index)
        except AWAY as why:
            self.record.answers["driver away"] += 1
            self.record.event(f"{index} left out: {type(why).__name__}")

    async def _one(self, index: int) -> None:
        chance = random.Random(f"{self.seed}:{index}")  # noqa: S311 - seeded on purpose
        broker = chance.choice(self.brokers)
        client = chance.choice(broker.clients)
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        amount = Decimal(chance.randint(100, 4000)) / 100
        match kind:
            case "deposit":
                await self._deposit(index, client, chance, amount + 20)
            case "to-account" | "to-wallet":
                await self._move(index, client, chance, kind, amount)
            case "exchange":
                await self._exchange(index, client, chance, amount)
            case "transfer":
                other = chance.choice([one for one in broker.clients if one is not client])
                await self._transfer(index, client, other, chance, amount)
            case "withdraw":
                amount = amount * chance.choice([1, 1, 8]) + 20
                way = chance.choice(["card", "bank"])
                await self.withdraw(index, client, chance, amount, way)
            case "approve":
                await self._approve(broker, chance)
            case "cancel":
                await self._cancel(chance)
            case "trade":
                await trades.in_and_out(self.world, broker, client.account, chance, self.lever)
            case _:
                await callbacks.told_again(self.world, broker, chance, self.lever, self.record)

    def _made(
        self, index: int, kind: str, who: Customer, chance: random.Random, amount: Decimal
    ) -> Operation:
        key = UUID(int=chance.getrandbits(128), version=4)
        made = Operation(index, kind, who, key, amount, who.base)
        self.record.add(made)
        return made

    async def _say(
        self, made: Operation, path: str, data: dict[str, str]
    ) -> httpx2.Response | None:
        """Send it until it is answered; the same key each time, as a person's browser would."""
        ends, pause = time.monotonic() + _UNTIL_S, 0.1
        while True:
            answer = await self.post(made.who.seat, path, data)
            if answer is not None and answer.status_code == 401:
                with suppress(*AWAY):
                    await renewed(self.world, self.config, made.who)
            elif answer is not None and answer.status_code < 500:
                good = answer.status_code < 400
                made.said = _code(answer)
                # Asked again after a lost answer: that it was done before is the answer.
                done = good or (made.ever_unknown and made.said.endswith(" quote-used"))
                made.outcome = OK if done else REFUSED
                self.record.ended(made)
                return answer if good else None
            else:
                made.ever_unknown = True
            if time.monotonic() > ends:
                made.outcome = UNKNOWN
                self.record.ended(made)
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, _MOST_PAUSE_S)

    async def post(self, seat: Seat, path: str, data: dict[str, str]) -> httpx2.Response | None:
        """One request; None when the line broke."""
        try:
            answer = await seat.http.post(
                path,
                data=data,
                headers={"hx-request": "true", "accept": "application/problem+json"},
            )
        except httpx2.HTTPError:
            self.record.answers["none"] += 1
            return None
        self.record.answers[str(answer.status_code)] += 1
        if answer.status_code == 500:
            self.record.breach("I4", "", path, f"answered 500: {answer.text[:200]}")
        return answer

    async def _deposit(
        self,
        index: int,
        who: Customer,
        chance: random.Random,
        amount: Decimal,
        *,
        honest: bool = False,
    ) -> None:
        made = self._made(index, "deposit", who, chance, amount)
        coins = not honest and chance.random() < 0.15
        answer = await self._say(
            made,
            "/deposit",
            {
                "method": "crypto" if coins else "card",
                "currency": who.base,
                "amount": str(amount),
                "key": str(made.key),
            },
        )
        fate = "pays" if honest else chance.choices(["pays", "declined", "leaves"], [8, 1, 1])[0]
        page = answer.headers.get("hx-redirect", "") if answer is not None else ""
        if not page.startswith("http") or fate == "leaves":
            return
        card = CARD if fate == "pays" else DECLINED
        psp, given = _place(page, card)
        if coins and psp == "beta":
            # Too little or too much: nobody's order, so that it waits for a person.
            sent = {"coin": "usdt-tron", "paid": chance.choice(["under", "over"])}
            given = {"payment_id": given["payment_id"], **sent}
        await self.lever(psp, "/_sandbox/pay", given)

    async def _move(
        self, index: int, who: Customer, chance: random.Random, kind: str, amount: Decimal
    ) -> None:
        made = self._made(index, kind, who, chance, amount)
        await self._say(
            made,
            f"/accounts/{who.account}/transfer",
            {"amount": str(amount), "direction": kind, "key": str(made.key)},
        )
        self.sent.append(made)

    async def _exchange(
        self, index: int, who: Customer, chance: random.Random, amount: Decimal
    ) -> None:
        asked = await self.post(
            who.seat,
            "/money/exchange",
            {"sell": who.base, "buy": who.other, "amount": str(amount)},
        )
        if asked is None or asked.status_code >= 400:
            return
        quote = UUID(asked.headers.get("hx-redirect", "").rpartition("/")[2])
        async with self.world.work(who.tenant) as work:
            row = await work.get(FxQuote, quote)
        made = self._made(index, "exchange", who, chance, row.sell_amount)
        made.key, made.buy = quote, (row.buy_amount, row.buy_currency)
        await self._say(made, f"/money/exchange/{quote}", {})

    async def _transfer(
        self,
        index: int,
        who: Customer,
        other: Customer,
        chance: random.Random,
        amount: Decimal,
    ) -> None:
        made = self._made(index, "transfer", who, chance, amount)
        made.to = other
        await self._say(
            made,
            "/money/transfer",
            {
                "currency": who.base,
                "to": other.number,
                "amount": str(amount),
                "_once": str(made.key),
            },
        )

    async def withdraw(
        self, index: int, who: Customer, chance: random.Random, amount: Decimal, way: str
    ) -> UUID | None:
        """Ask for money by `card` or `bank`; the withdrawal's id when it was taken on."""
        made = self._made(index, "withdraw", who, chance, amount)
        wish = {
            "method": way,
            "currency": who.base,
            "amount": str(amount),
            "key": str(made.key),
        }
        if way == "bank":
            wish["destination"] = str(who.destination)
        if await self._say(made, "/withdraw", wish) is None:
            return None
        self.sent.append(made)
        return made.key

    async def _approve(self, broker: Broker, chance: random.Random) -> None:
        """Both who may decide look at the oldest few that wait."""
        async with self.world.work(broker.tenant) as work:
            rows = await work.table(
                select(Withdrawal.id, Withdrawal.payload_hash)
                .where(Withdrawal.state == WithdrawalState.REVIEW)
                .order_by(Withdrawal.id)
                .limit(5)
            )
        for row in rows:
            for short in ("finance", "head"):
                path = f"/desk/withdrawals/{row.id}/approve"
                await self.post(broker.staff[short], path, {"payload": row.payload_hash})
            if chance.random() < 0.1:
                path = f"/desk/withdrawals/{row.id}/reject"
                await self.post(broker.staff["head"], path, {"reason": "a test of the nerves"})

    async def _cancel(self, chance: random.Random) -> None:
        if not self.sent:
            return
        made = chance.choice(self.sent[-20:])
        where = "withdrawals" if made.kind == "withdraw" else "transfers"
        await self.post(made.who.seat, f"/{where}/{made.key}/cancel", {})

    async def trade_once(self) -> None:
        """A trade at each sub-broker, for certain, before the server tells everything in time."""
        for number, broker in enumerate(self.brokers):
            chance = random.Random(f"{self.seed}:trade:{number}")  # noqa: S311 - seeded on purpose
            for who in broker.clients:
                if await trades.in_and_out(self.world, broker, who.account, chance, self.lever):
                    break
            else:
                self.record.breach("I7", broker.tenant.slug, "trade", "nobody could trade")

    async def lever(
        self, service: str, path: str, body: Any = None, *, method: str = "POST"
    ) -> Any:
        """Pull a lever outside; a stand-in that is busy failing answers nothing."""
        try:
            return await self.world.lever(service, path, body, method=method)
        except httpx2.HTTPError:
            return None


def _place(page: str, card: str) -> tuple[str, dict[str, str]]:
    """Whose page it is, and what a payer sends there."""
    key = page.split("?", maxsplit=1)[0].rstrip("/").rpartition("/")[2]
    if "/payment_link/" in page:
        return "beta", {"payment_id": key, "card": card}
    return "alpha", {"session": key, "card": card}


def _code(answer: httpx2.Response) -> str:
    if answer.status_code < 400:
        return str(answer.status_code)
    try:
        return f"{answer.status_code} {answer.json().get('code', '')}"
    except ValueError:
        return str(answer.status_code)
