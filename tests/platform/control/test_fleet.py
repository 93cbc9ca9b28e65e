"""The fleet: who needs the operator stands first and says why; each step of a start is told once."""

import re
import secrets
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from stoa.audit.model import OperatorAudit
from stoa.control import attention, fleet
from stoa.tenancy import provision
from stoa.tenancy.model import Pulse, SchemaSlot, Tenant
from support.operators import inside

WELL: dict[str, Any] = {"clients": 3, "lanes": {"mail": {"waiting": 0, "dead": 0, "lag_s": 2}}}


async def a_broker(house, name, body=None, **columns):
    """A sub-broker of this name whose worker has just reported `body`; None: it never did."""
    made = await house.tenant()
    async with house.door.platform(purpose="test") as work:
        await work.run(update(Tenant).where(Tenant.id == made.id).values(name=name, **columns))
        if body is not None:
            await work.run(
                insert(Pulse)
                .values(tenant=made.id, at=work.now, body=body)
                .on_conflict_do_update(
                    index_elements=["tenant"], set_={"at": work.now, "body": body}
                )
            )
    return made


@pytest.fixture(scope="module")
async def marked(house):
    """A word in the names of five sub-brokers, each in a state of its own."""
    word = f"f{secrets.token_hex(4)}"
    await a_broker(house, f"{word} aa well", WELL)
    await a_broker(house, f"{word} bb suspended", WELL, state="suspended")
    behind = await a_broker(house, f"{word} cc behind", WELL)
    lane = {"lanes": {"mail": {"waiting": 9, "dead": 0, "lag_s": 300}}}
    await a_broker(house, f"{word} dd late", WELL | lane)
    await a_broker(house, f"{word} ee failing", WELL | {"failing_connectors": ["alpha"]})
    await a_broker(house, f"{word} ff well", WELL | {"clients": 70})
    async with house.door.platform(purpose="test") as work:
        mine = update(SchemaSlot).where(SchemaSlot.tenant == behind.id)
        was = await work.value(select(SchemaSlot.revision).where(SchemaSlot.tenant == behind.id))
        await work.run(mine.values(revision="0001"))
    yield word
    async with house.door.platform(purpose="test") as work:
        await work.run(mine.values(revision=was))


async def listed(house, word, sort="") -> list[str]:
    browser, _ = await inside(house)
    page = await browser.get(f"/?q={word}&sort={sort}")
    assert page.status_code == 200
    return re.findall(rf"<b>{word} (\w\w \w+)</b>", page.text)


async def test_those_who_need_the_operator_stand_first_then_by_name(house, marked):
    found = await listed(house, marked)

    assert found == [
        "ee failing",
        "dd late",
        "cc behind",
        "bb suspended",
        "aa well",
        "ff well",
    ]


async def test_the_reason_stands_beside_each(house, marked):
    async with house.door.platform(purpose="test") as work:
        rows = await work.table(
            attention.query().where(Tenant.name.contains(marked)).order_by(Tenant.name)
        )

    assert [[said for said, _ in attention.of(row)] for row in rows] == [
        [],
        ["suspended"],
        ["schema is behind"],
        ["queue is late"],
        ["connector failing"],
        [],
    ]
    browser, _ = await inside(house)
    page = await browser.get(f"/?q={marked}")
    for said in ("suspended", "schema is behind", "queue is late", "connector failing"):
        assert said in page.text


async def test_who_never_reported_and_who_cannot_be_made_need_the_operator(house):
    silent = await a_broker(house, f"silent {secrets.token_hex(4)}")
    async with house.door.platform(purpose="test") as work:
        await work.run(Pulse.__table__.delete().where(Pulse.tenant == silent.id))  # type: ignore[attr-defined]
        rows = await work.table(attention.query().where(Tenant.id == silent.id))

    assert attention.of(rows[0]) == [("no pulse", "stopped")]


@pytest.mark.parametrize("column", [one.key for one in fleet.FLEET.columns])
async def test_every_column_sorts_both_ways(house, marked, column):
    up, down = await listed(house, marked, column), await listed(house, marked, f"-{column}")

    assert len(up) == 6
    assert up == down[::-1]


async def test_the_largest_stand_first_when_asked(house, marked):
    assert (await listed(house, marked, "-clients"))[0] == "ff well"
    assert (await listed(house, marked, "-lag"))[0] == "dd late"


async def test_the_audit_names_each_step_of_a_start_once(house):
    made = await house.tenant()

    async with house.door.platform(purpose="test") as work:
        told = await work.rows(
            select(OperatorAudit.action).where(OperatorAudit.about_tenant == made.id)
        )

    steps = Counter(one for one in told if one.startswith("provision."))
    assert steps == {f"provision.{step}": 1 for step in provision.STEPS}
