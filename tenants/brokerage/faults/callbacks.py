"""Callbacks that tell nothing new: old ones again, and one that nobody signed."""

import json
import random

import httpx2

from brokerage.demo.world import World
from brokerage.faults.cast import Broker
from brokerage.faults.record import Record
from brokerage.faults.trades import Lever
from brokerage.payments import callbacks


async def told_again(
    world: World, broker: Broker, chance: random.Random, lever: Lever, record: Record
) -> None:
    """Have a provider repeat one, and send one in its name; a breach where that is taken."""
    psp = chance.choice(["alpha", "beta"])
    told = await lever(psp, "/_sandbox/webhooks", method="GET")
    known = [one for one in (told or {}).get("deliveries", []) if one.get("event")]
    if known:
        event = chance.choice(known)["event"]
        await lever(psp, "/_sandbox/webhooks/resend", {"event": event})
    async with world.work(broker.tenant) as work:
        path = callbacks.path(work, psp)
    forged = json.dumps({"id": f"evt_{chance.getrandbits(60)}", "type": "payout.paid"})
    at = f"http://127.0.0.1:{world.config.port}"
    async with httpx2.AsyncClient(base_url=at, trust_env=False, timeout=20) as http:
        try:
            answer = await http.post(
                path,
                content=forged,
                headers={"host": f"{broker.tenant.host}:{world.config.port}"},
            )
        except httpx2.HTTPError:
            return
    if answer.status_code < 400:
        record.breach("I5", broker.tenant.slug, psp, "a forged callback was taken")
