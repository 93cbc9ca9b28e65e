"""A breach is raised once, with its time, told to whom it concerns, and over when it is back under."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from brokerage.clients.model import Client
from brokerage.risk import alerts, limits
from brokerage.risk.model import RiskAlert
from brokerage.risk.permissions import Risk
from brokerage.risk.settings import ClientLimit, Limit
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.notices.model import Message, Notice

LOTS = Limit(
    code="lots", by="symbol", measure="net-lots", most=Decimal(10), level="critical",
    clears_percent=80, escalate_minutes=5,
)  # fmt: skip


async def alive(desk):
    async with desk.opener()() as work:
        return list(
            await work.rows(
                select(RiskAlert).where(RiskAlert.over_at.is_(None)).order_by(RiskAlert.about)
            )
        )


async def all_of(desk):
    async with desk.opener()() as work:
        return list(await work.rows(select(RiskAlert).order_by(RiskAlert.breached_at)))


@pytest.fixture
async def limited(desk):
    await desk.tune(limits=(LOTS,), clients=())
    await desk.account("a")
    return desk


async def test_a_breach_is_raised_once_and_over_only_well_under_the_limit(limited):
    account = limited.accounts["a"]
    await limited.open(account, "EURUSD", "10")
    await limits.sweep(limited.opener())
    assert await alive(limited) == []

    await limited.open(account, "EURUSD", "1")
    for _ in range(3):
        await limits.sweep(limited.opener())
    (row,) = await alive(limited)
    assert (row.rule, row.about, row.value, row.level) == ("lots", "EURUSD", 11, "critical")

    await limited.open(account, "EURUSD", "-2")
    await limits.sweep(limited.opener())
    (row,) = await alive(limited)
    assert (row.value, row.worst) == (9, 11)

    await limited.open(account, "EURUSD", "-2")
    await limits.sweep(limited.opener())
    assert await alive(limited) == []

    await limited.open(account, "EURUSD", "-25")
    await limits.sweep(limited.opener())
    first, second = await all_of(limited)
    assert first.over_at is not None
    assert second.value == -18


async def test_those_who_work_on_alerts_are_told_once_and_by_letter_when_critical(limited):
    actor = await limited.staff(Risk.ALERTS)
    await limited.open(limited.accounts["a"], "EURUSD", "11")

    for _ in range(3):
        await limits.sweep(limited.opener())

    async with limited.opener()() as work:
        told = await work.value(select(func.count()).where(Notice.person == actor.id))
        letters = await work.value(select(func.count()).where(Message.person == actor.id))
    assert (told, letters) == (1, 1)


async def test_what_nobody_takes_in_time_goes_one_floor_up_once(limited):
    head = await limited.staff(Risk.ESCALATED)
    await limited.open(limited.accounts["a"], "EURUSD", "11")
    await limits.sweep(limited.opener())
    async with limited.opener()() as work:
        work.now += timedelta(minutes=4)
        assert await alerts.escalate(work) == 0
        work.now += timedelta(minutes=2)
        assert await alerts.escalate(work) == 1
        assert await alerts.escalate(work) == 0

    async with limited.opener()() as work:
        told = await work.value(select(func.count()).where(Notice.person == head.id))
    assert told == 1


async def test_what_is_taken_or_quiet_is_not_escalated(limited):
    dealer = await limited.staff(Risk.ALERTS)
    await limited.account("b")
    await limited.open(limited.accounts["a"], "EURUSD", "11")
    await limited.open(limited.accounts["b"], "XAUUSD", "11")
    await limits.sweep(limited.opener())
    one, other = await alive(limited)

    async with limited.opener(dealer)() as work:
        await alerts.take(work, one.id)
        await alerts.snooze(work, other.id, 60)
    async with limited.opener()() as work:
        work.now += timedelta(minutes=30)
        assert await alerts.escalate(work) == 0
        work.now += timedelta(minutes=31)
        assert await alerts.escalate(work) == 1

    one, other = await alive(limited)
    assert (one.state, one.owner) == ("taken", dealer.id)
    assert other.escalated_at is not None


async def test_settled_by_hand_and_still_over_it_is_raised_anew(limited):
    dealer = await limited.staff(Risk.ALERTS)
    await limited.open(limited.accounts["a"], "EURUSD", "11")
    await limits.sweep(limited.opener())
    (row,) = await alive(limited)

    async with limited.opener(dealer)() as work:
        with pytest.raises(Invalid):
            await alerts.settle(work, row.id, " ")
        await alerts.settle(work, row.id, "hedged outside")
        with pytest.raises(Conflict):
            await alerts.take(work, row.id)
    await limits.sweep(limited.opener())

    assert len(await all_of(limited)) == 2


async def test_who_may_only_look_decides_nothing(limited):
    await limited.open(limited.accounts["a"], "EURUSD", "11")
    await limits.sweep(limited.opener())
    (row,) = await alive(limited)
    reader = await limited.staff("trading:exposure:view")

    async with limited.opener(reader)() as work:
        for attempt in (
            alerts.take(work, row.id), alerts.snooze(work, row.id, 5), alerts.settle(work, row.id, "why"),
        ):  # fmt: skip
            with pytest.raises(Denied):
                await attempt


async def test_an_alert_about_a_client_is_seen_by_those_who_see_the_client(desk):
    await desk.tune(limits=(), clients=(ClientLimit(tier="broker", most=Decimal(1000)),))
    account = await desk.account("a")
    await desk.open(account, "EURUSD", "1", "1.1")
    await limits.sweep(desk.opener())
    (row,) = await alive(desk)
    stranger = await desk.staff(Risk.ALERTS, scope="own")

    async with desk.opener(stranger)() as work:
        with pytest.raises(NotFound):
            await alerts.take(work, row.id)
    assert row.client == desk.owners[account]


@pytest.mark.parametrize(
    ("most", "raised"),
    [
        ({"broker": 1_000_000}, []),
        ({"broker": 1000}, ["a", "b", "c"]),
        ({"broker": 1000, "desk": 1_000_000}, ["a", "c"]),
        ({"broker": 1000, "desk": 1_000_000, "group": 1_000_000}, ["c"]),
        ({"broker": 1_000_000, "group": 1000, "client": 1_000_000}, []),
        ({"broker": 1_000_000, "client": 1000}, ["a"]),
    ],
)
async def test_the_nearest_limit_counts_client_then_group_then_desk_then_broker(desk, most, raised):
    for name, group, team in (
        ("a", "real\\vip", None), ("b", "real\\std", "north"), ("c", "real\\std", "south"),
    ):  # fmt: skip
        await desk.open(await desk.account(name, group=group, desk=team), "EURUSD", "1", "1.1")
    async with desk.opener()() as work:
        own = await work.get(Client, desk.owners[desk.accounts["a"]])
        only = {"broker": "", "desk": "north", "group": "*vip", "client": own.reference}
    await desk.tune(
        limits=(),
        clients=tuple(
            ClientLimit(tier=tier, only=only[tier], most=Decimal(value))
            for tier, value in most.items()
        ),
    )

    await limits.sweep(desk.opener())

    names = {str(desk.owners[account]): name for name, account in desk.accounts.items()}
    assert sorted(names[row.about] for row in await alive(desk)) == raised


async def test_a_provider_with_many_followers_is_seen_by_what_they_hold_together(desk):
    provider = await desk.account("p")
    await desk.tune(
        limits=(Limit(code="provider", by="provider", most=Decimal(50_000)),), clients=()
    )
    for at in range(6):
        follower = await desk.account(f"f{at}", follows=provider)
        await desk.open(follower, "EURUSD", "0.1", "1.1")

    await limits.sweep(desk.opener())

    (row,) = await alive(desk)
    assert (row.scope, row.account, row.about) == ("provider", provider, str(provider))
    assert row.value > 50_000
    assert row.evidence["positions"] == 6
