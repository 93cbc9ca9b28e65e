"""Alpha killed again and again while money moves: what was answered stays, nothing is sent twice."""

import asyncio
from collections import Counter

import httpx2

from support.patience import until
from support.shops import AlphaShop
from support.standins import Listener, Standin

KILLS = 4
PAYOUTS = 120


async def test_payouts_retried_over_kills_are_sent_once_and_told(
    own: Standin, hooks: Listener
) -> None:
    shop = AlphaShop(own, hooks)
    await shop.open()
    await own.control("faults", error_500_after_apply=0.1, connection_reset_after_apply=0.1)
    answered: dict[str, str] = {}
    waiting = iter(range(PAYOUTS))

    async def work() -> None:
        for number in waiting:
            key = f"w-{number}"
            while key not in answered:
                try:
                    said = await shop.pay_out(once=key, **{"metadata[id]": key})
                except (httpx2.TransportError, RuntimeError, AssertionError):
                    await asyncio.sleep(0.05)  # it is being killed or coming back
                    continue
                if said.status_code == 200:
                    answered[key] = said.json()["id"]

    async def killing() -> None:
        for round_of in range(1, KILLS + 1):
            goal = PAYOUTS * round_of // (KILLS + 2)
            await until(lambda goal=goal: len(answered) >= goal)
            await own.kill_and_restart()

    await asyncio.gather(killing(), *(work() for _ in range(8)))

    truth = (await shop.truth())["payouts"]
    sent = Counter(row["metadata"]["id"] for row in truth)
    assert max(sent.values()) == 1
    assert {row["metadata"]["id"]: row["id"] for row in truth} == answered
    told: set[str] = set()

    def all_told() -> bool:
        told.update(event["data"]["object"]["id"] for event in hooks.documents)
        return told == set(answered.values())

    await until(all_told)
