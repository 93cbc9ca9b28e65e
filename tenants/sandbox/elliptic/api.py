"""The chain analyst stand-in: signed requests, one answer per transfer, and the source by hand."""

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from sandbox.common.book import Row, fresh
from sandbox.common.faults import Kind
from sandbox.common.provider import Provider
from sandbox.common.site import Options
from sandbox.common.wire import Answer, Asked, Refused, as_json, done

TOLERANCE_MS = 300_000
SOURCES: tuple[tuple[str, Row], ...] = (
    ("An exchange", {"score": 0.3, "category": "Exchange", "entity": "A known exchange"}),
    ("A mixer", {"score": 6.2, "category": "Mixer", "entity": "A mixing service"}),
    (
        "A sanctioned one",
        {"score": 10, "category": "Sanctioned Entity", "entity": "A listed party", "listed": True},
    ),
    ("Unknown", {"score": None, "category": "", "entity": ""}),
)


class Elliptic(Provider):
    name: ClassVar[str] = "elliptic"
    title: ClassVar[str] = "Elliptic stand-in"
    about: ClassVar[str] = (
        "Tells where the coins of a transfer came from: an exchange, unless it is told otherwise "
        "below or the hash begins with 6d (a mixer) or 5a (a listed party)."
    )
    accent: ClassVar[str] = "#7a3ff2"
    templates: ClassVar[Path] = Path(__file__).parent
    own_kinds: ClassVar[tuple[Kind, ...]] = (
        Kind("running", "Analyses are not finished yet"),
        Kind("unseen", "Transfers are not known yet"),
    )
    callback_kinds: ClassVar[tuple[Kind, ...]] = ()

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.on("POST", "/v2/analyses/synchronous", self._analyse, "analyses.create")
        self.on("GET", "/v2/analyses", self._list, "read")
        self.on("POST", "/_sandbox/sources", self._source)

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        del merchant, raw, at
        return {}

    def bend(self, document: Row, what: str) -> Row:
        del what
        return document

    def merchant_of(self, asked: Asked) -> Row:
        key = asked.headers.get("x-access-key", "")
        at = asked.headers.get("x-access-timestamp", "")
        mark = asked.headers.get("x-access-sign", "")
        rows = self.book.table("merchants").values()
        merchant = next((row for row in rows if row["api_key"] == key), None)
        if merchant is None:
            raise Refused(self.failure(401, "Unknown API key"))
        if not at.isdigit() or abs(time.time() * 1000 - int(at)) > TOLERANCE_MS:
            raise Refused(self.failure(401, "Timestamp out of range"))
        if not hmac.compare_digest(
            _mark(merchant["api_secret"], at, asked).encode(), mark.encode()
        ):
            raise Refused(self.failure(401, "Signature mismatch"))
        return merchant

    def merchant_row(self, given: Row) -> Row:
        return {
            "id": str(given.get("id") or fresh("ws_")),
            "name": str(given.get("name") or "Workspace"),
            "api_key": str(given["api_key"]),
            "api_secret": str(given["api_secret"]),
            "webhook_url": "",
        }

    def failure(self, status: int, message: str) -> Answer:
        return as_json({"name": f"E{status}", "message": message}, status)

    def truth(self, merchant: str) -> Row:
        rows = self.book.table("analyses").values()
        return {"analyses": [row for row in rows if merchant in ("", row["_merchant"])]}

    def recent(self, count: int) -> list[Row]:
        rows = list(self.book.table("analyses").values())[-count:]
        return [
            {
                "at": row["_at"],
                "what": f"{row['customer']} {row['hash'][:16]}",
                "id": row["hash"],
                "amount": "",
                "status": str(row["score"]),
                "link": "",
                "acts": [
                    {
                        "says": says,
                        "path": "/_sandbox/sources",
                        "fields": {"hash": row["hash"], "source": says},
                    }
                    for says, _ in SOURCES
                ],
            }
            for row in reversed(rows)
        ]

    def _source(self, asked: Asked) -> Answer:
        """{hash, source: one of the page's words} or {hash, score, category, percent, entity}."""
        given = asked.document()
        named = dict(SOURCES).get(str(given.get("source") or ""))
        hashed = str(given.get("hash") or "")
        if not hashed or (named is None and "score" not in given):
            return as_json({"error": "hash, and a source or a score"}, 400)
        told = (
            named if named is not None else {name: given[name] for name in given if name != "hash"}
        )
        self.book.put("source.told", "sources", {"id": hashed, **told})
        return done(asked, "Told", dict(told))

    def _list(self, asked: Asked) -> Answer:
        merchant = self.merchant_of(asked)
        rows = [r for r in self.book.table("analyses").values() if r["_merchant"] == merchant["id"]]
        return as_json({"items": [{"id": row["id"]} for row in rows[:1]], "total": len(rows)})

    def _analyse(self, asked: Asked) -> Answer:
        merchant, body = self.merchant_of(asked), asked.document()
        subject = body.get("subject") or {}
        hashed, address = str(subject.get("hash") or ""), str(subject.get("output_address") or "")
        wrong = body.get("type") != "source_of_funds" or subject.get("type") != "transaction"
        if wrong or not hashed or not address or not body.get("customer_reference"):
            return self.failure(400, "subject, type and customer_reference are required")
        if self.faults.strike("unseen", merchant=merchant["id"]) is not None:
            return self.failure(404, "Transaction not found")
        told = self.book.table("sources").get(hashed) or _by_hash(hashed)
        row: Row = {
            "id": fresh("", 32),
            "_merchant": merchant["id"],
            "_at": self.clock.iso(),
            "customer": str(body["customer_reference"]),
            "hash": hashed,
            "score": told["score"],
        }
        self.book.put("analysis.made", "analyses", row)
        running = self.faults.strike("running", merchant=merchant["id"]) is not None
        return as_json(_analysis(row["id"], body, told, running=running))


def _by_hash(hashed: str) -> Row:
    plain = hashed.removeprefix("0x").lower()
    place = 1 if plain.startswith("6d") else 2 if plain.startswith("5a") else 0
    return dict(SOURCES[place][1])


def _analysis(name: str, body: Row, told: Row, *, running: bool) -> Row:
    now = datetime.now(UTC).isoformat()
    percent = told.get("percent", 100)
    entity = {
        "entity": told.get("entity", ""),
        "contribution_percentage": percent,
        "risk_triggers": {"is_sanctioned": bool(told.get("listed"))},
        "min_number_of_hops": 1,
    }
    element = {
        "category": told.get("category", ""),
        "contribution_percentage": percent,
        "contributions": [entity],
    }
    rule = {
        "rule_id": "1",
        "rule_name": "Source of funds",
        "risk_score": told["score"],
        "matched_elements": [element],
    }
    return {
        "id": name,
        "type": body["type"],
        "subject": body["subject"],
        "created_at": now,
        "analysed_at": None if running else now,
        "customer": {"reference": body["customer_reference"]},
        "process_status": "running" if running else "complete",
        "risk_score": None if running else told["score"],
        "evaluation_detail": [rule] if told.get("category") and not running else [],
    }


def _mark(secret: str, at: str, asked: Asked) -> str:
    body = asked.content or b"{}"
    message = f"{at}{asked.method.upper()}{asked.target.lower()}".encode() + body
    return base64.b64encode(
        hmac.new(base64.b64decode(secret), message, hashlib.sha256).digest()
    ).decode()
