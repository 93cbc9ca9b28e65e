"""What must hold after every journey, whatever was walked: the closing checks of the journeys.

These alone look behind the pages: into PostgreSQL, at the trading server's journal, at the audit
log with the verifier that knows nothing of us.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from brokerage.ledger import check
from brokerage.processes import door_of
from stoa.audit import chain, sealer, standalone
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from support.walk.broker import Broker
from support.walk.paying import at_server

QUIET_S = 180
LISTED = (
    "clients",
    "deposits",
    "withdrawals",
    "trading-accounts",
    "transfers",
    "kyc-cases",
    "partners",
)
AT_THE_DESK = {
    "clients": "/desk/clients/{id}",
    "deposits": "/desk/deposits/{id}",
    "withdrawals": "/desk/withdrawals/{id}",
    "trading-accounts": "/desk/accounts/{id}",
    "kyc-cases": "/desk/kyc/{id}",
    "partners": "/desk/partners/{id}",
}


@asynccontextmanager
async def door(broker: Broker) -> AsyncIterator[tuple[Door, TenantRef]]:
    opened = door_of(broker.installation.config, application="journeys", pool=2)
    try:
        ref = await opened.registry.by_slug(broker.slug)
        assert ref is not None
        yield opened, ref
    finally:
        await opened.close()


async def all_holds(*brokers: Broker) -> None:
    """Every closing check on every broker, and between each two of them."""
    await asyncio.gather(*(_of_one(one) for one in brokers))
    for mine in brokers:
        for other in brokers:
            if other is not mine:
                await nothing_of(mine, is_seen_by=other)


async def _of_one(broker: Broker) -> None:
    async with door(broker) as (opened, ref):
        await quiet(opened, ref)
        await money_is_right(opened, ref)
        await accounts_agree(broker, opened, ref)
        await audit_verifies(opened, ref)
        await decisions_replay(broker)


async def quiet(opened: Door, ref: TenantRef) -> None:
    """Everything told was heard; nothing is dead (d)."""
    ends = time.monotonic() + QUIET_S
    while True:
        async with opened.open(ref, purpose="journeys") as work:
            rows = await work.table(
                text("select state, count(*) from inbox where state <> 'done' group by state")
            )
            states = {row[0]: row[1] for row in rows}
            owed = await work.value(text("select count(*) from outbox where relayed_at is null"))
        assert "dead" not in states, await _dead(opened, ref)
        if not states and not owed:
            return
        assert time.monotonic() < ends, f"{ref.slug} is not quiet: {states}, {owed} to be relayed"
        await asyncio.sleep(0.3)


async def _dead(opened: Door, ref: TenantRef) -> list[Any]:
    async with opened.open(ref, purpose="journeys") as work:
        return list(
            await work.table(text("select reader, kind, error from inbox where state = 'dead'"))
        )


async def money_is_right(opened: Door, ref: TenantRef) -> None:
    """(a): entries sum to zero, every balance is the sum of its legs, and the other laws."""
    async with opened.open(ref, purpose="journeys") as work:
        found = await check.examine(work, ref.slug)
    assert found.violations == []
    assert found.laws >= 5


async def accounts_agree(broker: Broker, opened: Door, ref: TenantRef) -> None:
    """(b): our books and what is on its way are the trading server's balance, for every account."""
    async with opened.open(ref, purpose="journeys") as work:
        rows = await work.table(
            text(
                "select t.login, t.currency, "
                "(select coalesce(sum(b.balance), 0) from ledger_account a "
                " join ledger_balance b on b.account = a.id "
                " where a.kind = 'platform' and a.ref = t.id) as booked, "
                "(select coalesce(sum(case m.direction when 'to-account' then m.amount "
                " else -m.amount end), 0) from transfer m "
                " where m.account = t.id and m.state = 'sending') as moving "
                "from trading_account t where t.kind = 'live' and t.login is not null"
            )
        )
    for row in rows:
        told = await at_server(broker, row.login)
        assert told["balance"] == told["told_balance"]
        assert Decimal(row.booked) + Decimal(row.moving) == Decimal(told["balance"]), (
            f"login {row.login}: {row.booked} booked and {row.moving} moving, the server says "
            f"{told['balance']}"
        )


