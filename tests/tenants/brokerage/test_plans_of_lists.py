"""Every list finds its rows by an index, however many there are.

The planner is told that each table that grows has a million rows, so it plans as it would at a
real broker. What a page shows a part of (LIMIT) must come from an index, in the index's order or
after a condition that leaves little to sort; what it counts is counted over an index, too.
"""

from dataclasses import dataclass

import asyncpg
import pytest

from stoa.db.rows import TenantRow
from stoa.kernel.config import Role
from support.plans import faults, plan_of
from support.queries import recorded

from .test_queries_of_pages import Stage, pages, stage

__all__ = ["stage"]

MILLION = 1_000_000
FEW = {
    "agreement", "api_key", "campaign", "fx_rate", "partner_plan", "role", "saved_view", "secret",
    "segment", "setting", "staff_role", "tenant_identity", "timer", "trading_server",
    "webhook_endpoint",
}  # fmt: skip
"""What a sub-broker has dozens of; everything else grows with its clients."""
WHOLE = {
    "/desk/exposure": {"client", "open_position", "trading_account"},
    "/desk/exposure/positions": {"client", "open_position", "trading_account"},
    "/desk/hedge": {"client", "open_position", "trading_account"},
    "/desk/kyc": {"kyc_case"},
    "/desk/leads": {"lead"},
    "/desk/leads/list": {"lead"},
    "/desk/ledger/entries": {"ledger_account"},
    "/desk/messages": {"message"},
    "/desk/providers": {"open_position"},
    "/desk/reports": {"client"},
}
"""Sums over all rows that a page is made of, and the distinct values a filter offers: one pass
over a narrow table, a fraction of a second for a million rows. None is a list's own rows.
"""


@dataclass
class Grown:
    """The stage, told to be a broker of many years. `many` are its tables with rows in them."""

    stage: Stage
    many: set[str]


@pytest.fixture(scope="module")
async def grown(house, stage) -> Grown:
    names = [t.name for t in TenantRow.metadata.sorted_tables if t.name not in FEW]
    line = await asyncpg.connect(house.config.dsn(Role.ADMIN, direct=True))
    try:
        # An empty table is planned as an empty one, whatever its statistics say.
        rows = await line.fetch(
            "update pg_class set relpages = 1, reltuples = $3 "
            "where relnamespace = $1::text::regnamespace and relname = any($2) and relkind = 'r' "
            "and pg_relation_size(oid) > 0 returning relname",
            stage.tenant.schema,
            names,
            float(MILLION),
        )
    finally:
        await line.close()
    return Grown(stage, {row["relname"] for row in rows})


async def test_every_page_finds_its_rows_by_an_index(grown):
    seen: set[str] = set()
    wrong: dict[str, list[str]] = {}
    stage = grown.stage
    for who, path, name in pages(stage):
        if name.startswith("control"):
            continue
        with recorded(stage.house) as said:
            await who.get(path)
        for statement, parameters in said:
            if statement in seen or not statement.lower().startswith(("select", "with")):
                continue
            seen.add(statement)
            if "platform." in statement or "set_config" in statement:
                continue
            many = grown.many - WHOLE.get(name, set())
            for fault in faults(await plan_of(stage, statement, parameters), many):
                wrong.setdefault(f"{name}: {fault}", []).append(statement)

    assert not wrong, "\n".join(f"{what}\n    {told[0][:1500]}" for what, told in wrong.items())
    assert len(seen) > 120
