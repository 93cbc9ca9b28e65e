"""One suite over every adapter, each against its sandbox as a process of its own.

A new adapter joins by a file in `tests/support/stands/`: see the top of its `__init__`.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import tomli_w
from click.testing import CliRunner

from brokerage.commands.platforms import platforms
from brokerage.trading import connectors
from brokerage.trading.conformance.report import Report, Verdict, as_json, as_markdown
from brokerage.trading.conformance.suite import CASES, certify
from brokerage.trading.connector import (
    Access,
    Account,
    Capabilities,
    Deal,
    DealBatch,
    DealCursor,
    TradingConnector,
    Verb,
)
from brokerage.trading.connectors.mt5_webapi import Mt5WebApi
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Outcome, Unknown
from support.stands import Standing, stands

pytestmark = pytest.mark.long

CODES = [one.code for one in connectors.ALL]
PATIENT = Limits(in_a_row=10_000, error_rate=2)


@asynccontextmanager
async def adapter(
    code: str, standing: Standing, kind: type[TradingConnector] | None = None
) -> AsyncGenerator[TradingConnector]:
    kind = kind or connectors.named(code)
    egress = Egress(standing.allowed, tls=standing.tls)
    line = Lines(egress, limits=PATIENT).of("t", code)
    settings: Any = msgspec.convert(dict(standing.settings), kind.settings_type, strict=False)
    made = kind(settings, Keyring(standing.secrets), line)
    try:
        yield made
    finally:
        await made.aclose()
        await egress.aclose()


@dataclass
class Run:
    report: Report
    unchecked: dict[str, str]


class Runs:
    """Each adapter's run, made when its first case is asked for."""

    def __init__(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self._folders = tmp_path_factory
        self._runs: dict[str, Run] = {}

    async def of(self, code: str) -> Run:
        if code not in self._runs:
            folder = self._folders.mktemp(code)
            async with stands()[code](folder) as standing, adapter(code, standing) as one:
                report = await certify(
                    one, standing.plan, trader=standing.trader, weather=standing.weather
                )
            (folder / "report.md").write_text(as_markdown(report))
            self._runs[code] = Run(report, dict(standing.unchecked))
        return self._runs[code]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory)


def test_every_adapter_has_a_stand() -> None:
    assert set(CODES) <= stands().keys()


# What a platform without a case's ground may leave open, whatever its stand says.
OPEN = {
    "watched-lots": "a sandbox has nobody whose trades were there before",
}


@pytest.mark.parametrize("case", [one.code for one in CASES])
@pytest.mark.parametrize("code", CODES)
async def test_an_adapter_does_what_the_port_promises(runs: Runs, code: str, case: str) -> None:
    run = await runs.of(code)

    finding = run.report.of(case)

    calls = "\n".join(f"  {one.asked}\n    -> {one.answered}" for one in finding.calls[-12:])
    if finding.verdict is Verdict.UNCHECKED:
        assert case in run.unchecked | OPEN, f"{finding.title}: {finding.why}"
    else:
        assert finding.verdict is not Verdict.FAILED, f"{finding.title}: {finding.why}\n{calls}"


@pytest.mark.parametrize("code", CODES)
async def test_a_report_is_whole_and_holds_no_secret(runs: Runs, code: str) -> None:
    report = (await runs.of(code)).report

    text = as_markdown(report)

    assert len(report.findings) == len(CASES)
    assert all(one.title in text for one in report.findings)
    assert msgspec.json.decode(as_json(report), type=Report) == report
    for secret in ("Conform-Main-7a", "Conform-View-7b", "Conform-Next-8c", "Conform-Look-8d"):
        assert secret not in text
        assert secret.encode() not in as_json(report)


class Twice(Mt5WebApi):
    """Sends money twice."""

    async def balance_op(self, *given: Any, **named: Any) -> Outcome:
        await super().balance_op(*given, **named)
        return await super().balance_op(*given, **named)


class Optimist(Mt5WebApi):
    """Takes silence for yes."""

    async def balance_op(self, *given: Any, **named: Any) -> Outcome:
        outcome = await super().balance_op(*given, **named)
        return Confirmed("1") if isinstance(outcome, Unknown) else outcome


class Forgetful(Mt5WebApi):
    """Never finds an operation again."""

    async def find_balance_op(self, login: int, external_id: str, since: datetime) -> Deal | None:
        return None


class Blind(Mt5WebApi):
    """Does not find accounts again, and makes up strangers."""

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        return None

    async def get_account(self, login: int) -> Account:
        known = await super().list_logins(["*"])
        account = await super().get_account(login if login in known else known[0])
        return msgspec.structs.replace(account, login=login)


class Journal(Mt5WebApi):
    """Changes what the journal tells."""

    def told(self, deals: tuple[Deal, ...], since: DealCursor) -> tuple[Deal, ...]:
        return deals

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        batch = await super().get_deals(logins, since, until)
        return msgspec.structs.replace(batch, deals=self.told(batch.deals, since))


