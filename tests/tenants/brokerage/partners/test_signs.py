"""Signs that a partner is their own client hold a payout, with the evidence, until somebody decides."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from brokerage.clients.model import Client
from brokerage.partners import payouts
from brokerage.partners.model import Partner, PayoutState
from brokerage.partners.paying import signs
from brokerage.partners.permissions import Partners
from brokerage.payments.model import Deposit, Destination
from stoa.identity.model import Session
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.refusals import Invalid
from support.fixtures import staff

from .builders import a_partner, a_trade, a_trader, imported, later

FINANCE = (str(Partners.PAY), str(Partners.APPROVE), "clients:client:view")


async def earning(work):
    partner = await a_partner(work, rate="5")
    trader = await a_trader(work, partner)
    later(work, hours=1)
    await imported(work, trader, a_trade(trader.login, work.now, lots="2"))
    return partner, trader.client


async def same_phone(work, *people):
    for one in people:
        (await work.get(Client, one)).phone_blind = b"the same"


async def same_browser(work, *people):
    visitor = uuid7()
    for one in people:
        (await work.get(Client, one)).visitor = visitor


async def same_address(work, *people):
    for one, street in zip(people, ("Calle Mayor 1", "calle mayor, 1"), strict=True):
        told = {"street": street, "city": "Madrid", "postcode": "28013"}
        row = await work.get(Client, one)
        row.address_sealed = work.seal(row.id, "client.address", msgspec.json.encode(told).decode())


async def same_device(work, *people, device="Firefox, Linux"):
    for one in people:
        work.add(
            Session(
                id=uuid7(), token_hash=uuid7().bytes, stage="full", epoch=1, started_at=work.now,
                seen_at=work.now, ends_at=work.now + timedelta(hours=1), ip="203.0.113.7",
                device=device, person=one, audience="room",
            )
        )  # fmt: skip


async def same_card(work, *people):
    for one in people:
        work.add(
            Deposit(
                id=uuid7(), reference=reference("D"), client=one, method="card",
                amount=Decimal(10), currency="USD", state="expired", started_at=work.now,
                expires_at=work.now, ended_at=work.now, instrument={"mark": "abc", "last4": "4242"},
            )
        )  # fmt: skip


async def same_place(work, *people):
    for one in people:
        work.add(
            Destination(
                id=uuid7(), client=one, method="bank", tail="1332", details_sealed=b"-",
                blind=b"the same place", added_at=work.now, usable_at=work.now,
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    ("share", "kind"),
    [
        (same_phone, "phone"),
        (same_browser, "browser"),
        (same_address, "household"),
        (same_device, "device"),
        (same_card, "card"),
        (same_place, "destination"),
    ],
)
async def test_what_partner_and_client_share_is_named_with_the_client(work, share, kind):
    partner, client = await earning(work)
    row = await work.get(Partner, partner)
    assert await signs.of(work, [row]) == {}

    await share(work, partner, client)
    await work.flush()

    [found] = (await signs.of(work, [row]))[partner]
    assert (found["kind"], found["client"]) == (kind, str(client))


async def test_another_device_at_the_same_address_of_the_network_is_no_sign(work):
    partner, client = await earning(work)
    await same_device(work, partner)
    await same_device(work, client, device="Safari, iPhone")
    await work.flush()

    assert await signs.of(work, [await work.get(Partner, partner)]) == {}


async def test_a_sign_holds_the_smallest_payout_until_somebody_says_why_not(work):
    partner, client = await earning(work)
    await same_phone(work, partner, client)
    await work.flush()
    work.actor = staff(*FINANCE)
    row = await payouts.make(work, partner)
    assert row is not None
    assert (row.state, row.needs, [one["kind"] for one in row.signs]) == (
        PayoutState.WAITING,
        1,
        ["phone"],
    )

    work.actor = staff(*FINANCE)
    with pytest.raises(Invalid, match="Say why"):
        await payouts.approve(work, row.id, payouts.seal(row))
    await payouts.approve(work, row.id, payouts.seal(row), note="Mother and son, both known to us")

    assert row.state == PayoutState.PAID
    assert await signs.of(work, [await work.get(Partner, partner)]) == {}


async def test_a_client_of_somebody_else_is_no_sign(work):
    partner, _ = await earning(work)
    _, stranger = await earning(work)
    await same_phone(work, partner, stranger)
    await same_card(work, partner, stranger)
    await work.flush()

    assert await signs.of(work, [await work.get(Partner, partner)]) == {}
