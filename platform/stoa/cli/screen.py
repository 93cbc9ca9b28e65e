"""What a person sees of `stoa up`: one prefixed line per thing said, one line per long step."""

import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from rich.console import Console
from rich.table import Table
from rich.text import Text

NAME_WIDTH = 10
LONGEST_LINE = 2000
# Where nothing can be redrawn (a log, a pipe), a step that is still at it says so this often.
SIGN_OF_LIFE_S = 15

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the closing table: a place to open, and with what."""

    title: str
    address: str
    login: str = ""
    password: str = ""
    note: str = ""


class Screen:
    """Prints for a terminal or a log; the two differ in colour and in the moving line only."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = max(self.console.width, 160)

    def line(self, name: str, colour: str, said: str) -> None:
        """One line of a program's output, behind its name."""
        text = _prefix(name, colour)
        text.append_text(Text.from_ansi(said[:LONGEST_LINE]))
        self.console.print(text, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """One line of our own."""
        shown = _prefix("stoa", "bold")
        shown.append(text, style=style)
        self.console.print(shown, soft_wrap=True)

    @asynccontextmanager
    async def step(self, title: str) -> AsyncGenerator[Tell]:
        """Show that `title` is being done, for how long, and how it ended.

        The block gets a function: what it is told stands behind the title until told otherwise.
        """
        began = time.monotonic()
        latest = ""

        def tell(text: str) -> None:
            nonlocal latest
            latest = f": {text.strip()}" if text.strip() else ""

        trouble: Exception | None = None
        ended = False
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._show, title, began, lambda: latest)
                try:
                    yield tell
                except Exception as error:
                    trouble = error  # Raised below: from in here it would come out in a group.
                tasks.cancel_scope.cancel()
            ended = trouble is None
        finally:
            mark, style = ("✓", "green") if ended else ("✗", "red")
            self.say(f"{mark} {title}{'' if ended else latest} ({_since(began)})", style)
        if trouble is not None:
            raise trouble

    def table(self, title: str, rows: Iterable[Row]) -> None:
        """The closing table: where to go and how to get in."""
        table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
        for head in ("", "Address", "Login", "Password", "Note"):
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(
                row.title,
                Text(row.address, style=f"link {row.address}"),
                row.login,
                row.password,
                row.note,
            )
        self.console.print()
        self.console.print(table)

    async def _show(self, title: str, began: float, latest: Callable[[], str]) -> None:
        if not self.console.is_terminal:
            self.say(f"… {title}", "dim")
            while True:
                await anyio.sleep(SIGN_OF_LIFE_S)
                self.say(f"… {title}{latest()} ({_since(began)})", "dim")
        with self.console.status(Text(title)) as status:
            while True:
                status.update(Text(f"{title}{latest()} ({_since(began)})"))
                await anyio.sleep(0.2)


def _prefix(name: str, style: str) -> Text:
    return Text.assemble((f"{name:>{NAME_WIDTH}} ", style), ("│ ", "dim"))


def _since(began: float) -> str:
    passed = time.monotonic() - began
    if passed < 60:
        return f"{passed:.1f} s"
    return f"{int(passed // 60)} min {int(passed % 60)} s"
