"""Partners: how clients become some, their tree, and what their portal shows them."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.walk.broker import Broker
from support.walk.connecting import section
from support.walk.joining import Client

HELD_S = 6
"""So long that no machine takes it for an opening and the closing right after it."""


async def plan_gold(broker: Broker) -> None:
    """The owner writes the plan: 8 a lot, differences down the tree, short deals earn nothing. The
    head agrees, with what it would have paid on the last month's deals before them.

    Six seconds stand for the two minutes of a real plan: a walk cannot wait longer.
    """

    def gold(told: dict[str, Any]) -> None:
        told["plans"] = [
            {
                "code": "gold",
                "label": "Gold",
                "currency": "USD",
                "rewards": [
                    {
                        "kind": "per-lot",
                        "rate": {"amount": "8.00", "currency": "USD"},
                        "when": {"symbol_group": ["fx", "metal"]},
                    },
                    {
                        "kind": "commission-share",
                        "percent": "30",
                        "when": {"symbol_group": ["index", "crypto"]},
                    },
                ],
                "excluded": {"held_less_than_s": HELD_S},
                "cap": {"percent_of_income": 80},
            }
        ]
        told["default_plan"] = "gold"
        told["payout_minimum"] = "0.10"
        told["payouts"] = told.get("payouts", {}) | {"approver_since_h": 0}

    why = "Plan Gold for introducing brokers"
    await section(broker.owner, "partners", gold, why, waits=True)
    change = (await broker.owner.found(r"/desk/settings/changes/([0-9a-f-]{36})"))[0]
    await broker.owner.open(f"/desk/partners/plans/changes/{change}")
    await broker.owner.sees(why, "On the last 30 days")
    head = broker.desks["head"]
    await head.open(f"/desk/settings/changes/{change}")
    await head.sees("In the last 30 days partners earned")
    await head.submit(f"/desk/settings/changes/{change}/agree")


async def join(client: Client) -> str:
    """A client becomes a partner by themselves; answers the path of their first link."""
    hand = client.at
    await hand.open("/partner")
    await hand.sees("Gold", "per lot 8.00 USD")
    await hand.submit("/partner/join", agree=True)
    await hand.open("/partner/links")
    found = await hand.found(r'data-copy="http[^"]+(/r/[^"]+)"')
    return found[0]


async def enrol(broker: Broker, client: Client, *, rate: str, under: str) -> None:
    """The owner makes a client a partner under another one, at an agreed rate."""
    hand = broker.owner
    await hand.open(f"/desk/clients/{client.id}/partner")
    await hand.submit(f"/desk/clients/{client.id}/partner", plan="gold", rate=rate, under=under)


async def code_of(broker: Broker, client: Client) -> str:
    return (await broker.api.get(f"/partners/{client.id}"))["code"]


async def rewards(broker: Broker, client: Client) -> list[dict[str, Any]]:
    return (await broker.api.get(f"/partners/{client.id}/rewards", limit=100))["items"]


async def checked_by_themselves(client: Client) -> Decimal:
    """The partner downloads the month and the program, and runs it where nothing of ours is."""
    month = f"{datetime.now(UTC):%Y-%m}"
    status, rows = await client.at.fetch(f"/partner/months/{month}")
    assert status == 200
    status, program = await client.at.fetch("/partner/recompute.py")
    assert status == 200
    with TemporaryDirectory(prefix="stoa-partner-") as folder:
        (Path(folder) / "rewards.json").write_bytes(rows)
        (Path(folder) / "recompute.py").write_bytes(program)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-I", "recompute.py", "rewards.json"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    return sum((Decimal(row["amount"]) for row in json.loads(rows)), Decimal(0))