class Gappy(Journal):
    """Loses the second deal after a cursor."""

    def told(self, deals: tuple[Deal, ...], since: DealCursor) -> tuple[Deal, ...]:
        return deals if since == DealCursor.start() else deals[:1] + deals[2:]


class Local(Journal):
    """Tells the server's wall clock for UTC."""

    def told(self, deals: tuple[Deal, ...], since: DealCursor) -> tuple[Deal, ...]:
        off = timedelta(hours=2)
        return tuple(msgspec.structs.replace(deal, at=deal.at + off) for deal in deals)


class Generous(Journal):
    """Counts a reversal's lots whole."""

    def told(self, deals: tuple[Deal, ...], since: DealCursor) -> tuple[Deal, ...]:
        return tuple(msgspec.structs.replace(deal, lots_closed=deal.lots) for deal in deals)


class Boastful(Mt5WebApi):
    """Says that it pushes, and does not."""

    capabilities: ClassVar[Capabilities] = msgspec.structs.replace(
        Mt5WebApi.capabilities, push=True, verbs=frozenset(Verb), access=frozenset(Access)
    )


@pytest.fixture(scope="session")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Standing]:
    async with stands()["mt5-webapi"](tmp_path_factory.mktemp("liars")) as standing:
        yield standing


@pytest.mark.parametrize(
    ("liar", "caught"),
    [
        (Twice, {"money-kinds", "money-once"}),
        (Optimist, {"broken-after"}),
        (Forgetful, {"money-once", "broken-after"}),
        (Blind, {"account-found", "unknown-login-read"}),
        (Gappy, {"deals-cursor"}),
        (Local, {"deals-clock"}),
        (Generous, {"trade-reversed"}),
        (Boastful, {"push-trade", "access"}),
    ],
)
async def test_an_adapter_that_lies_is_caught(
    ground: Standing, liar: type[TradingConnector], caught: set[str]
) -> None:
    plan = msgspec.structs.replace(ground.plan, wait_s=1, push_s=0.5)
    async with adapter("mt5-webapi", ground, liar) as one:
        report = await certify(one, plan, trader=ground.trader, weather=ground.weather, only=caught)

    verdicts = {one.code: one.verdict for one in report.findings}
    assert verdicts == dict.fromkeys(caught, Verdict.FAILED), report


def test_the_command_says_what_it_will_do_and_writes_the_report(
    tmp_path: Path, ground: Standing
) -> None:
    """Everything it is given comes from files, as on a machine beside a real server."""
    (tmp_path / "server.toml").write_text(tomli_w.dumps(dict(ground.settings)))
    (tmp_path / "secret").write_text(ground.secrets["mt5.manager"] + "\n")
    asked = ["certify", "mt5-webapi", "--settings", f"{tmp_path}/server.toml"]
    asked += ["--secret", f"mt5.manager={tmp_path}/secret", "--group", "demo\\standard"]
    asked += ["--allow", *ground.allowed, "--out", f"{tmp_path}/out"]

    shy = CliRunner().invoke(platforms, asked, input="n\n")
    untouched = not (tmp_path / "out").exists()
    told = CliRunner().invoke(platforms, [*asked, "--yes"])

    assert shy.exit_code == 1
    assert untouched
    assert "make two accounts in group demo\\standard" in shy.output
    assert told.exit_code == 0, told.output
    (page,) = (tmp_path / "out").glob("*.md")
    assert "Nobody trades on this server for us." in page.read_text()
    (values,) = (tmp_path / "out").glob("*.json")
    report = msgspec.json.decode(values.read_bytes(), type=Report)
    assert report.fine
    assert report.of("money-once").verdict is Verdict.PASSED
    assert report.of("trade-whole").verdict is Verdict.UNCHECKED
    assert ground.secrets["mt5.manager"] not in page.read_text()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"connector": "mt6"}, "there is no connector mt6; there are "),
        ({"connector": "no.such:Thing"}, "cannot be loaded"),
        ({"settings": 'host = "a"\nlogin = "x"\n'}, "the settings do not fit"),
        ({"group": ""}, "the plan"),
        ({"secret": "mt5.manager"}, "--secret wants NAME=FILE"),
    ],
)
def test_the_command_refuses_what_it_cannot_use(
    tmp_path: Path, changed: dict[str, str], says: str
) -> None:
    (tmp_path / "server.toml").write_text(changed.get("settings", 'host = "a.example"\nlogin = 1'))
    asked = ["certify", changed.get("connector", "mt5-webapi"), "--yes"]
    asked += ["--settings", f"{tmp_path}/server.toml", "--group", changed.get("group", "demo")]
    asked += ["--secret", changed["secret"]] if "secret" in changed else []

    told = CliRunner().invoke(platforms, asked)

    assert told.exit_code == 1
    assert says in told.output
