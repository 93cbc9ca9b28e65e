"""PSP-21: every provider is asked each night whether its API still is what we speak."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from brokerage.payments.routing import checking
from brokerage.payments.routing.model import ProviderState
from stoa.notices.model import Notice
from stoa.vault import credentials
from support.people import make_staff


@pytest.mark.parametrize(
    ("now", "zone", "night"),
    [
        (
            datetime(2026, 11, 27, 12, 0, tzinfo=UTC),
            "UTC",
            datetime(2026, 11, 27, 3, 0, tzinfo=UTC),
        ),
        (datetime(2026, 11, 27, 2, 0, tzinfo=UTC), "UTC", datetime(2026, 11, 26, 3, 0, tzinfo=UTC)),
        # 03:00 in Tokyo is 18:00 of the day before.
        (
            datetime(2026, 11, 27, 12, 0, tzinfo=UTC),
            "Asia/Tokyo",
            datetime(2026, 11, 26, 18, 0, tzinfo=UTC),
        ),
    ],
)
def test_the_last_night_is_the_tenants_own(now, zone, night):
    assert checking.last_night(now, zone) == night


async def states(market) -> dict[str, ProviderState]:
    async with market.opener()() as work:
        return {row.psp: row for row in await work.rows(select(ProviderState))}


async def told(market) -> dict[object, int]:
    async with market.opener()() as work:
        return dict(
            await work.table(
                select(Notice.person, func.count())
                .where(Notice.title.contains("no longer answers"))
                .group_by(Notice.person)
            )
        )


async def a_day_later(market) -> None:
    async with market.opener()() as work:
        await work.run(
            update(ProviderState).values(checked_at=ProviderState.checked_at - timedelta(days=1))
        )
    await checking.sweep(market.opener())


async def test_a_key_that_was_withdrawn_is_told_once_and_shown_until_it_is_mended(market, desk):
    async with market.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        sales, _ = await make_staff(work, ["Sales"])

    await checking.sweep(market.opener())

    first = await states(market)
    assert first["alpha"].well and first["beta"].well
    assert await told(market) == {}

    async with market.opener()() as work:
        await credentials.put(work, "alpha.api_key", "sk_test_withdrawn")
    await checking.sweep(market.opener())
    assert (await states(market))["alpha"].checked_at == first["alpha"].checked_at

    await a_day_later(market)
    await a_day_later(market)

    after = await states(market)
    assert after["alpha"].well is False and after["beta"].well
    tells = await told(market)
    assert tells[owner.id] == 1 and sales.id not in tells
    browser = await desk("Owner")
    page = await browser.get("/desk/psps/alpha/health")
    assert "The last test of its connection failed" in page.text

    async with market.opener()() as work:
        await credentials.put(work, "alpha.api_key", market.alpha.key)
    tried = await browser.post("/desk/psps/alpha/test")
    assert "Use the secret key" in tried.text
    assert (await states(market))["alpha"].well
    page = await browser.get("/desk/psps/alpha/health")
    assert "The last test of its connection failed" not in page.text
