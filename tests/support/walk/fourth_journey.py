"""J4 on one broker: a tree of three levels, its rewards, and the payout into a wallet."""

import asyncio
import time
from decimal import Decimal
from typing import Any

from support.patience import LONGEST_S
from support.walk import joining, partnering, paying
from support.walk.broker import Broker
from support.walk.joining import Client
from support.walk.second_journey import Customers

LONG, SHORT = 3, 1
LOT = Decimal("0.1")
EACH = {"third": Decimal(5), "sub": Decimal(1), "master": Decimal(2)}
"""What each level keeps of 8 a lot: the third 5, the sub 6 less 5, the master 8 less 6."""


async def walk(broker: Broker, customers: Customers) -> None:
    master, trader = customers.partner, customers.client
    sub = await below(broker, master, "Sara", rate="6.00")
    third = await below(broker, sub, "Theo", rate="5.00")
    await rates_are_bounded(broker, sub)
    await given_to(broker, trader, third)
    earned = await month(broker, trader, {"master": master, "sub": sub, "third": third})
    await seen_by_each(broker, master, sub, third, trader)
    await paid_out(broker, sub, earned["sub"])


async def below(broker: Broker, above: Client, first: str, *, rate: str) -> Client:
    """Somebody who came by a partner's link becomes a partner under them, at a lower rate."""
    made = Client(first, "Partner", f"{first.lower()}.{above.email}")
    made.hand = broker.without_scripts()
    code = await partnering.code_of(broker, above)
    await joining.register(broker, made, link=f"/r/{code}")
    await partnering.enrol(broker, made, rate=rate, under=code)
    told = await broker.api.get(f"/partners/{made.id}")
    assert (told["parent"], told["plan"]) == (above.id, "gold")
    return made


async def rates_are_bounded(broker: Broker, sub: Client) -> None:
    """Nobody is promised more than who stands above them has."""
    greedy = Client("Greta", "Greedy", f"greta.{sub.email}", hand=broker.without_scripts())
    await joining.register(broker, greedy)
    code = await partnering.code_of(broker, sub)
    path = f"/desk/clients/{greedy.id}/partner"
    await broker.owner.open(path)
    told = await broker.owner.refused(path, plan="gold", rate="7.00", under=code)
    assert "cannot exceed 6.00" in told, told


async def given_to(broker: Broker, client: Client, partner: Client) -> None:
    """From now on the client is the partner's; what was earned before stays where it is."""
    code = await partnering.code_of(broker, partner)
    path = f"/desk/clients/{client.id}/attribution"
    await broker.owner.open(f"{path}?code={code}")
    await broker.owner.sees("What the last 30 days would have come to")
    await broker.owner.submit(path, reason="Theo brought them in person")
    assert (await broker.api.get(f"/clients/{client.id}"))["partner"] == partner.id


async def month(broker: Broker, trader: Client, partners: dict[str, Client]) -> dict[str, Decimal]:
    """Deals long and short; the worker dies on the way; each level gets its difference, once."""
    before = {who: await partnering.rewards(broker, one) for who, one in partners.items()}
    for at in range(LONG):
        if at == LONG - 1:
            broker.installation.kill("worker")
        await paying.trade(broker, trader, str(LOT), hold_s=partnering.HELD_S + 1)
    for _ in range(SHORT):
        await paying.trade(broker, trader, str(LOT))
    ends = time.monotonic() + LONGEST_S
    while True:
        rows = {who: await partnering.rewards(broker, one) for who, one in partners.items()}
        fresh = {who: new(rows[who], before[who]) for who in rows}
        if all(len(one) == LONG + SHORT for one in fresh.values()):
            break
        assert time.monotonic() < ends, {who: len(one) for who, one in fresh.items()}
        await asyncio.sleep(0.5)
    for who, mine in fresh.items():
        paid = [Decimal(row["amount"]) for row in mine if row["excluded"] is None]
        assert paid == [EACH[who] * LOT] * LONG, (who, mine)
        short = [row for row in mine if row["excluded"] is not None]
        assert [Decimal(row["amount"]) for row in short] == [Decimal(0)] * SHORT
        assert all("the plan asks" in row["excluded"] for row in short)
    return {who: sum(Decimal(row["amount"]) for row in mine) for who, mine in fresh.items()}


def new(rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {row["id"] for row in before}
    return [row for row in rows if row["id"] not in known]


async def seen_by_each(
    broker: Broker, master: Client, sub: Client, third: Client, trader: Client
) -> None:
    """A portal shows its own tree alone, clients masked; its sums are the back office's."""
    codes = {one.id: await partnering.code_of(broker, one) for one in (master, sub, third)}
    await master.at.open("/partner/tree")
    await master.at.sees(codes[sub.id], codes[third.id])
    for page in ("", "/tree", "/links", "/payouts"):
        await third.at.open(f"/partner{page}")
        await third.at.lacks(codes[master.id], codes[sub.id])
    for one in (master, sub, third):
        await one.at.open("/partner/clients")
        await one.at.lacks(trader.last, trader.email)
        own = await partnering.rewards(broker, one)
        total = sum(Decimal(row["amount"]) for row in own)
        assert await partnering.checked_by_themselves(one) == total
        assert await partnering.checked_by_themselves(one) == total
    [foreign] = (await partnering.rewards(broker, sub))[:1]
    status, _ = await third.at.fetch(f"/partner/rewards/{foreign['id']}")
    assert status == 404
    own = (await partnering.rewards(broker, third))[0]
    await third.at.open(f"/partner/rewards/{own['id']}")
    await third.at.sees(f"deal #{own['deal']}")


async def agreed(broker: Broker, payout: str) -> None:
    """They share a telephone with who stands below them: another person looks, and says why not."""
    path = f"/desk/partners/payouts/{payout}"
    maker, head = broker.desks["finance"], broker.desks["head"]
    await maker.open(path)
    await maker.sees("Signs of fraud", "The same telephone")
    assert f'action="{path}/approve"' not in await maker.html()
    await head.open(path)
    await head.submit(f"{path}/approve", note="Father and son, both known to us")
    await head.open(path)
    await head.sees("Paid")


async def paid_out(broker: Broker, partner: Client, earned: Decimal) -> None:
    """Finance pays what has gathered into the partner's wallet, once; the rest is carried."""
    hand = broker.desks["finance"]
    path = f"/desk/partners/{partner.id}"
    await hand.open(path)
    await hand.submit(f"{path}/pay")
    await hand.sees("Waits for a second person")
    payout = await hand.one(r"/desk/partners/payouts/([0-9a-f-]{36})")
    await agreed(broker, payout)
    rows = await broker.api.get(f"/clients/{partner.id}/wallets")
    rows = rows["items"] if isinstance(rows, dict) else rows
    assert [Decimal(row["available"]) for row in rows if row["currency"] == "USD"] == [earned]
    await hand.open(path)
    await hand.submit(f"{path}/pay")
    await hand.sees("Below the minimum")
    await partner.at.open("/partner")
    await partner.at.sees(f"{earned:.2f}")
