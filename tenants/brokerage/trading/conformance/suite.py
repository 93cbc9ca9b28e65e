"""The whole suite over one connector, from the connection test to the tidying up."""

import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final

from brokerage.trading.conformance import (
    accounts,
    breaking,
    journal,
    markets,
    money,
    pushes,
    refusing,
    trades,
)
from brokerage.trading.conformance.cases import Case, played
from brokerage.trading.conformance.plan import Plan, Trader, Weather
from brokerage.trading.conformance.report import Finding, Report
from brokerage.trading.conformance.stage import Stage, names
from brokerage.trading.connector import TradingConnector, Verb
from stoa.kernel.refusals import Refusal

CASES: Final[tuple[Case, ...]] = (
    *refusing.ALL,
    *markets.ALL,
    *accounts.ALL,
    *money.ALL,
    *journal.ALL,
    *trades.ALL,
    *pushes.ALL,
    *breaking.ALL,
)


async def certify(
    connector: TradingConnector,
    plan: Plan,
    *,
    trader: Trader | None = None,
    weather: Weather | None = None,
    only: Collection[str] = (),
    heard: Callable[[Finding], None] = lambda _: None,
) -> Report:
    """Play every case in order, or `only` some, and tidy up; `heard` is told of each as it ends."""
    stage = Stage(connector, plan, trader=trader, weather=weather)
    began = time.monotonic()
    findings: list[Finding] = []
    left: tuple[str, ...] = ()
    try:
        for case in (one for one in CASES if not only or one.code in only):
            findings.append(await played(stage, case))
            heard(findings[-1])
        facts = await _facts(stage)
    finally:
        await stage.hearing.aclose()
        if weather is not None:
            await weather.calm()
        left = await stage.tidy()
    return Report(
        connector=connector.code,
        label=connector.label,
        identity=connector.identity,
        began=stage.began,
        took_s=round(time.monotonic() - began, 1),
        facts=facts,
        findings=tuple(findings),
        left=left,
    )


async def _facts(stage: Stage) -> dict[str, str]:
    """What the adapter declares and what the server tells of itself."""
    can, connector = stage.can, stage.recorder.connector
    facts = {
        "Server": connector.identity,
        "Offered": ", ".join(names(can.verbs)),
        "Lacking": ", ".join(names(frozenset(Verb) - can.verbs)) or "nothing",
        "Rights": ", ".join(sorted(can.access)) or "none",
        "Kinds of money": ", ".join(sorted(can.money)) or "none",
        "Push": "yes" if can.push else "no",
        "Counts its deals": "yes" if can.counts else "no",
        "A reference sent twice": "moves once" if can.idempotent_money else "would move twice",
        "Comment": f"{can.comment_length} characters",
        "Not found is believed after": f"{connector.settle_after.total_seconds():.0f} s",
        "Group of the run": stage.plan.group,
        "Time here": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
    }
    try:
        for check in await connector.test_connection():
            facts[check.what] = f"{'yes' if check.fine else 'NO'}: {check.text}"
        if stage.offers(Verb.LISTS):
            facts["Groups"] = str(len(await connector.list_groups()))
            facts["Symbols"] = str(len(await connector.list_symbols()))
    except Refusal as why:
        facts["Asked for facts"] = f"{why.code}: {why}"
    return facts
