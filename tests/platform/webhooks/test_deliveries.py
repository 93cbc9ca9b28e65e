"""From a fact in the outbox to a receipt over the wire, with a receiver that behaves and not."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from brokerage.clients.events import ClientRegistered, EmailVerified
from stoa.connectors.egress import Egress
from stoa.connectors.trouble import Blocked, Unreachable
from stoa.events.model import Inbox
from stoa.jobs import drain
from stoa.jobs.relay import fan_out
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.actor import Actor, Kind
from stoa.webhooks import deliveries, endpoints, replays
from stoa.webhooks.model import State, WebhookDelivery, WebhookEndpoint
from support import inner as inside
from support.outside import Told, outside


class Broker:
    """A broker with webhooks, and the steps that its worker takes."""

    def __init__(self, house, tenant):
        self.house, self.tenant = house, tenant
        self.open_work = house.door.opener(tenant, purpose="test")

    async def add(self, url, kinds=()):
        async with self.open_work() as work:
            row, secret = await endpoints.add(work, url=url, label="hub", kinds=kinds)
        return row.id, secret

    async def tell(self, *facts):
        async with self.open_work() as work:
            for fact in facts:
                work.tell(fact)

    async def relay(self):
        """Outbox to inbox to deliveries, by the product's own relay and drain."""
        await fan_out(self.house.door, self.house.product, self.tenant)
        async with self.open_work() as work:
            # The reaction that sends would use the process's own egress; tests bring theirs.
            await work.run(
                update(Inbox)
                .where(Inbox.reader == "webhooks:send")
                .values(state="done", leased_until=None)
            )
            await work.run(
                update(Inbox)
                .where(Inbox.reader.not_like("webhooks:%"), Inbox.state == "waiting")
                .values(state="done")
            )
        for lane in ("money", "kyc", "platform"):
            await drain.drain(self.house.door, self.house.product, self.tenant, lane)

    async def deliver(self, *places):
        egress = Egress(allowed=places)
        sent = await deliveries.deliver(self.open_work, egress)
        await egress.aclose()
        return sent

    async def later(self, **by):
        """Time passes for what waits: everything due is due that much sooner."""
        async with self.open_work() as work:
            for row in await work.rows(select(WebhookDelivery)):
                row.due_at -= timedelta(**by)
            for row in await work.rows(select(WebhookEndpoint)):
                if row.resting_until is not None:
                    row.resting_until -= timedelta(**by)

    async def rows(self):
        async with self.open_work() as work:
            return list(await work.rows(select(WebhookDelivery).order_by(WebhookDelivery.id)))

    async def endpoint(self, endpoint):
        async with self.open_work() as work:
            return await work.get(WebhookEndpoint, endpoint)


@pytest.fixture
async def broker(house):
    return Broker(house, await house.tenant())


def joined(client=None):
    return ClientRegistered(
        client=client or uuid4(), country="DE", language="de", client_type="individual"
    )


def genuine(asked, secret):
    """Checks a message as the Standard Webhooks text tells receivers to, by nobody's library."""
    key = base64.b64decode(secret[len("whsec_") :])
    name, stamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    due = hmac.new(key, f"{name}.{stamp}.".encode() + asked.body, hashlib.sha256).digest()
    given = [one[3:] for one in asked.headers["webhook-signature"].split() if one[:3] == "v1,"]
    return any(hmac.compare_digest(base64.b64decode(one), due) for one in given)


def fine(_asked):
    return Told(json={"ok": True})


def lowered(asked):
    asked.headers = {name.lower(): value for name, value in asked.headers.items()}
    return asked


