"""The page and the JSON API of the mail catcher."""

import asyncio
import re
import time
from email.utils import parseaddr
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlencode

from sandbox.common.book import Row
from sandbox.common.control import Switches
from sandbox.common.faults import CALLS, Kind
from sandbox.common.site import Options, Site
from sandbox.common.wire import Answer, Asked, Refused, as_json, see_other
from sandbox.mail import mailbox
from sandbox.mail.mailbox import Mailbox, Piece

PAGE = 50
LONGEST_WAIT_S = 30.0
VIEWS = ("html", "text", "headers", "source")
NOT_FOR_MAIL = ("error_500_before_apply", "error_500_after_apply", "wrong_json")
# Pictures may be shown; nothing in a message runs, and it cannot reach this site.
CAGE = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src * data:; style-src 'unsafe-inline' *; font-src * data:"
)


class Mail(Site):
    name: ClassVar[str] = "mail"
    title: ClassVar[str] = "Mail catcher"
    about: ClassVar[str] = "Every message the product sends, kept here and sent to nobody."
    accent: ClassVar[str] = "#b3541e"
    templates: ClassVar[Path] = Path(__file__).parent / "templates"

    def __init__(self, options: Options, keep: int) -> None:
        kinds = (
            Kind("decline_technical", "Messages are put off with 451"),
            Kind("decline_hard", "Messages are refused with 550"),
            *(kind for kind in CALLS if kind.code not in NOT_FOR_MAIL),
        )
        super().__init__(options, kinds)
        self.mailbox = Mailbox(self.book, options.state / "messages", keep)
        self.pages.filter("ago", _ago)
        self.pages.filter("person", _person)
        self._arrival = asyncio.Event()
        Switches(self)
        for method, path, handler in (
            ("GET", "/", self.listing),
            ("GET", "/messages/{id}", self.show),
            ("GET", "/messages/{id}/html", self.body),
            ("GET", "/messages/{id}/source", self.source),
            ("GET", "/messages/{id}/part/{place}", self.part),
            ("POST", "/messages/clear", self.clear),
            ("GET", "/api/messages", self.api_list),
            ("DELETE", "/api/messages", self.clear),
            ("GET", "/api/messages/{id}", self.api_show),
            ("DELETE", "/api/messages/{id}", self.api_drop),
            ("GET", "/faults", self.fault_page),
            ("GET", "/health", self.health),
            ("GET", "/truth", self.truth),
        ):
            self.on(method, path, handler)

    async def start(self) -> None:
        await super().start()
        self.mailbox.sweep()

    def failure(self, status: int, message: str) -> Answer:
        return as_json({"error": message}, status)

    def arrived(self) -> None:
        """Wake those who wait for a message."""
        self._arrival.set()
        self._arrival = asyncio.Event()

    # Pages.

    def listing(self, asked: Asked) -> Answer:
        words, to = asked.query.get("q", ""), asked.query.get("to", "")
        found = self.mailbox.find(words=words, to=to)
        before = asked.query.get("before", "")
        if before.isdigit():
            found = [row for row in found if int(row["id"]) < int(before)]
        more = ""
        if len(found) > PAGE:
            more = urlencode({"q": words, "to": to, "before": found[PAGE - 1]["id"]})
        return self.pages.page(
            "list.html",
            rows=found[:PAGE],
            words=words,
            to=to,
            more=more,
            total=len(self.mailbox.rows),
            last=self.mailbox.last,
            struck=bool(self.faults.settings()),
            now=time.time(),
        )

    def show(self, asked: Asked) -> Answer:
        row = self._row(asked)
        message = mailbox.parse(self.mailbox.source(row))
        text, page = mailbox.bodies(message)
        view = asked.query.get("view", "")
        if view not in VIEWS:
            view = "html" if page else "text"
        source = self.mailbox.source(row).decode("utf-8", "replace") if view == "source" else ""
        return self.pages.page(
            "message.html",
            row=row,
            view=view,
            views=VIEWS,
            text=text or mailbox.plain(page),
            headers=[(name, str(value)) for name, value in message.items()],
            source=source,
            pieces=mailbox.pieces(message),
            links=mailbox.links(text, page),
            has_html=bool(page),
        )

    def body(self, asked: Asked) -> Answer:
        """The HTML of a message, caged so that it can do nothing but be seen."""
        row = self._row(asked)
        message = mailbox.parse(self.mailbox.source(row))
        _, page = mailbox.bodies(message)
        for piece in mailbox.pieces(message):
            if piece.cid:
                place = f"/messages/{row['id']}/part/{piece.place}"
                page = re.sub(rf"cid:{re.escape(piece.cid)}", place, page, flags=re.IGNORECASE)
        page = '<base target="_blank">' + page
        headers = (
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", CAGE),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        )
        return Answer(200, page.encode("utf-8", "replace"), headers)

    def source(self, asked: Asked) -> Answer:
        row = self._row(asked)
        kind = ("content-type", "message/rfc822")
        name = ("content-disposition", f"attachment; filename=message-{row['id']}.eml")
        return Answer(200, self.mailbox.source(row), (kind, name))

    def part(self, asked: Asked) -> Answer:
        found = mailbox.pieces(mailbox.parse(self.mailbox.source(self._row(asked))))
        place = asked.params["place"]
        if not place.isdigit() or int(place) >= len(found):
            raise Refused(self.failure(404, "There is no such part."))
        return _piece(found[int(place)])

    def clear(self, asked: Asked) -> Answer:
        for row in self.mailbox.rows:
            self.mailbox.drop(row["id"])
        return see_other("/") if asked.method == "POST" else as_json({"messages": []})

    # The API.

    async def api_list(self, asked: Asked) -> Answer:
        """Newest first; with `wait_s` it waits that long for the first one that fits."""
        query = asked.query
        after = int(query["after"]) if query.get("after", "").isdigit() else 0
        limit = int(query["limit"]) if query.get("limit", "").isdigit() else 100
        try:
            until = time.monotonic() + min(float(query.get("wait_s") or 0), LONGEST_WAIT_S)
        except ValueError:
            return self.failure(400, "wait_s is a number of seconds")
        while True:
            arrival = self._arrival
            found = self.mailbox.find(
                to=query.get("to", ""),
                subject=query.get("subject", ""),
                words=query.get("q", ""),
                after=after,
            )
            left = until - time.monotonic()
            if found or left <= 0:
                shown = [_brief(row) for row in found[:limit]]
                return as_json({"messages": shown, "last": self.mailbox.last})
            try:
                await asyncio.wait_for(arrival.wait(), left)
            except TimeoutError:
                continue

    def api_show(self, asked: Asked) -> Answer:
        row = self._row(asked)
        message = mailbox.parse(self.mailbox.source(row))
        text, page = mailbox.bodies(message)
        return as_json(
            {
                **_brief(row),
                "text": text,
                "html": page,
                "links": mailbox.links(text, page),
                "headers": [[name, str(value)] for name, value in message.items()],
                "attachments": [
                    {"name": one.name, "type": one.kind, "size": len(one.content), "cid": one.cid}
                    for one in mailbox.pieces(message)
                ],
            }
        )

    def api_drop(self, asked: Asked) -> Answer:
        self.mailbox.drop(self._row(asked)["id"])
        return as_json({"dropped": asked.params["id"]})

    # Controls.

    def fault_page(self, asked: Asked) -> Answer:
        kinds, note = list(self.faults.kinds.values()), asked.query.get("note", "")
        return self.pages.page(
            "switches.html", kinds=kinds, faults=self.faults.settings(), note=note
        )

    def health(self, _: Asked) -> Answer:
        return as_json({"status": "ok", "provider": self.name})

    def truth(self, _: Asked) -> Answer:
        """How many messages were accepted in all, and which are kept."""
        rows = self.mailbox.rows
        kept = [{"id": row["id"], "to": row["to"], "subject": row["subject"]} for row in rows]
        return as_json({"accepted": self.mailbox.last, "kept": kept, "lines": self.book.lines})

    def _row(self, asked: Asked) -> Row:
        row = self.book.get("messages", asked.params["id"])
        if row is None:
            if asked.path.startswith("/api/"):
                raise Refused(self.failure(404, "There is no such message."))
            raise Refused(self.pages.absent("There is no such message", "All mail"))
        return row


def _brief(row: Row) -> Row:
    shown = ("id", "at", "sender", "to", "subject", "from", "size")
    brief = {name: row[name] for name in shown}
    return {**brief, "has_html": row["html"], "snippet": row["text"][:200]}


def _piece(piece: Piece) -> Answer:
    inline = piece.kind in ("image/png", "image/jpeg", "image/gif", "image/webp")
    how = "inline" if inline else "attachment"
    headers = (
        ("content-type", piece.kind if inline else "application/octet-stream"),
        ("content-disposition", f"{how}; filename*=UTF-8''{quote(piece.name)}"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
    )
    return Answer(200, piece.content, headers)


def _person(text: str) -> str:
    name, address = parseaddr(text)
    return name or address or text


def _ago(moment: float, now: float) -> str:
    seconds = max(0, int(now - moment))
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word}"
    return "now" if seconds < 5 else f"{seconds} s"
