"""What was told to a broker's own systems: each delivery, its proof, and how it was answered.

Signatures are checked by the recipe of Standard Webhooks alone: HMAC-SHA256 over
`id.timestamp.body` with the secret's bytes, as `v1,<base64>`, one of several while a secret is
exchanged; a timestamp more than five minutes off is no proof.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import ClassVar, Final

from sandbox.common.book import Row
from sandbox.common.site import Options, Site
from sandbox.common.wire import Answer, Asked, Refused, as_json, done

KEPT: Final = 1_000
SHOWN: Final = 100
TOLERANCE_S: Final = 300
REFUSALS: Final = (500, 503, 429, 410)


class Listener(Site):
    name: ClassVar[str] = "listener"
    title: ClassVar[str] = "A broker's own systems"
    about: ClassVar[str] = "Hears webhooks, checks their signatures, and answers as it is told."
    accent: ClassVar[str] = "#0f6e84"
    templates: ClassVar[Path] = Path(__file__).parent / "templates"

    def __init__(self, options: Options) -> None:
        super().__init__(options, ())
        for method, path, handler in (
            ("GET", "/", self.listing),
            ("GET", "/heard/{id}", self.show),
            ("POST", "/in/{system}", self.hear),
            ("POST", "/_sandbox/systems", self.set_system),
            ("GET", "/health", self.health),
            ("GET", "/truth", self.truth),
        ):
            self.on(method, path, handler)

    def failure(self, status: int, message: str) -> Answer:
        return as_json({"error": message}, status)

    # What the product calls.

    def hear(self, asked: Asked) -> Answer:
        """Write down what came, and answer as this system is set to."""
        system = self._system(asked.params["system"])
        refusing = int(system.get("refuse") or 0)
        status = int(system.get("with") or 503) if refusing else 204
        number = str(max(map(int, self.book.table("heard")), default=0) + 1)
        body = asked.content.decode("utf-8", "replace")
        self.book.put(
            "delivery",
            "heard",
            {
                "id": number,
                "at": time.time(),
                "system": system["id"],
                "webhook": asked.headers.get("webhook-id", ""),
                "kind": _kind(body),
                "proof": proof(system.get("secrets") or [], asked, time.time()),
                "answer": status,
                "headers": sorted(asked.headers.items()),
                "body": body,
            },
        )
        if refusing:
            self.book.change("refused", "systems", system["id"], refuse=refusing - 1)
        self._make_room()
        if status == 204:
            return Answer(204, b"", ())
        return as_json({"error": "This system was told not to take it."}, status)

    # Pages and levers.

    def listing(self, asked: Asked) -> Answer:
        only = asked.query.get("system", "")
        rows = [row for row in self._heard() if only in ("", row["system"])]
        times: dict[str, int] = {}
        for row in rows:
            times[row["webhook"]] = times.get(row["webhook"], 0) + 1
        return self.pages.page(
            "heard.html",
            rows=rows[:SHOWN],
            times=times,
            only=only,
            systems=sorted(self.book.table("systems").values(), key=lambda row: row["id"]),
            refusals=REFUSALS,
            note=asked.query.get("note", ""),
        )

    def show(self, asked: Asked) -> Answer:
        row = self.book.get("heard", asked.params["id"])
        if row is None:
            raise Refused(self.pages.absent("Nothing of that number", "All that was heard"))
        return self.pages.page("heard_one.html", row=row, body=_pretty(row["body"]))

    def set_system(self, asked: Asked) -> Answer:
        """Its signing secrets, and how many of the next deliveries it refuses, with what."""
        given = asked.document()
        name = str(given.get("system") or "").strip()
        if not name or "/" in name:
            return self.failure(400, "system is the name behind /in/")
        row = dict(self._system(name))
        if (secret := str(given.get("secret") or "").strip()) and secret not in row["secrets"]:
            row["secrets"] = [secret, *row["secrets"]][:2]
        if "refuse" in given:
            refuse = str(given["refuse"] or "0")
            if not refuse.isdecimal():
                return self.failure(400, "refuse is a number of deliveries")
            row["refuse"] = int(refuse)
        if "with" in given:
            if str(given["with"]) not in map(str, REFUSALS):
                return self.failure(400, f"with is one of {REFUSALS}")
            row["with"] = int(str(given["with"]))
        self.book.put("system", "systems", row)
        return done(asked, f"{name} is set", {"system": name, "refuse": row["refuse"]})

    def health(self, _: Asked) -> Answer:
        return as_json({"status": "ok", "provider": self.name})

    def truth(self, asked: Asked) -> Answer:
        """What was heard, the oldest first; `system` names whose."""
        only = asked.query.get("system", "")
        told = ("id", "at", "system", "webhook", "kind", "proof", "answer", "body")
        rows = [row for row in self._heard() if only in ("", row["system"])]
        return as_json({"heard": [{name: row[name] for name in told} for row in reversed(rows)]})

    # Rows.

    def _system(self, name: str) -> Row:
        known = self.book.get("systems", name)
        return known or {"id": name, "secrets": [], "refuse": 0, "with": 503}

    def _heard(self) -> list[Row]:
        return sorted(self.book.table("heard").values(), key=lambda row: -int(row["id"]))

    def _make_room(self) -> None:
        for row in self._heard()[KEPT:]:
            self.book.drop("room", "heard", row["id"])


def proof(secrets: list[str], asked: Asked, now: float) -> str:
    """Whether a delivery proves who sent it: `good`, or why not."""
    said = asked.headers.get("webhook-signature", "")
    at = asked.headers.get("webhook-timestamp", "")
    if not said or not at.isdecimal():
        return "unsigned"
    if not secrets:
        return "no secret known"
    if abs(now - int(at)) > TOLERANCE_S:
        return "too old"
    signed = f"{asked.headers.get('webhook-id', '')}.{at}.".encode() + asked.content
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            continue
        mine = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if any(hmac.compare_digest(f"v1,{mine}".encode(), one.encode()) for one in said.split(" ")):
            return "good"
    return "wrong signature"


def _kind(body: str) -> str:
    try:
        return str(json.loads(body)["type"])
    except (ValueError, KeyError, TypeError):
        return "?"


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
