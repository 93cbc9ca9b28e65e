"""Whose client somebody is: by first or last touch, within the window, never their own."""

from datetime import timedelta

import msgspec
import pytest

from brokerage.clients.model import Client
from brokerage.partners.model import Attribution, Partner, PartnerState
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import attribution
from stoa.kernel.ids import uuid7

from .builders import a_partner, a_person, later


async def through(work, visitor, partner):
    """A visit by the partner's link."""
    row = await work.get(Partner, partner)
    later(work, days=1)
    found = await attribution.touch(work, visitor, code=row.code, source="link")
    await work.flush()
    return found


async def decided(work, visitor, client=None):
    client = client or await a_person(work)
    later(work, minutes=1)
    row = await attribution.attribute(work, client, visitor)
    await work.flush()
    return row, (await work.get(Client, client)).partner


def by(work, monkeypatch, **rules):
    mine = msgspec.structs.replace(work.settings(PartnerSettings), **rules)
    monkeypatch.setitem(work._settings, PartnerSettings, mine)


@pytest.mark.parametrize(("rule", "which"), [("first-touch", 0), ("last-touch", 1)])
async def test_the_rule_of_the_broker_chooses_among_the_touches(work, monkeypatch, rule, which):
    by(work, monkeypatch, attribution=rule)
    both, visitor = [await a_partner(work), await a_partner(work)], uuid7()
    for partner in both:
        assert await through(work, visitor, partner) == partner

    row, owner = await decided(work, visitor)

    assert row.partner == owner == both[which]
    assert row.rule == f"{rule.replace('-', ' ')} within 30 days"
    assert [told["partner"] for told in row.touches] == [str(one) for one in both]


async def test_a_touch_older_than_the_window_counts_no_more(work, monkeypatch):
    by(work, monkeypatch, attribution="first-touch", touch_days=30)
    early, late, visitor = await a_partner(work), await a_partner(work), uuid7()
    await through(work, visitor, early)
    work.now += timedelta(days=29)
    await through(work, visitor, late)

    assert (await decided(work, visitor))[1] == late
    work.now += timedelta(days=31)
    row, owner = await decided(work, visitor)
    assert owner is None
    assert row.rule == "no partner touched within the window"


async def test_a_partner_is_not_their_own_client(work):
    partner, visitor = await a_partner(work), uuid7()
    await through(work, visitor, partner)

    row, owner = await decided(work, visitor, partner)

    assert (row.partner, owner) == (None, None)
    assert row.rule == "a partner is not their own client"


async def test_a_visit_by_an_advert_an_unknown_code_or_a_paused_partner_is_nobodys(work):
    paused, visitor = await a_partner(work), uuid7()
    (await work.get(Partner, paused)).move(PartnerState.PAUSED)
    await work.flush()

    assert await through(work, visitor, paused) is None
    assert await attribution.touch(work, visitor, code=None, source="advert") is None
    assert await attribution.touch(work, visitor, code="nobody", source="link") is None
    await work.flush()

    row, owner = await decided(work, visitor)
    assert owner is None
    assert len(row.touches) == 3


async def test_a_client_given_to_another_partner_keeps_the_earlier_decision(work):
    first, second, visitor = await a_partner(work), await a_partner(work), uuid7()
    await through(work, visitor, first)
    before, _ = await decided(work, visitor)
    later(work, minutes=1)

    after = await attribution.reassign(work, before.client, partner=second, why="agreed by both")
    await work.flush()
    await work.session.refresh(before)

    assert (before.partner, before.valid_to) == (first, after.valid_from)
    assert (after.partner, after.valid_to) == (second, None)
    kept = await work.get(Attribution, (before.client, before.valid_from))
    assert kept.rule.startswith("first touch")
