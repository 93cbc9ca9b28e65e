"""What `stoa up` runs: database, outside world, product, and the demo on the first start."""

import json
import sys
from collections.abc import Mapping, Sequence

from stoa.cli.plan import WEB, Plan, Site, Stage, command
from stoa.cli.programs import Program, port_open, serves
from stoa.cli.screen import Row
from stoa.kernel.config import Config

_PY = sys.executable


def plan(site: Site) -> Plan:
    """Stages in order; each long one shows a line that moves."""
    outside = [] if site.config.production else _outside(site)
    port = site.port(WEB, 8000)
    stages: list[Stage] = [
        command("Database and schemas", [_PY, "-m", "brokerage", "install"], site.environ),
        *([outside] if outside else []),
    ]
    if outside and site.config.demo and not (site.state / "demo.json").exists():
        stages.append(
            command(
                "Two demo sub-brokers with a history",
                [_PY, "-m", "brokerage.demo"],
                site.environ,
            )
        )
    stages.append(product(site.environ, site.config, port))
    return Plan(stages=stages, closing=lambda: _closing(site), title="Where to go")


def _outside(site: Site) -> Sequence[Program]:
    """The stand-in outside world: processes of their own, reached only over the wire."""
    home = site.state / "sandbox"
    trading, trading_http = site.port("trading", 8443), site.port("trading-http", 8444)
    dxtrade, dxtrade_http = site.port("dxtrade", 8445), site.port("dxtrade-http", 8446)
    fix, fix_http = site.port("fix", 8447), site.port("fix-http", 8448)
    alpha, beta = site.port("alpha", 8451), site.port("beta", 8452)
    sumsub = site.port("sumsub", 8453)
    elliptic, coins = site.port("elliptic", 8455), site.port("coins", 8456)
    mail, smtp = site.port("mail", 8454), site.port("smtp", 8025)
    listener = site.port("listener", 8457)
    site.service("trading", f"127.0.0.1:{trading}")
    site.service("trading-http", f"http://127.0.0.1:{trading_http}")
    site.service("dxtrade", f"http://127.0.0.1:{dxtrade}")
    site.service("dxtrade-http", f"http://127.0.0.1:{dxtrade_http}")
    site.service("fix", f"127.0.0.1:{fix}")
    site.service("fix-http", f"http://127.0.0.1:{fix_http}")
    site.service("alpha", f"http://127.0.0.1:{alpha}")
    site.service("beta", f"http://127.0.0.1:{beta}")
    site.service("sumsub", f"http://127.0.0.1:{sumsub}")
    site.service("elliptic", f"http://127.0.0.1:{elliptic}")
    site.service("coins", f"http://127.0.0.1:{coins}")
    site.service("mail", f"http://127.0.0.1:{mail}")
    site.service("listener", f"http://127.0.0.1:{listener}")
    site.service("smtp", f"127.0.0.1:{smtp}")

    def program(name: str, port: int, colour: str, *more: str, module: str = "") -> Program:
        return Program(
            name=name,
            argv=[
                _PY,
                "-m",
                f"sandbox.{module or name}",
                "--port",
                str(port),
                "--state",
                str(home if module else home / name),
                *more,
            ],
            env=site.environ,
            ready=port_open(port),
            restarts=5,
            colour=colour,
        )

    beside = ["--http-port", str(trading_http)]
    beside += ["--dxtrade-port", str(dxtrade), "--dxtrade-http-port", str(dxtrade_http)]
    beside += ["--fix-port", str(fix), "--fix-http-port", str(fix_http)]
    return [
        program("trading", trading, "magenta", *beside, module="venues"),
        program("alpha", alpha, "yellow"),
        program("beta", beta, "yellow"),
        program("sumsub", sumsub, "yellow"),
        program("elliptic", elliptic, "yellow", "--coins-port", str(coins), module="chains"),
        program("mail", mail, "yellow", "--smtp-port", str(smtp), "--listener-port", str(listener)),
    ]


def product(environ: Mapping[str, str], config: Config, port: int) -> Sequence[Program]:
    """Web with two processes, as the image runs it; one worker, one relay."""
    web = Program(
        name="web",
        argv=[_PY, "-m", "brokerage", "web", "--host", config.bind, "--port", str(port)],
        env=environ,
        ready=serves(f"http://127.0.0.1:{port}/ready", config.control_host),
        restarts=5,
        colour="green",
    )
    worker = Program(
        name="worker",
        argv=[_PY, "-m", "brokerage", "worker"],
        env=environ,
        restarts=5,
        colour="cyan",
    )
    relay = Program(
        name="relay",
        argv=[_PY, "-m", "brokerage", "relay"],
        env=environ,
        restarts=5,
        colour="blue",
    )
    return [web, worker, relay]


async def _closing(site: Site) -> list[Row]:
    config = site.config
    rows: list[Row] = []
    told = site.state / "demo.json"
    if told.exists():
        for one in json.loads(told.read_text())["logins"]:
            rows.append(
                Row(
                    one["title"],
                    config.url(one["host"], one["path"]),
                    one["login"],
                    one["password"],
                    one.get("note", ""),
                )
            )
    if "mail" in config.services:
        rows.append(Row("Mail catcher", config.services["mail"], note="every mail the demo sends"))
    if "listener" in config.services:
        address = config.services["listener"]
        rows.append(Row("A broker's systems", address, note="every webhook, with its proof"))
    return rows
