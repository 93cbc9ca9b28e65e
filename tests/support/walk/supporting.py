"""The operator inside a sub-broker, and a sub-broker that is paused."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from support.walk import joining
from support.walk.broker import Broker
from support.walk.hand import Hand
from support.walk.joining import Client

REASON = "The owner asked why letters are late"


async def enter_and_leave(begun: Any, world: Any) -> None:
    """Through the dialog at the control plane to the broker's desk and out again."""
    control, broker = begun.control, begun.nova
    tenant = await control.tenant(broker.slug)
    hand: Hand = control.hand
    await hand.open(f"/tenants/{tenant}")
    told = await hand.refused(f"/tenants/{tenant}/enter", reason="no", minutes="15")
    assert "Say why" in told
    await hand.open(f"/tenants/{tenant}")
    await hand.submit(f"/tenants/{tenant}/enter", reason=REASON, minutes="15")
    assert hand.path == "/desk", hand.path
    await hand.sees("Support session", "Nothing can be changed", broker.name)

    here = broker.base
    await hand.open(f"{here}/desk/clients")
    await hand.sees("Support session")
    await hand.open(f"{here}/desk/settings/sections/crm")
    assert "See what changes" not in await hand.text()
    await hand.open(f"{here}/desk/settings/sections/crm/text")
    assert "Put in force" not in await hand.text()
    leave = await hand.one(r'action="(/desk/support/leave)"')
    await hand.submit(leave)
    assert urlsplit(hand.base).netloc
    await hand.open(f"{here}/desk")
    assert "sign-in" in hand.path

    control_base = begun.nova.installation.url(begun.nova.installation.config.control_host, "")
    await hand.open(f"{control_base}/audit")
    await hand.sees(REASON)
    await hand.open(f"{control_base}/tenants/{tenant}")
    await hand.sees(REASON)


async def suspend_and_resume(begun: Any, broker: Broker) -> None:
    """New business stops with a plain sentence; people come in and money may be asked back."""
    control = begun.control
    tenant = await control.tenant(broker.slug)
    hand = control.hand
    await hand.open(f"/tenants/{tenant}")
    await hand.submit(f"/tenants/{tenant}/suspend", reason="Two invoices are unpaid")
    await hand.sees("Two invoices are unpaid")
    await _known_everywhere()
    try:
        visitor = await broker.visitor()
        await visitor.open("/register")
        told = await visitor.refused("/register/country", country="ES")
        assert "Nothing was changed" in told or "not" in told
        await broker.owner.open("/desk")
        await broker.owner.sees("Suspended: clients see balances")
        refused = await broker.api.post("/clients", "suspended-key", newcomer())
        assert refused.status_code in {409, 503}, refused.text
    finally:
        await hand.open(f"/tenants/{tenant}")
        await hand.submit(f"/tenants/{tenant}/resume", reason="Both invoices are paid")
    await _known_everywhere()
    made = Client("Lara", "Later", f"lara@{broker.slug}-client.example")
    await joining.register(broker, made)


async def _known_everywhere() -> None:
    """The web has several processes; each believes what it knows of a sub-broker for a
    second after it was read; the rest is for a reading that takes long."""
    await asyncio.sleep(3)


def newcomer() -> dict[str, str]:
    return {
        "email": "nobody@client.example",
        "first_name": "No",
        "last_name": "Body",
        "country": "ES",
    }
