"""How the planner would find the rows of a page at a broker of many years."""

import json
from collections.abc import Iterator
from typing import Any

SORTED_MOST = 60_000
"""Rows that may be sorted for one page: a state's or a client's, never a whole table's."""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def plan_of(stage: Any, statement: str, parameters: tuple[Any, ...]) -> dict[str, Any]:
    async with stage.house.door.open(stage.tenant, purpose="test") as work:
        line = await work.session.connection()
        told = await line.exec_driver_sql(f"explain (format json) {statement}", parameters)
        found = told.scalar()
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def faults(plan: dict[str, Any], many: set[str]) -> list[str]:
    found = []
    for node in nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in many:
            found.append(f"reads all of {node['Relation Name']}")
        of = {inner.get("Relation Name") for inner in nodes(node)} & many
        if of and node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > SORTED_MOST:
            found.append(f"sorts {node['Plans'][0]['Plan Rows']:,} rows by {node['Sort Key']}")
    return found
