"""Calls to an affiliate's system: what they say, whom they never name, what is held, how they are signed."""

import base64
import hashlib
import hmac

import pytest
from sqlalchemy import select

from brokerage.clients.events import ClientRegistered
from brokerage.clients.model import Client
from brokerage.partners import postbacks
from brokerage.partners.model import Partner
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import attribution
from brokerage.payments.events import DepositCredited
from stoa.connectors.egress import Egress
from stoa.events.facts import Heard, hearing
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Invalid
from stoa.tenancy.actor import Actor, Kind
from stoa.webhooks import deliveries, endpoints
from stoa.webhooks.model import WebhookDelivery
from support.outside import Told, outside

from .builders import a_partner, a_person, later


async def affiliate(house, guild, url, *, always=False, click="abc/1&x"):
    """A partner with a postback, and somebody who came by their link."""
    async with house.door.open(guild, purpose="test") as work:
        partner, visitor = await a_partner(work), uuid7()
        code = (await work.get(Partner, partner)).code
        await attribution.touch(work, visitor, code=code, source="link", click=click)
        await work.flush()
        client = await a_person(work)
        later(work, minutes=1)
        await attribution.attribute(work, client, visitor)
        await work.flush()
        work.actor = Actor(Kind.CLIENT, id=partner, permissions=frozenset({str(Partners.OWN)}))
        _, secret = await postbacks.save(
            work, url=url, events=["registration", "first-deposit"], always=always
        )
    return partner, client, secret, house.door.opener(guild, purpose="test")


async def hear(open_work, fact, number=None):
    number = number or uuid7()
    async with open_work() as work:
        now = work.now
    hearing.set(Heard(number, now))
    if isinstance(fact, ClientRegistered):
        await postbacks.registered(open_work, fact)
    else:
        await postbacks.deposited(open_work, fact)
    return number


def signed_up(client):
    return ClientRegistered(client=client, country="ES", language="en", client_type="individual")


def paid_in(client, *, first=True):
    return DepositCredited(
        deposit=uuid7(), client=client, amount="500.00", currency="USD", first=first
    )


async def queued(open_work, partner):
    async with open_work() as work:
        to = await endpoints.of_owner(work, partner)
        assert to is not None
        return list(
            await work.rows(
                select(WebhookDelivery)
                .where(WebhookDelivery.endpoint == to.id)
                .order_by(WebhookDelivery.id)
            )
        )


async def test_a_call_carries_the_click_back_and_is_signed_and_names_nobody(house, guild):
    async with outside(lambda _: Told(raw=b"OK")) as world:
        url = f"{world.url}/cb?c={{click_id}}&e={{event}}&p={{player}}&k={{country}}"
        partner, client, secret, open_work = await affiliate(house, guild, url)
        number = await hear(open_work, signed_up(client))
        await hear(open_work, signed_up(client), number)
        await hear(open_work, paid_in(client))
        await hear(open_work, paid_in(client, first=False))
        egress = Egress(allowed=[world.place])
        assert await deliveries.deliver(open_work, egress) == 2
        await egress.aclose()

    first, second = world.asked
    assert first.method == "GET"
    assert "c=abc%2F1%26x&e=registration" in first.target
    assert "e=first-deposit" in second.target
    assert str(client) not in first.target and "Duarte" not in first.target
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.{world.url}{first.target}"
    proof = base64.b64encode(hmac.digest(key, told.encode(), hashlib.sha256)).decode()
    assert first.headers["webhook-signature"] == f"v1,{proof}"
    assert {row.state for row in await queued(open_work, partner)} == {"delivered"}


async def test_what_looks_like_the_partner_themself_is_held_and_told_as_held(house, guild):
    partner, client, _, open_work = await affiliate(
        house, guild, "https://t.example.com/{click_id}"
    )
    async with open_work() as work:
        for one in (partner, client):
            (await work.get(Client, one)).phone_blind = partner.bytes

    await hear(open_work, signed_up(client))

    [row] = await queued(open_work, partner)
    assert (row.state, row.error) == ("dead", postbacks.HELD["signs"])


async def test_without_a_click_nothing_is_told_unless_the_partner_wants_it(house, guild):
    for always, state in ((False, "dead"), (True, "waiting")):
        partner, client, _, open_work = await affiliate(
            house, guild, "https://t.example.com/?id={id}", always=always, click=None
        )
        await hear(open_work, signed_up(client))
        [row] = await queued(open_work, partner)
        assert row.state == state


async def test_the_tenants_own_endpoints_do_not_hear_a_partners_events_nor_the_reverse(
    house, guild
):
    partner, client, _, open_work = await affiliate(house, guild, "https://t.example.com/{event}")
    async with open_work() as work:
        assert partner not in {row.owner for row in await endpoints.all_of(work)}
        await deliveries.queue(work, paid_in(client), Heard(uuid7(), work.now))

    assert await queued(open_work, partner) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://t.example.com/{click_id}", "https://t.example.com/{name}", "https://{click_id}/",
        "https://t.example.com/{", "https://t.example.com/}{", "https://127.0.0.1/{event}",
        "https://user:x@t.example.com/", "ftp://t.example.com", "https://t.example.com/" + "x" * 900,
    ],
)  # fmt: skip
async def test_an_address_we_do_not_call_is_refused(url):
    egress = Egress()
    with pytest.raises(Invalid):
        await postbacks.checked(egress.gate, url)
    await egress.aclose()


def test_what_is_told_cannot_become_another_part_of_the_address():
    told = {"click_id": "1&admin=1#x/../{event}", "event": "registration"}

    assert postbacks.filled("https://t.example.com/?c={click_id}", told) == (
        "https://t.example.com/?c=1%26admin%3D1%23x%2F..%2F%7Bevent%7D"
    )
