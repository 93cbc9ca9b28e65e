"""Money out: the client asks, the checks run, two people agree, the provider pays or is silent."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import urlencode

from support.patience import LONGEST_S
from support.walk import entering
from support.walk.broker import Broker
from support.walk.entering import PASSWORD
from support.walk.hand import Hand
from support.walk.joining import Client

IBAN = "ES9121000418450200051332"


async def second_factor(client: Client) -> None:
    """A client sets up an app, as withdrawals ask; from now on each sign-in wants a code."""
    hand = client.at
    await hand.open("/second-factor/change")
    secret = await hand.one(r'data-copy="([A-Z2-7 ]{32,})"')
    client.app.secret = secret.replace(" ", "")
    fields: dict[str, Any] = {"code": await client.app.code()}
    if 'name="password"' in await hand.html():
        fields["password"] = PASSWORD
    await hand.submit("/second-factor/set-up", **fields)
    if "codes" in hand.path:
        await hand.submit("/second-factor/kept")


async def proven(client: Client, path: str) -> None:
    """Open a page that wants a fresh second factor, and show it when asked."""
    hand = client.at
    await hand.open(path)
    if "/second-factor" in hand.path:
        await hand.submit("/second-factor", code=await client.app.code())
        await hand.open(path)


async def add_bank(client: Client) -> str:
    """A bank account to be paid to; answers how the withdrawal form names it."""
    await proven(client, "/withdraw/destinations")
    await client.at.submit(
        "/withdraw/destinations",
        holder=f"{client.first} {client.last}",
        iban=IBAN,
        bic="CAIXESBBXXX",
        bank_name="CaixaBank",
    )
    await client.at.open("/withdraw")
    return await client.at.one(r'name="to" value="(bank:[^"]+)"')


async def preview(broker: Broker, client: Client, amount: str, to: str) -> str:
    """What would happen, in the product's words."""
    asked = urlencode({"amount": amount, "currency": broker.currency, "to": to})
    await proven(client, f"/withdraw/review?{asked}")
    return await client.at.text()


async def ask(broker: Broker, client: Client, amount: str, to: str) -> str:
    """Preview and confirm; answers the withdrawal."""
    await preview(broker, client, amount, to)
    await client.at.submit("/withdraw")
    return re.sub(r"^/withdrawals/|\?.*$", "", client.at.path)


async def stands(broker: Broker, withdrawal: str, *states: str, within_s: float = LONGEST_S) -> Any:
    """Wait until the withdrawal stands there, by the REST API."""
    ends = time.monotonic() + within_s
    while True:
        told = await broker.api.get(f"/withdrawals/{withdrawal}")
        if told["state"] in states:
            return told
        assert time.monotonic() < ends, told
        await asyncio.sleep(0.3)


async def approve(broker: Broker, who: str, withdrawal: str) -> Hand:
    """One person looks at the withdrawal and presses Approve."""
    hand = broker.desks[who]
    await desk_open(broker, who, f"/desk/withdrawals/{withdrawal}")
    await hand.submit(f"/desk/withdrawals/{withdrawal}/approve")
    return hand


async def desk_open(broker: Broker, who: str, path: str) -> None:
    """Open a page at the desk; sign in again where the session has ended."""
    hand = broker.desks[who]
    await hand.open(path)
    if "sign-in" in hand.path:
        await entering.sign_in(hand, broker.logins[who])
        await hand.open(path)