async def audit_verifies(opened: Door, ref: TenantRef) -> None:
    """(c): the exported chain holds for a program that needs nothing but Python; no other does."""
    await sealer.seal(opened, ref)
    opener = opened.opener(ref, purpose="audit.read")
    lines = [chain.carried(row) async for row in chain.entries(opener)]
    assert lines
    with TemporaryDirectory(prefix="stoa-audit-") as folder:
        program, file = Path(folder) / "verify.py", Path(folder) / "audit.jsonl"
        program.write_text(Path(standalone.__file__).read_text())

        file.write_text("\n".join(lines) + "\n")
        good = await _verify(program, file)
        assert good.returncode == 0, good.stdout
        assert f"{len(lines)} links hold" in good.stdout

        at = len(lines) // 2
        changed = json.loads(lines[at])
        changed["entry"]["actor_name"] = "somebody else"
        file.write_text("\n".join([*lines[:at], json.dumps(changed), *lines[at + 1 :]]) + "\n")
        bad = await _verify(program, file)
        assert bad.returncode == 1
        assert f"line {at + 1}" in bad.stdout


async def _verify(program: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", str(program), str(file)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


async def nothing_of(mine: Broker, *, is_seen_by: Broker) -> None:
    """(e): for each object of mine another's token and another's session get what an unknown id
    gets: the same 404 with the same words.
    """
    other = is_seen_by
    assert (await other.api.with_token(mine.api.token, "/clients")).status_code == 401
    for kind in LISTED:
        unknown = await other.api.ask("GET", f"/{kind}/{uuid4()}")
        assert unknown.status_code == 404, kind
        ids = [row["id"] for row in (await mine.api.get(f"/{kind}", limit=100))["items"]]
        for one in ids:
            seen = await other.api.ask("GET", f"/{kind}/{one}")
            assert (seen.status_code, _words(seen.text)) == (404, _words(unknown.text)), kind
        if kind in AT_THE_DESK and ids:
            path = AT_THE_DESK[kind]
            theirs = await other.owner.fetch(path.replace("{id}", ids[0]))
            nobodys = await other.owner.fetch(path.replace("{id}", str(uuid4())))
            assert theirs[0] == nobodys[0] == 404, path
            assert len(theirs[1]) == len(nobodys[1])
            own = await mine.owner.fetch(path.replace("{id}", ids[0]))
            assert own[0] == 200, path


def _words(body: str) -> dict[str, Any]:
    told = json.loads(body)
    told.pop("reference")
    return told


async def decisions_replay(broker: Broker) -> None:
    """(f): rewards come to the same sum again, and lists asked again give the same answer."""
    for partner in (await broker.api.get("/partners", limit=100))["items"]:
        rows = (await broker.api.get(f"/partners/{partner['id']}/rewards", limit=100))["items"]
        for row in rows:
            assert Decimal(row["amount"]) == again(row), row
    officer = broker.desks["officer"]
    for case in (await broker.api.get("/kyc-cases", limit=100))["items"]:
        _, page = await officer.fetch(f"/desk/kyc/{case['id']}")
        marks = {part.split('"')[0] for part in page.decode().split("/desk/kyc/screenings/")[1:]}
        for mark in marks:
            _, told = await officer.fetch(f"/desk/kyc/screenings/{mark}?again=1")
            assert "the answer is the same" in told.decode()


def again(row: dict[str, Any]) -> Decimal:
    """A reward from its own inputs, as its page does the sum."""
    if row["excluded"]:
        return Decimal(0)
    share = max(Decimal(row["rate"]) - Decimal(row["below"]), Decimal(0))
    return (Decimal(row["base"]) * share * Decimal(row["factor"])).quantize(Decimal("1e-12"))
