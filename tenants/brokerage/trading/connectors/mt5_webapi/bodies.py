"""Bodies: `COMMAND|NAME=value|...|` and CRLF, then perhaps JSON; UTF-16LE on the wire. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from stoa.connectors.trouble import Unreadable

_ESCAPED: Final = frozenset("\\=|\n")
_LINE_END: Final = "\r\n"


class Answer(msgspec.Struct, frozen=True):
    """A parsed answer; parameter names are upper case."""

    command: str
    params: dict[str, str]
    json: str

    @property
    def retcode(self) -> int | None:
        """The number at the head of `RETCODE=0 Done`; None when there is none to read."""
        word = self.params.get("RETCODE", "").strip().partition(" ")[0]
        return int(word) if word.isascii() and word.isdigit() else None

    @property
    def retext(self) -> str:
        return self.params.get("RETCODE", "").strip().partition(" ")[2][:120]

    def number(self, name: str) -> int | None:
        word = self.params.get(name, "").strip()
        return int(word) if word.isascii() and word.isdigit() else None


def write(command: str, params: Mapping[str, str | int], json: str = "") -> bytes:
    """One request's body before encryption."""
    told = "".join(f"{name}={escape(str(value))}|" for name, value in params.items())
    return f"{command}|{told}{_LINE_END}{json}".encode("utf-16-le", "replace")


def read(body: bytes) -> Answer:
    """The joined body of all packets of one answer.

    Raises:
        Unreadable: it is not UTF-16LE or has no command.
    """
    try:
        text = body.decode("utf-16-le")
    except UnicodeDecodeError as why:
        raise Unreadable("The trading server's answer could not be read.") from why
    head, _, json = text.partition(_LINE_END)
    command, *fields = _split(head)
    if not command or not head.startswith(command + "|"):
        raise Unreadable("The trading server's answer could not be read.")
    params: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if equals:
            params.setdefault(name.strip().upper(), _unescape(value))
    return Answer(command.strip().upper(), params, json.strip())


def escape(value: str) -> str:
    """Backslash before what has a meaning; carriage returns and zeroes end lines and are dropped."""
    kept = value.replace("\r", "").replace("\0", "")
    return "".join("\\" + char if char in _ESCAPED else char for char in kept)


def _split(head: str) -> list[str]:
    """At every `|` that no backslash protects."""
    fields: list[str] = []
    start = at = 0
    while at < len(head):
        if head[at] == "\\" and head[at + 1 : at + 2] in _ESCAPED:
            at += 2
            continue
        if head[at] == "|":
            fields.append(head[start:at])
            start = at + 1
        at += 1
    fields.append(head[start:])
    return fields


def _unescape(value: str) -> str:
    """A backslash before any other character is itself: group names are full of them."""
    out: list[str] = []
    at = 0
    while at < len(value):
        if value[at] == "\\" and value[at + 1 : at + 2] in _ESCAPED:
            at += 1
        out.append(value[at])
        at += 1
    return "".join(out)
