"""The controls of a stand-in: its home page, merchants, faults, clock, callbacks and truth."""

import asyncio
import time
from collections.abc import Callable

import msgspec

from sandbox.common.book import Row
from sandbox.common.faults import BadSetting
from sandbox.common.pages import checked
from sandbox.common.provider import Provider
from sandbox.common.site import Site
from sandbox.common.wire import Answer, Asked, as_json, done

SECRETS = ("secret_key", "webhook_secret")
LINES_AT_ONCE = 5_000
SHOWN = 40
LONGEST_WAIT_S = 120.0


class Switches:
    """The controls every site has: its faults and its clock."""

    def __init__(self, site: Site, merchant: Callable[[str], str] = str) -> None:
        self._of = site
        self._merchant = merchant
        for method, path, handler in (
            ("GET", "/_sandbox/faults", self.faults),
            ("POST", "/_sandbox/faults", self.set_faults),
            ("DELETE", "/_sandbox/faults", self.clear_faults),
            ("POST", "/_sandbox/faults/clear", self.clear_faults),
            ("GET", "/_sandbox/clock", self.clock),
            ("POST", "/_sandbox/clock", self.set_clock),
        ):
            site.on(method, path, handler)

    def faults(self, _: Asked) -> Answer:
        known = [
            {"kind": kind.code, "says": kind.says, "seconds": kind.seconds, "times": kind.times}
            for kind in self._of.faults.kinds.values()
        ]
        return as_json({"faults": self._of.faults.settings(), "kinds": known})

    def set_faults(self, asked: Asked) -> Answer:
        given = asked.document()
        if asked.query.get("only"):
            self._of.faults.clear()
        if "kind" in given:
            given = {str(given.pop("kind")): given}
        try:
            for code, value in given.items():
                self._of.faults.set(code, self._scoped(value))
        except (BadSetting, ValueError, TypeError) as why:
            return as_json({"error": str(why)}, 400)
        return done(asked, "Faults saved", {"faults": self._of.faults.settings()})

    def clear_faults(self, asked: Asked) -> Answer:
        self._of.faults.clear()
        return done(asked, "All faults off", {"faults": {}})

    def clock(self, _: Asked) -> Answer:
        return as_json({**self._of.clock.setting, "now": self._of.clock.now()})

    def set_clock(self, asked: Asked) -> Answer:
        given = asked.document()
        try:
            offset = float(given.get("offset_s") or 0)
        except (TypeError, ValueError):
            return as_json({"error": "offset_s is a number of seconds"}, 400)
        row = self._of.clock.set(offset, sign=bool(checked(given, "sign")))
        return done(asked, "Clock set", {**row, "now": self._of.clock.now()})

    def _scoped(self, value: object) -> object:
        """A setting for one merchant names it by id, whatever it was named by."""
        if isinstance(value, dict) and value.get("merchant"):
            return {**value, "merchant": self._merchant(str(value["merchant"]))}
        return value


class Control:
    """Adds the control routes to a provider. None of them is subject to faults."""

    def __init__(self, provider: Provider) -> None:
        self._of = provider
        Switches(provider, self._merchant)
        for method, path, handler in (
            ("GET", "/", self.home),
            ("GET", "/health", self.health),
            ("GET", "/truth", self.truth),
            ("GET", "/truth/journal", self.journal),
            ("GET", "/_sandbox/merchants", self.merchants),
            ("POST", "/_sandbox/merchants", self.enrol),
            ("GET", "/_sandbox/webhooks", self.callbacks),
            ("POST", "/_sandbox/webhooks/resend", self.resend),
            ("POST", "/_sandbox/settle", self.settle),
        ):
            provider.on(method, path, handler)

    def home(self, asked: Asked) -> Answer:
        provider = self._of
        return provider.pages.page(
            "home.html",
            about=provider.about,
            name=provider.name,
            merchants=list(provider.book.table("merchants").values()),
            kinds=list(provider.faults.kinds.values()),
            faults=provider.faults.settings(),
            clock=provider.clock.setting,
            now=provider.clock.now(),
            deliveries=self._latest(""),
            recent=provider.recent(SHOWN),
            note=asked.query.get("note", ""),
        )

    def health(self, _: Asked) -> Answer:
        return as_json({"status": "ok", "provider": self._of.name})

    def truth(self, asked: Asked) -> Answer:
        return self._of.settled_truth(self._merchant(asked.query.get("merchant", "")))

    def journal(self, asked: Asked) -> Answer:
        """The record itself: lines after a number, as they are on disk."""
        after = _whole(asked.query.get("after", "0"))
        found: list[Row] = []
        with self._of.journal.path.open("rb") as lines:
            for raw in lines:
                line = msgspec.json.decode(raw) if raw.endswith(b"\n") else {"n": 0}
                if line["n"] > after:
                    found.append(line)
                if len(found) == LINES_AT_ONCE:
                    break
        return as_json({"lines": found})

    def merchants(self, _: Asked) -> Answer:
        rows = [_hidden(row) for row in self._of.book.table("merchants").values()]
        return as_json({"merchants": rows})

    def enrol(self, asked: Asked) -> Answer:
        given = asked.document()
        try:
            row = self._of.enrol(given)
        except KeyError as missing:
            return as_json({"error": f"{missing.args[0]} is required"}, 400)
        return done(asked, "Merchant saved", _hidden(row))

    def callbacks(self, asked: Asked) -> Answer:
        return as_json(
            {"deliveries": self._latest(self._merchant(asked.query.get("merchant", "")))}
        )

    def resend(self, asked: Asked) -> Answer:
        event = str(asked.document().get("event", ""))
        if not self._of.hooks.resend(event):
            return as_json({"error": "no such event, or its merchant has no address"}, 404)
        return done(asked, "Callback queued again", {"event": event})

    async def settle(self, asked: Asked) -> Answer:
        """Let all that waits happen now, and wait (`wait_s`, 10) until its callbacks were tried."""
        given = asked.document()
        try:
            until = time.monotonic() + min(float(given.get("wait_s") or 10), LONGEST_WAIT_S)
        except (TypeError, ValueError):
            return as_json({"error": "wait_s is a number of seconds"}, 400)
        settled = self._of.later.hurry()
        while self._of.hooks.outstanding("") and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        left = self._of.hooks.outstanding("")
        return done(asked, "Settled", {"settled": settled, "callbacks_left": left})

    def _latest(self, merchant: str) -> list[Row]:
        rows = [
            row
            for row in self._of.book.table("deliveries").values()
            if merchant in ("", row["merchant"])
        ]
        return [{k: v for k, v in row.items() if k != "body"} for row in reversed(rows[-200:])]

    def _merchant(self, named: str) -> str:
        """A merchant's id from its id or its key."""
        for row in self._of.book.table("merchants").values():
            if named and named in (row["id"], row["secret_key"], row.get("app_token")):
                return str(row["id"])
        return named


def _hidden(row: Row) -> Row:
    """A merchant's row with only the ends of its secrets."""
    return {k: f"…{str(v)[-4:]}" if k in SECRETS and v else v for k, v in row.items()}


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0