async def test_a_public_fact_arrives_signed_with_its_own_id(broker):
    async with outside(fine) as hub:
        _, secret = await broker.add(f"{hub.url}/hooks")
        client = uuid4()
        await broker.tell(joined(client))

        await broker.relay()
        await broker.deliver(hub.place)

        (asked,) = [lowered(one) for one in hub.asked]
    told = asked.json()
    assert genuine(asked, secret)
    assert not genuine(asked, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert asked.headers["content-type"] == "application/json"
    assert set(told) == {"type", "timestamp", "data"}
    assert told["type"] == "client.registered"
    assert told["data"]["client"] == str(client)
    (row,) = await broker.rows()
    assert row.state == State.DELIVERED
    assert asked.headers["webhook-id"] == f"evt_{row.fact.hex}"
    assert (row.status, row.answer) == (200, '{"ok": true}')


async def test_a_test_reaches_the_endpoint_that_hears_nothing_else_of_it(broker):
    async with outside(fine) as hub:
        endpoint, secret = await broker.add(f"{hub.url}/one", kinds=["client.registered"])
        await broker.add(f"{hub.url}/other")
        async with broker.open_work() as work:
            await replays.test(work, endpoint)

        await broker.deliver(hub.place)

        (asked,) = [lowered(one) for one in hub.asked]
    assert genuine(asked, secret)
    assert (asked.path, asked.json()["type"]) == ("/one", "webhook.test")
    async with broker.open_work() as work:
        await endpoints.switch(work, endpoint, on=False)
        with pytest.raises(Conflict):
            await replays.test(work, endpoint)
        assert await work.count(select(WebhookDelivery.id)) == 1


async def test_the_same_fact_heard_twice_is_queued_once(broker):
    async with outside(fine) as hub:
        await broker.add(hub.url)
        await broker.tell(joined())
        await broker.relay()
        async with broker.open_work() as work:
            # As after a crash between the reaction's commit and the note that it is done.
            await work.run(
                update(Inbox)
                .where(Inbox.reader == "webhooks:pass_on")
                .values(state="waiting", leased_until=None)
            )

        await broker.relay()
        await broker.deliver(hub.place)

        assert len(hub.asked) == 1


async def test_only_the_chosen_events_are_told(broker):
    async with outside(fine) as hub:
        await broker.add(hub.url, kinds=["client.email-verified"])
        await broker.tell(joined(), EmailVerified(client=uuid4()))

        await broker.relay()
        await broker.deliver(hub.place)

        assert [asked.json()["type"] for asked in hub.asked] == ["client.email-verified"]


async def test_after_a_500_it_is_repeated_with_the_same_id_until_heard(broker):
    answers = iter([Told(500, raw=b"oops"), Told(503), Told(204, raw=b"")])
    async with outside(lambda _: next(answers)) as hub:
        await broker.add(hub.url)
        await broker.tell(joined())
        await broker.relay()

        for _ in range(3):
            await broker.deliver(hub.place)
            await broker.deliver(hub.place)  # Not due yet: nothing is sent.
            await broker.later(seconds=60)

        names = {lowered(asked).headers["webhook-id"] for asked in hub.asked}
        assert len(hub.asked) == 3
        assert len(names) == 1
    (row,) = await broker.rows()
    assert (row.state, row.tries, row.status) == (State.DELIVERED, 3, 204)


async def test_a_worker_that_dies_in_the_middle_loses_nothing(broker):
    async with outside(fine) as hub:
        await broker.add(hub.url)
        await broker.tell(joined())
        await broker.relay()

        class Dies:
            async def request(self, *_args, **_more):
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await deliveries.deliver(broker.open_work, Dies())
        assert await broker.deliver(hub.place) == 0  # Its lease still holds.
        async with broker.open_work() as work:
            for row in await work.rows(select(WebhookDelivery)):
                row.leased_until -= timedelta(minutes=2)
        await broker.deliver(hub.place)

        assert len(hub.asked) == 1
    assert (await broker.rows())[0].state == State.DELIVERED


async def test_two_workers_at_once_send_each_delivery_once(broker):
    async with outside(fine) as hub:
        await broker.add(hub.url)
        await broker.tell(*(joined() for _ in range(30)))
        await broker.relay()

        await asyncio.gather(*(broker.deliver(hub.place) for _ in range(4)))

        names = [lowered(asked).headers["webhook-id"] for asked in hub.asked]
        assert len(names) == len(set(names)) == 30


async def test_what_follows_about_an_object_waits_for_what_came_before(broker):
    client, other = uuid4(), uuid4()
    broken = True

    def answer(asked):
        first = asked.json()["data"]["client"] == str(client)
        return Told(500 if broken and first else 200)

    async with outside(answer) as hub:
        await broker.add(hub.url)
        await broker.tell(joined(client))
        await broker.relay()
        await asyncio.sleep(0.01)
        await broker.tell(EmailVerified(client=client), EmailVerified(client=other))
        await broker.relay()
        await broker.deliver(hub.place)
        early = [(a.json()["type"], a.json()["data"]["client"]) for a in hub.asked]

        broken = False
        await broker.later(minutes=1)
        await broker.deliver(hub.place)

        about = [a.json()["type"] for a in hub.asked if a.json()["data"]["client"] == str(client)]
    assert ("client.email-verified", str(client)) not in early
    assert ("client.email-verified", str(other)) in early
    assert about == ["client.registered", "client.registered", "client.email-verified"]


async def test_a_failing_endpoint_rests_and_the_others_are_not_held_up(broker):
    async with outside(lambda _: Told(500)) as broken, outside(fine) as well:
        bad, _ = await broker.add(broken.url)
        await broker.add(well.url)
        await broker.tell(*(joined() for _ in range(12)))
        await broker.relay()

        await broker.deliver(broken.place, well.place)
        tried = len(broken.asked)
        await broker.later(seconds=6)
        # Still resting: the pauses of the deliveries are over, the endpoint's is not.
        await broker.deliver(broken.place, well.place)

        assert len(well.asked) == 12
        assert 5 <= tried <= 20
        assert len(broken.asked) == tried
        row = await broker.endpoint(bad)
        assert row.resting_until is not None
        await broker.later(hours=2)
        await broker.deliver(broken.place, well.place)
        assert len(broken.asked) == tried + 1  # One probe, no storm.


async def test_after_three_days_it_is_a_dead_letter_and_can_be_replayed(broker):
    status = 500
    async with outside(lambda _: Told(status)) as hub:
        endpoint, _ = await broker.add(hub.url)
        await broker.tell(joined())
        await broker.relay()
        for _ in range(14):
            await broker.deliver(hub.place)
            await broker.later(days=1)
        (dead,) = await broker.rows()
        assert dead.state == State.DEAD
        assert len(hub.asked) == 11

        status = 200
        async with broker.open_work() as work:
            await replays.replay(work, dead.id)
            row = await work.get(WebhookEndpoint, endpoint)
            row.resting_until = None
        await broker.deliver(hub.place)

        names = {lowered(asked).headers["webhook-id"] for asked in hub.asked}
        assert len(names) == 1
    assert (await broker.rows())[0].state == State.DELIVERED


async def test_dead_letters_of_an_endpoint_are_replayed_together(broker):
    endpoint, _ = await broker.add("https://93.184.215.14/hooks")
    await broker.tell(joined(), joined())
    await broker.relay()
    async with broker.open_work() as work:
        await work.run(update(WebhookDelivery).values(queued_at=work.now - timedelta(days=4)))
        await replays.give_up(work)
    assert {row.state for row in await broker.rows()} == {State.DEAD}

    async with broker.open_work() as work:
        count = await replays.replay_dead(work, endpoint)

    assert count == 2
    assert {(row.state, row.tries) for row in await broker.rows()} == {(State.WAITING, 0)}


async def test_for_a_day_both_secrets_sign(broker):
    async with outside(fine) as hub:
        endpoint, old = await broker.add(hub.url)
        async with broker.open_work() as work:
            _, new = await endpoints.renew(work, endpoint)
        await broker.tell(joined())
        await broker.relay()
        await broker.deliver(hub.place)
        async with broker.open_work() as work:
            row = await work.get(WebhookEndpoint, endpoint)
            row.both_until = work.now - timedelta(seconds=1)
        await broker.tell(joined())
        await broker.relay()
        await broker.deliver(hub.place)

        both, later = (lowered(one) for one in hub.asked)
    assert genuine(both, old)
    assert genuine(both, new)
    assert genuine(later, new)
    assert not genuine(later, old)


async def test_a_410_switches_the_endpoint_off(broker):
    async with outside(lambda _: Told(410)) as hub:
        endpoint, _ = await broker.add(hub.url)
        await broker.tell(joined())
        await broker.relay()
        await broker.deliver(hub.place)
        await broker.later(minutes=1)
        await broker.deliver(hub.place)

        assert len(hub.asked) == 1
    row = await broker.endpoint(endpoint)
    assert not row.on
    assert "410" in row.off_why


async def test_of_an_answer_256_bytes_of_text_are_kept_and_of_binary_none(broker):
    answers = iter(
        [
            Told(400, raw=b"<b>" + b"a" * 5000, headers={"Content-Type": "text/html"}),
            Told(400, raw=b"\x89PNG\x00", headers={"Content-Type": "image/png"}),
        ]
    )
    async with outside(lambda _: next(answers)) as hub:
        await broker.add(hub.url)
        await broker.tell(joined())
        await broker.relay()
        await broker.deliver(hub.place)
        kept = (await broker.rows())[0].answer
        await broker.later(minutes=1)
        await broker.deliver(hub.place)

    assert len(kept.encode()) <= 256
    assert kept.startswith("<b>aaa")
    assert (await broker.rows())[0].answer is None


async def test_a_redirect_is_not_followed_and_is_no_receipt(broker):
    async with outside(fine) as inner:
        away = Told(302, headers={"Location": f"{inner.url}/admin"})
        async with outside(lambda _: away) as hub:
            await broker.add(hub.url)
            await broker.tell(joined())
            await broker.relay()
            await broker.deliver(hub.place, inner.place)

        assert inner.asked == []
    assert (await broker.rows())[0].state == State.WAITING


@pytest.mark.parametrize("url", inside.URLS)
async def test_an_address_inside_our_network_cannot_be_entered(url):
    egress = Egress(resolver=inside.resolver)

    with pytest.raises((Invalid, Unreachable)) as refused:
        await endpoints.callable_by(egress.gate, url)

    assert refused.value.field == ("url" if isinstance(refused.value, Invalid) else None)
    await egress.aclose()


async def test_a_name_that_turns_inwards_later_is_refused_and_tells_nothing(broker):
    async with outside(fine) as canary:
        where = ["93.184.215.14"]

        async def resolver(_host, _port):
            return where

        egress = Egress(resolver=resolver)
        await endpoints.callable_by(egress.gate, "https://hooks.example.com/")
        await broker.add("https://hooks.example.com/")
        await broker.tell(joined())
        await broker.relay()
        where[:] = ["127.0.0.1"]
        await deliveries.deliver(broker.open_work, egress)
        await egress.aclose()

        assert canary.asked == []
    (row,) = await broker.rows()
    assert row.state == State.WAITING
    assert (row.status, row.answer) == (None, None)
    assert row.error == Blocked.kind


async def test_facts_that_are_not_public_are_told_to_nobody(house):
    readers = house.product.readers

    hearing = {kind for kind, found in readers.items() if ("webhooks:pass_on" in dict(found))}

    assert hearing == set(endpoints.public_kinds())


async def test_the_secret_is_not_in_the_rows(broker):
    endpoint, secret = await broker.add("https://93.184.215.14/")

    row = await broker.endpoint(endpoint)

    assert secret not in json.dumps({k: str(v) for k, v in vars(row).items()})


async def test_changing_webhooks_wants_its_permission(broker):
    nobody = Actor(Kind.STAFF, uuid4(), "nobody", frozenset({"api:webhooks:view"}))
    async with broker.open_work(actor=nobody) as work:
        with pytest.raises(Denied):
            await endpoints.add(work, url="https://93.184.215.14/", label="x")
        with pytest.raises(Denied):
            await endpoints.switch(work, uuid4(), on=False)
        with pytest.raises(Denied):
            await replays.replay(work, uuid4())


async def test_a_paused_endpoint_keeps_what_happens_and_sends_it_when_resumed(broker):
    async with outside(fine) as hub:
        endpoint, _ = await broker.add(hub.url)
        async with broker.open_work() as work:
            await endpoints.switch(work, endpoint, on=False)
        await broker.tell(joined())
        await broker.relay()
        assert await broker.deliver(hub.place) == 0

        async with broker.open_work() as work:
            await endpoints.switch(work, endpoint, on=True)
        await broker.deliver(hub.place)

        assert len(hub.asked) == 1


async def test_where_nobody_listens_a_public_fact_makes_no_work(broker):
    async def left():
        async with broker.open_work() as work:
            return await work.rows(select(Inbox.reader).where(Inbox.reader == "webhooks:pass_on"))

    await broker.tell(joined(uuid4()))
    fanned = await fan_out(broker.house.door, broker.house.product, broker.tenant)
    assert fanned, "the fact was taken"
    assert await left() == []
    await broker.add("https://hub.example/hooks")
    await broker.tell(joined(uuid4()))
    await fan_out(broker.house.door, broker.house.product, broker.tenant)
    assert await left() == ["webhooks:pass_on"]
