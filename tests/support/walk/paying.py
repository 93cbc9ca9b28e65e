"""Money in and onto a trading account, at the pages of the product and of the providers."""

import asyncio
import time
from decimal import Decimal
from typing import Any

from support.patience import LONGEST_S
from support.walk.broker import Broker
from support.walk.connecting import lever
from support.walk.joining import Client

CARD = {"number": "4242424242424242", "expiry": "12/34", "cvc": "123", "name": "Maria Ortega"}


async def fault(broker: Broker, service: str, kind: str, **how: Any) -> None:
    """A provider misbehaves towards this broker, and towards nobody else."""
    told = {"count": 1, "merchant": broker.merchants[service], **how}
    await lever(broker, service, "/_sandbox/faults", {kind: told})


async def pay_in(broker: Broker, client: Client, amount: str) -> str:
    """By card: the amount here, the card at the provider's page, and back. Answers the deposit."""
    hand = client.at
    await hand.open("/deposit")
    await hand.submit("/deposit", method="card", amount=amount, currency=broker.currency)
    forms = await hand.found(r'<form method="post" action="(/[^"]+)" id="card"')
    assert forms, f"not at a provider's page: {hand.path}"
    await hand.submit(forms[0], **CARD)
    assert hand.path.startswith("/deposit/"), hand.path
    return hand.path.removeprefix("/deposit/").split("?")[0]


async def credited(client: Client, deposit: str) -> None:
    await client.at.until(f"/deposit/{deposit}", "The money is in your wallet")


async def wallet(broker: Broker, client: Client) -> tuple[Decimal, Decimal]:
    """Available and held, by the REST API."""
    rows = await broker.api.get(f"/clients/{client.id}/wallets")
    rows = rows["items"] if isinstance(rows, dict) else rows
    mine = [row for row in rows if row["currency"] == broker.currency]
    if not mine:
        return Decimal(0), Decimal(0)
    return Decimal(mine[0]["available"]), Decimal(mine[0]["held"])


async def live_account(broker: Broker, client: Client, within_s: float = LONGEST_S) -> None:
    """The live account that opens by itself: its id and its login, by the REST API."""
    ends = time.monotonic() + within_s
    while True:
        told = await broker.api.get("/trading-accounts", client=client.id, kind="live")
        ready = [one for one in told["items"] if one["state"] == "active"]
        if ready:
            client.live, client.login = ready[0]["id"], ready[0]["login"]
            return
        assert time.monotonic() < ends, f"no live account: {told}"
        await asyncio.sleep(0.3)


async def to_account(client: Client, amount: str) -> None:
    hand = client.at
    await hand.open(f"/accounts/{client.live}")
    await hand.submit(f"/accounts/{client.live}/transfer", direction="to-account", amount=amount)


async def transferred(
    broker: Broker, client: Client, count: int, within_s: float = LONGEST_S
) -> Any:
    """Wait until all of so many transfers have ended; they are answered."""
    ends = time.monotonic() + within_s
    while True:
        told = (await broker.api.get("/transfers", account=client.live))["items"]
        if len(told) == count and all(one["state"] in {"done", "refused"} for one in told):
            return told
        assert time.monotonic() < ends, told
        await asyncio.sleep(0.3)


async def trade(
    broker: Broker, client: Client, lots: str, *, hold_s: float = 0, symbol: str = "EURUSD"
) -> None:
    """Buy and close at the trading server itself, as at a terminal."""
    root = f"/dealer/{client.login}"
    told = await lever(
        broker,
        "trading-http",
        f"{root}/order",
        {"symbol": symbol, "side": "buy", "lots": lots},
    )
    if hold_s:
        await asyncio.sleep(hold_s)
    opened = told["Deals"][0]["PositionID"]
    await lever(broker, "trading-http", f"{root}/close", {"position": int(opened)})


async def at_server(broker: Broker, login: int) -> dict[str, Any]:
    """What the server's own journal says of an account."""
    return await lever(broker, "trading-http", f"/truth/{login}", method="GET")
