"""J2 on one broker: from a partner's link to the first trade, the reward and the statement."""

import asyncio
import io
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pypdfium2 import PdfDocument

from support.walk import joining, partnering, paying
from support.walk.broker import Broker
from support.walk.connecting import lever
from support.walk.joining import Client

SAME = "boris@client.example"
"""One address at both brokers: two clients who know nothing of one another."""
REWARD_S = 180


@dataclass
class Customers:
    """Who the journey leaves behind: a partner, and their client with money on an account."""

    partner: Client
    client: Client
    deposit: str


async def walk(broker: Broker) -> Customers:
    await partnering.plan_gold(broker)
    partner = Client("Paula", "Partner", f"paula.{SAME}")
    await joining.register(broker, partner)
    link = await partnering.join(partner)

    client = Client(
        "Boris Igorevich",
        "Kazantsev",
        SAME,
        born="1971-05-12",
        language="es",
    )
    await joining.register(broker, client, link=link, careful=True)
    client.hand = await reading_english(client)
    await attributed(broker, client, partner)
    await joining.open_demo(client)
    await joining.verify(client, blurred=True)
    await joining.clear_hit(broker, client)
    await client.at.until("/verify", "You are verified")
    await paying.live_account(broker, client)

    deposit = await cascaded(broker, client)
    await moved_once(broker, client)
    await traded(broker, client, partner)
    await stated(client, broker)
    return Customers(partner, client, deposit)


async def reading_english(client: Client) -> Any:
    """The client is Spanish to the product; what these walks look for on pages is English."""
    assert client.hand is not None
    await client.hand.open("/look/language/en?next=/")
    return client.hand


async def attributed(broker: Broker, client: Client, partner: Client) -> None:
    """Staff see whose client it is, by which rule, and every touch."""
    told = await broker.api.get(f"/clients/{client.id}")
    assert told["partner"] == partner.id
    assert told["language"] == "es"
    code = await partnering.code_of(broker, partner)
    await broker.owner.open(f"/desk/clients/{client.id}/partner")
    await broker.owner.sees(f"Client of {code}", "first touch within 30 days")


async def cascaded(broker: Broker, client: Client) -> str:
    """Alpha declines for a technical reason, beta takes it; a hundred callbacks credit once."""
    await paying.fault(broker, "alpha", "decline_technical", count=1)
    await paying.fault(broker, "beta", "callback_duplicate", count=1, times=100)
    before = await paying.wallet(broker, client)
    deposit = await paying.pay_in(broker, client, "500")
    await paying.credited(client, deposit)

    told = await broker.api.get(f"/deposits/{deposit}")
    assert (told["state"], told["provider"]) == ("credited", "beta"), told
    hand = broker.desks["finance"]
    await hand.open(f"/desk/deposits/{deposit}")
    await hand.sees("alpha", "beta")
    await all_delivered(broker, "beta", 100)
    assert await paying.wallet(broker, client) == (before[0] + 500, before[1])
    return deposit


async def all_delivered(broker: Broker, psp: str, least: int) -> None:
    """Wait until the provider has tried so many callbacks and was answered each time."""
    ends = time.monotonic() + REWARD_S
    merchant = broker.merchants[psp]
    while True:
        rows = (await lever(broker, psp, f"/_sandbox/webhooks?merchant={merchant}", method="GET"))[
            "deliveries"
        ]
        copies = [one for one in rows if one["twist"] == "duplicate"]
        if len(copies) >= least and all(str(one["last"])[:1] == "2" for one in copies):
            return
        assert time.monotonic() < ends, rows[:2]
        await asyncio.sleep(0.5)


async def moved_once(broker: Broker, client: Client) -> None:
    """400 go to the account while the server's answer is lost; they arrive once."""
    await lever(
        broker, "trading-http", "/faults", {"balance_drop_after": {"chance": 1.0, "times": 1}}
    )
    await paying.to_account(client, "400")
    [told] = await paying.transferred(broker, client, 1)
    assert told["state"] == "done"
    assert await paying.wallet(broker, client) == (Decimal(100), Decimal(0))
    server = await paying.at_server(broker, client.login)
    assert [Decimal(one["amount"]) for one in server["operations"]] == [Decimal(400)]


async def traded(broker: Broker, client: Client, partner: Client) -> None:
    """A tenth of a lot of EURUSD: the deal is imported, the partner's reward follows and explains itself."""
    await paying.trade(broker, client, "0.1", hold_s=partnering.HELD_S + 1)
    ends = time.monotonic() + REWARD_S
    while not (rows := await partnering.rewards(broker, partner)):
        assert time.monotonic() < ends, "no reward came"
        await asyncio.sleep(0.3)
    [row] = rows
    assert (row["client"], row["symbol"], Decimal(row["lots"])) == (
        client.id,
        "EURUSD",
        Decimal("0.1"),
    )
    assert row["excluded"] is None
    assert Decimal(row["amount"]) == Decimal("0.8")
    told = await broker.api.get(f"/rewards/{row['id']}")
    assert told["agrees"] is True
    assert told["attributed_by"] == "first touch within 30 days"
    await partner.at.open(f"/partner/rewards/{row['id']}")
    await partner.at.sees(f"deal #{row['deal']}")
    await client.at.until(f"/accounts/{client.live}", f"{row['deal']}")


async def stated(client: Client, broker: Broker) -> None:
    """The statement is a PDF in the client's own language, with the broker's name alone."""
    await client.at.open("/statements")
    text = ""
    # As a rule one month; two where the walk began in one and ended in the next.
    for month in await client.at.found(r'href="/statements/(\d{4}-\d{2})"'):
        status, content = await client.at.fetch(f"/statements/{month}")
        assert status == 200
        pages = PdfDocument(io.BytesIO(content))
        text += " ".join(page.get_textpage().get_text_range() for page in pages)
    assert broker.name in text
    assert "500" in text and "400" in text
    assert "Depósito" in text, text[:800]
    assert "Stoa" not in text
