"""What a person does at a page, whoever plays them: open it, fill a form in, read what it says."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from pyotp import TOTP

from support.patience import LONGEST_S

Fields = dict[str, Any]
STEP_S = 30


@dataclass(frozen=True)
class File:
    """A file to be chosen in a form."""

    name: str
    content: bytes
    kind: str = "image/jpeg"


@dataclass
class App:
    """An authenticator app: each code is good once, so that it waits for the next when it must."""

    secret: str = ""
    _last: int = 0

    async def code(self) -> str:
        # The server takes the step before and after, too: a second code in the same half minute
        # is the next step's, and only a third has to wait.
        while True:
            here = int(time.time()) // STEP_S
            step = max(here, self._last + 1)
            if step <= here + 1:
                self._last = step
                return TOTP(self.secret).at(step * STEP_S)
            await asyncio.sleep(0.5)


class Hand(ABC):
    """A person at one host. `submit` finds the form by where it leads, as a reader would."""

    base: str
    looks_again_s = 0.3

    @abstractmethod
    async def open(self, path: str, status: int = 200) -> None:
        """Go to a page; it answers with this status."""

    @abstractmethod
    async def send(self, action: str, fields: Fields) -> str | None:
        """Fill in and send the form; None when it was taken, else what the reader is told."""

    @abstractmethod
    async def text(self) -> str:
        """What the page says, its whitespace joined."""

    @abstractmethod
    async def html(self) -> str: ...

    @property
    @abstractmethod
    def path(self) -> str:
        """Where one is: path and query."""

    @abstractmethod
    async def fetch(self, path: str) -> tuple[int, bytes]:
        """A download, or a page asked for beside the one that is shown."""

    async def open_tab(self, client: str, tab: str, path: str, action: str) -> None:
        """A tab of a client's page, until its form to `action` is there; `path` is the tab's own."""
        await self.open(path)

    @abstractmethod
    async def post_beside(self, path: str, told: Fields) -> tuple[int, str]:
        """What somebody could send past the buttons: a POST with this session and its proof."""

    async def submit(self, action: str, **fields: Any) -> None:
        told = await self.send(action, fields)
        assert told is None, f"{action}: {told}"

    async def refused(self, action: str, **fields: Any) -> str:
        """Send the form, see it refused, and answer the words."""
        told = await self.send(action, fields)
        assert told is not None, f"{action} was taken, now at {self.path}"
        return told

    async def sees(self, *words: str) -> None:
        said = await self.text()
        missing = [word for word in words if not says(said, word)]
        assert not missing, f"{missing} not on {self.path}: {said[:3000]}"

    async def lacks(self, *words: str) -> None:
        said = await self.text()
        found = [word for word in words if says(said, word)]
        assert not found, f"{found} on {self.path}: {said[:3000]}"

    async def until(self, path: str, *words: str, within_s: float = LONGEST_S) -> None:
        """Look at a page again and again until it says so."""
        ends = time.monotonic() + within_s
        while True:
            await self.open(path)
            said = await self.text()
            if all(says(said, word) for word in words):
                return
            assert time.monotonic() < ends, f"{words} did not come on {path}: {said[:3000]}"
            await asyncio.sleep(self.looks_again_s)

    async def found(self, pattern: str) -> list[str]:
        """The first group of every match in the page's source, each once, in order."""
        return list(dict.fromkeys(re.findall(pattern, await self.html())))

    async def one(self, pattern: str) -> str:
        found = await self.found(pattern)
        assert len(found) == 1, f"{pattern} on {self.path}: {found}"
        return found[0]


def one_line(text: str) -> str:
    return " ".join(text.split())


def says(said: str, word: str) -> bool:
    """Whether a reader finds these words; a design may set them in capitals."""
    return word.casefold() in said.casefold()
