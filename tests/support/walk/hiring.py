"""The owner's people: roles, invitations, and each of them at a desk of their own."""

import re
from typing import Any

from support.walk import entering
from support.walk.broker import Api, Broker
from support.walk.connecting import alpha_first, section, section_text
from support.walk.entering import Login
from support.walk.hand import Hand

AT_CHROMIUM = {"officer", "head"}
TEAM = (
    ("finance", "Fiona Finance", "Finance"),
    ("head", "Hugo Head", "Head of finance"),
    ("officer", "Carla Officer", "Compliance"),
    ("support", "Sam Support", "Support"),
)


async def role_ids(hand: Hand) -> dict[str, str]:
    """The roles one may give, as the page of invitations offers them."""
    rows = re.findall(
        r'name="roles" value="([^"]+)"[^>]*><i[^>]*></i><span>([^<]+)<', await hand.html()
    )
    return {name.strip(): one for one, name in rows}


async def hire(broker: Broker) -> None:
    """Four people, each invited with a role; every one follows the letter."""
    for who, name, role in TEAM:
        await broker.owner.open("/desk/settings/staff/invite")
        known = await role_ids(broker.owner)
        email = broker.email(who)
        await broker.owner.submit(
            "/desk/settings/staff/invite", email=email, name=name, roles=[known[role]]
        )
        link = await broker.post.link(email, "/desk/invitation/")
        hand = await broker.visitor() if who in AT_CHROMIUM else broker.without_scripts()
        login = Login(email)
        await hand.open(link)
        await hand.sees(role)
        await entering.accept(hand, link, login, name)
        broker.desks[who], broker.logins[who] = hand, login


async def without_waiting(broker: Broker) -> None:
    """Who takes a payment, and what a withdrawal asks, are a change for two: the owner asks, the
    head agrees. Cards go to alpha first; a walk has no day to wait until a new bank account or a
    new colleague counts.
    """
    why = "Alpha is cheaper, and our bank confirms accounts on the telephone"
    await section(broker.owner, "payments", _at_once, why, waits=True)
    change = (await broker.owner.found(r"/desk/settings/changes/([0-9a-f-]{36})"))[0]
    path = f"/desk/settings/changes/{change}"
    await broker.owner.open(path)
    assert f'action="{path}/agree"' not in await broker.owner.html()
    head = broker.desks["head"]
    await head.open(path)
    await head.sees(why)
    await head.submit(f"{path}/agree")
    assert "new_destination_wait_h = 0" in await section_text(broker.owner, "payments")


def _at_once(told: dict[str, Any]) -> None:
    alpha_first(told)
    told["withdrawals"]["new_destination_wait_h"] = 0
    told["withdrawals"]["approver_since_h"] = 0


async def make_key(broker: Broker, name: str = "Warehouse") -> Api:
    """A key for the broker's own systems, with every scope there is."""
    hand = broker.owner
    await hand.open("/desk/settings/api")
    scopes = await hand.found(r'name="scopes" value="([^"]+)"')
    await hand.submit("/desk/settings/api", name=name, days="30", scopes=scopes)
    key, secret = [one for one in await hand.found(r'data-copy="([^"]+)"') if "://" not in one][:2]
    return await Api.open(broker.base, key, secret)
