"""A broker with a plan of its own: five a lot, two minutes held, four fifths of the income."""

import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from brokerage.partners.settings import (
    Amount,
    Cap,
    Excluded,
    PartnerSettings,
    Plan,
    RewardRule,
    SymbolGroup,
)
from stoa.tenancy import settings
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work
from support.fixtures import House

PLAN = Plan(
    code="standard",
    label="Standard",
    rewards=(RewardRule(kind="per-lot", rate=Amount(amount=Decimal(5))),),
    excluded=Excluded(held_less_than_s=120),
    cap=Cap(percent_of_income=80),
)
SETTINGS = PartnerSettings(
    plans=(PLAN,),
    symbol_groups=(SymbolGroup(code="fx", symbols=("EURUSD",), income_per_lot=Decimal(10)),),
    payout_minimum=Decimal(1),
    payout_approve_over=Decimal(100),
)


@pytest.fixture(scope="module")
async def guild(house: House) -> TenantRef:
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await settings.put(work, "partners", SETTINGS, why="a test")
    return tenant


class _RollBack(Exception):
    pass


@pytest.fixture
async def work(house: House, guild: TenantRef) -> AsyncIterator[Work]:
    """Work in this broker, undone after the test."""
    manager = house.door.open(guild, purpose="test")
    yield await manager.__aenter__()
    failure = _RollBack()
    with contextlib.suppress(_RollBack):
        await manager.__aexit__(_RollBack, failure, None)
