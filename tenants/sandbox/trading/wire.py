"""Commands as text: ``COMMAND|NAME=value|...|`` and a JSON text after the line's end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.trading.retcodes import RefusedError, Ret, spoken

END = "\r\n"
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_ESCAPED = re.compile(r"\\([\\=|\n])")
_SPECIAL = re.compile(r"[\\=|\n]")
_PIECE = re.compile(r"((?:[^\\|]|\\[\\=|\n]|\\)*?)(?:\||\Z)", re.DOTALL)


@dataclass
class Ask:
    """A request: the command, its parameters by upper-case name, and the JSON that followed."""

    command: str
    given: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None

    def text(self, name: str, default: str | None = None) -> str:
        value = self.given.get(name, default)
        if value is None:
            raise RefusedError(Ret.PARAMS)
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; what is absent or empty is the default, or refused without one."""
        text = self.given.get(name, "").strip()
        if not text and default is not None:
            return default
        if _WHOLE.fullmatch(text) is None:
            raise RefusedError(Ret.PARAMS)
        return int(text)


@dataclass
class Answer:
    """What goes back. ``body`` becomes JSON; ``fields`` stand beside the return code."""

    code: int = Ret.DONE
    fields: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None


def quote(value: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found.group(), value)


def unquote(value: str) -> str:
    """Take escapes off; a backslash before anything else stands for itself."""
    return _ESCAPED.sub(r"\1", value) if "\\" in value else value


def parse(text: str) -> Ask:
    """Read a request. Names are upper-cased; the JSON's members win over parameters.

    Raises:
        RefusedError: PARAMS, when the JSON is none.
    """
    head, _, rest = text.partition(END)
    pieces = _pieces(head)
    ask = Ask(unquote(pieces[0]).strip())
    for piece in pieces[1:]:
        name, found, value = piece.partition("=")
        if found:
            ask.given[name.strip().upper()] = unquote(value)
    return with_body(ask, rest)


def with_body(ask: Ask, text: str) -> Ask:
    """Lay a JSON description over the parameters."""
    if not text.strip():
        return ask
    try:
        ask.body = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise RefusedError(Ret.PARAMS) from None
    if isinstance(ask.body, Mapping):
        for name, value in ask.body.items():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                ask.given[str(name).upper()] = str(value)
    return ask


def _pieces(head: str) -> list[str]:
    if "\\" not in head:
        return head.split("|")
    return [found.group(1) for found in _PIECE.finditer(head)]


def tell(command: str, answer: Answer) -> str:
    """Write an answer; nothing but the code goes with a refusal."""
    parts = [command, f"RETCODE={spoken(answer.code)}"]
    parts += [f"{name}={quote(value)}" for name, value in answer.fields.items()]
    line = "|".join(parts) + "|" + END
    if answer.body is None:
        return line
    return line + msgspec.json.encode(answer.body).decode()
