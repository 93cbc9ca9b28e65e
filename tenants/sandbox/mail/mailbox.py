"""Messages on disk: each a file as it came, with one line of the journal to find it by."""

import contextlib
import html
import os
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sandbox.common.book import Book, Row

KEPT = 5_000
SEARCHED = 2_000
LINK = re.compile(r"https?://[^\s\"'<>\\)\]]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One attachment or picture of a message."""

    place: int
    name: str
    kind: str
    cid: str
    content: bytes


class Mailbox:
    def __init__(self, book: Book, folder: Path, keep: int) -> None:
        self._book = book
        self._folder = folder
        self._keep = keep
        self._last = 0
        folder.mkdir(parents=True, exist_ok=True)
        book.watch("messages", self._seen)

    @property
    def rows(self) -> list[Row]:
        """What is kept, newest first."""
        return list(reversed(self._book.table("messages").values()))

    @property
    def last(self) -> int:
        return self._last

    def keep_file(self, content: bytes) -> str:
        """Write a message to disk; it counts once `add` has noted it."""
        name = f"{os.urandom(9).hex()}.eml"
        path = self._folder / name
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return name

    def add(self, file: str, content: bytes, sender: str, to: list[str], at: float) -> Row:
        """Note a message, and let go of the oldest beyond the limit."""
        message = parse(content)
        text, page = bodies(message)
        row: Row = {
            "id": str(self._last + 1),
            "at": at,
            "sender": sender,
            "to": [address.lower() for address in to],
            "subject": str(message.get("subject", "")),
            "from": str(message.get("from", "")),
            "header_to": str(message.get("to", "")),
            "size": len(content),
            "file": file,
            "text": (text or plain(page))[:SEARCHED],
            "html": bool(page),
            "pieces": len(pieces(message)),
        }
        with self._book.together():
            self._book.put("mail.received", "messages", row)
            kept = self._book.table("messages")
            while len(kept) > self._keep:
                self.drop(next(iter(kept)))
        return row

    def drop(self, key: str) -> None:
        row = self._book.get("messages", key)
        if row is None:
            return
        self._book.drop("mail.dropped", "messages", key)
        with contextlib.suppress(FileNotFoundError):
            (self._folder / row["file"]).unlink()

    def source(self, row: Row) -> bytes:
        """The message as it came; empty when someone removed its file."""
        try:
            return (self._folder / str(row["file"])).read_bytes()
        except FileNotFoundError:
            return b""

    def find(
        self, *, to: str = "", subject: str = "", words: str = "", after: int = 0
    ) -> list[Row]:
        """Kept messages that fit all that is asked, newest first."""
        found = [row for row in self.rows if int(row["id"]) > after]
        if to:
            found = [row for row in found if to.strip().lower() in row["to"]]
        if subject:
            found = [row for row in found if subject.lower() in row["subject"].lower()]
        for word in words.lower().split():
            found = [row for row in found if word in _searchable(row)]
        return found

    def sweep(self) -> None:
        """Remove files no message names: what a crash left between file and journal."""
        named = {row["file"] for row in self._book.table("messages").values()}
        for path in self._folder.glob("*.eml"):
            if path.name not in named:
                path.unlink()

    def _seen(self, row: Row) -> None:
        self._last = max(self._last, int(row["id"]))


def _searchable(row: Row) -> str:
    told = (row["subject"], row["from"], row["header_to"], *row["to"], row["text"])
    return " ".join(told).lower()


def parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def bodies(message: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a message, either of them empty when it has none."""
    return _body(message, "plain"), _body(message, "html")


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, UnicodeError, KeyError):
        raw = part.get_payload(decode=True)
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def pieces(message: EmailMessage) -> list[Piece]:
    """Everything in a message but its text and its HTML."""
    bodies_of = {id(message.get_body(preferencelist=(kind,))) for kind in ("plain", "html")}
    found: list[Piece] = []
    for part in message.walk():
        if part.is_multipart() or id(part) in bodies_of:
            continue
        raw = part.get_payload(decode=True)
        name = part.get_filename() or f"part-{len(found) + 1}"
        cid = str(part.get("content-id", "")).strip("<> ")
        content = raw if isinstance(raw, bytes) else b""
        found.append(Piece(len(found), name, part.get_content_type(), cid, content))
    return found


def plain(page: str) -> str:
    """The words of an HTML page."""
    page = re.sub(r"(?is)<(style|script|head)\b.*?</\1>", " ", page)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page))).strip()


def links(text: str, page: str) -> list[str]:
    """Every address in a message once, in order: what a person could follow."""
    found = [html.unescape(link) for link in LINK.findall(page)]
    found += [link.rstrip(".,;:") for link in LINK.findall(text)]
    return list(dict.fromkeys(found))
