"""A product of two small programs for the tests of `stoa up`: argv[1] says how it misbehaves."""

import sys
from pathlib import Path

from stoa.cli import group, up
from stoa.cli.plan import Plan, Site, Step, command
from stoa.cli.programs import Program, serves
from stoa.cli.screen import Row, Tell

TICK = "import time\nwhile True:\n    time.sleep(0.2)\n"
DEAF = (
    "import os, pathlib, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "pathlib.Path(os.environ['STOA_STATE'], 'deaf').touch()\n"
) + TICK
DIES = "import sys\nprint('the disk is full')\nsys.exit(3)\n"


def make(site: Site) -> Plan:
    port = site.port("web", 8000)
    site.service("mail", "smtp://127.0.0.1:2525")

    async def prepare(tell: Tell) -> None:
        tell("half way")

    async def rows() -> list[Row]:
        return [Row("Control plane", site.config.url(site.config.control_host), "operator")]

    web = Program(
        name="web",
        argv=[sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        env=site.environ,
        ready=serves(f"http://127.0.0.1:{port}/"),
        restarts=3,
    )
    script = {"deaf": DEAF, "dies": DIES}.get(sys.argv[-1], TICK)

    def ready() -> bool:
        if script == DEAF:  # not before it is: a signal on the way there would be heard
            return (Path(site.environ["STOA_STATE"]) / "deaf").exists()
        return script != DIES

    worker = Program(
        name="worker",
        argv=[sys.executable, "-c", script],
        env=site.environ,
        ready=ready,
        restarts=0,
        grace_s=0.5 if script == DEAF else 60,
    )
    note = [sys.executable, "-c", "print('one row made')"]
    stages = [Step("Preparing", prepare), command("Making rows", note, site.environ), [web, worker]]
    return Plan(stages=stages, closing=rows)


if __name__ == "__main__":
    words = group()
    words.add_command(up.command(make))
    words(args=["up"])
