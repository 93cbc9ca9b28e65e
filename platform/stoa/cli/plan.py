"""What a product tells `stoa up` to run, and what it may know of the place it runs in."""

import os
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.text import TextReceiveStream

from stoa.cli import ports, servers
from stoa.cli.programs import Program
from stoa.cli.screen import Row, Screen, Tell
from stoa.cli.servers import DidNotStart
from stoa.kernel.config import Config

WEB = "web"


@dataclass(frozen=True, slots=True)
class Step:
    """Something done once, in its turn, while a line shows its title and what it tells."""

    title: str
    run: Callable[[Tell], Awaitable[None]]


Stage = Step | Program | Sequence[Program]


async def no_rows() -> list[Row]:
    """A closing table without rows."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The stages in order, after the two servers; programs in one sequence start side by side."""

    stages: Sequence[Stage]
    closing: Callable[[], Awaitable[Sequence[Row]]] = no_rows
    title: str = "Ready"


@dataclass(slots=True)
class Site:
    """The place a plan is made for: its configuration, its ports, its children's variables."""

    state: Path
    screen: Screen
    outer: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    environ: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Children find everything through the state directory."""
        self.environ |= {"STOA_STATE": str(self.state), "PYTHONUNBUFFERED": "1"}

    @property
    def config(self) -> Config:
        """What a child started now would read."""
        return Config.load({**self.outer, **self.environ})

    def port(self, name: str, usual: int) -> int:
        """A port for `name` that is ours from now on, the same as last time where that is free."""
        run = servers.noted(self.state)
        kept: dict[str, Any] = run.setdefault("ports", {})
        asked = self.outer.get("STOA_PORT") if name == WEB else None
        wanted = int(asked or kept.get(name, usual))
        chosen = ports.claim(wanted)
        if chosen != wanted:
            self.screen.say(f"port {wanted} for {name} is busy, using {chosen}", "yellow")
        kept[name] = chosen
        if name == WEB:
            run["web"] = {"port": chosen}
            self.environ["STOA_PORT"] = str(chosen)
        servers.note(self.state, run)
        return chosen

    def service(self, name: str, address: str) -> None:
        """Note where an outside service answers: `Config.services[name]` from now on."""
        run = servers.noted(self.state)
        run["services"] = {**run.get("services", {}), name: address}
        servers.note(self.state, run)


def command(title: str, argv: Sequence[str], env: Mapping[str, str]) -> Step:
    """A step that is a program of its own, its lines being what the step tells.

    What imports much belongs into such a step: its memory goes back when it is done.
    """

    async def run(tell: Tell) -> None:
        last: list[str] = []
        async with await anyio.open_process(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            start_new_session=True,
        ) as process:
            if process.stdout is not None:
                async for part in TextReceiveStream(process.stdout, errors="replace"):
                    last = [*last, *part.splitlines()][-12:]
                    tell(last[-1])
            code = await process.wait()
        if code:
            raise DidNotStart(f"{title} failed with code {code}:\n" + "\n".join(last))

    return Step(title, run)
