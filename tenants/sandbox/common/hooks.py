"""Callbacks to the merchants: signed, retried with back-off until a 2xx, bent when a fault says so."""

import asyncio
import heapq
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec

from sandbox.common.book import Book, Row, fresh
from sandbox.common.clock import Clock
from sandbox.common.dial import dial
from sandbox.common.faults import Faults

# Given a merchant's row, the raw body and the time: the headers that prove who speaks.
Sign = Callable[[Row, bytes, int], dict[str, str]]
# Given a document and what to falsify ("amount", "currency", "reference"): the falsified document.
Bend = Callable[[Row, str], Row]

AT_ONCE = 32
AT_ONCE_PER_MERCHANT = 6
SLOWEST_RETRY_S = 300.0
GIVE_UP_S = 3 * 86_400.0
KEPT = 3_000
PENDING = "pending"
# Deliveries nobody honest would send are tried once: no one retries a forgery until it works.
HOSTILE = frozenset({"forged", "unsigned", "other_merchant"})
BENT = {
    "callback_mutated_amount": "amount",
    "callback_mutated_currency": "currency",
    "callback_mutated_verdict": "verdict",
    "callback_other_reference": "reference",
}


class Hooks:
    def __init__(
        self, book: Book, clock: Clock, faults: Faults, *, sign: Sign, bend: Bend, base_s: float
    ) -> None:
        self._book, self._clock, self._faults = book, clock, faults
        self._sign, self._bend = sign, bend
        self._base_s = base_s
        self._heap: list[tuple[float, str]] = []
        self._running: dict[str, asyncio.Task[None]] = {}
        self._busy: Counter[str] = Counter()
        self._parked: defaultdict[str, deque[str]] = defaultdict(deque)
        self._ended: deque[Row] = deque()
        self._open: dict[str, Row] = {}
        self._open_of: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._client: httpx2.AsyncClient | None = None
        self.tally: Counter[str] = Counter()
        book.watch("deliveries", self._queue)

    def tell(self, merchant: str, event: str, kind: str, document: Row, subject: str) -> None:
        """Queue one event for a merchant; `subject` is the id of what it is about."""
        row = self._book.get("merchants", merchant)
        if row is None:
            return
        raw = msgspec.json.encode(document).decode()
        kept: Row = {"id": event, "merchant": merchant, "kind": kind, "subject": subject}
        with self._book.together():
            self._book.put(f"event {kind}", "events", {**kept, "body": raw})
            if row.get("webhook_url"):
                self._plan(row, kept, document)

    def resend(self, event: str) -> bool:
        """Send an event once more, as a person at the provider's desk would."""
        kept = self._book.get("events", event)
        row = self._book.get("merchants", kept["merchant"]) if kept else None
        if kept is None or row is None or not row.get("webhook_url"):
            return False
        self._deliver(row, kept, "resent")
        return True

    def outstanding(self, merchant: str) -> int:
        """How many deliveries to a merchant, or (empty) to all, were not tried even once."""
        untried = (row for row in self._open.values() if not row["tries"])
        return sum(1 for row in untried if merchant in ("", row["merchant"]))

    async def run(self) -> None:
        while True:
            self._start_due()
            self._wake.clear()
            wait = max(0.0, self._heap[0][0] - time.time()) if self._heap else None
            if len(self._running) >= AT_ONCE:
                wait = None  # the end of any of them wakes us
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    async def close(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _plan(self, row: Row, event: Row, document: Row) -> None:
        """Decide what becomes of a new event: sent, bent, late, many times or never."""
        about: dict[str, Any] = {"on": event["kind"], "merchant": row["id"]}
        if self._faults.strike("callback_lost", **about):
            self._deliver(row, event, "lost", state="lost")
            return
        self._add_hostile(row, event, about)
        how = self._bent(document, about)
        late = self._faults.strike("callback_delay", **about)
        held = self._faults.strike("callback_out_of_order", **about)
        how["wait_s"] = sum(strike.seconds for strike in (late, held) if strike is not None)
        self._deliver(row, event, held=held is not None, **how)
        if (more := self._faults.strike("callback_duplicate", **about)) is not None:
            for _ in range(more.times):
                self._deliver(row, event, **{**how, "twist": "duplicate"})

    def _add_hostile(self, row: Row, event: Row, about: dict[str, Any]) -> None:
        for code, twist in (("callback_forged", "forged"), ("callback_unsigned", "unsigned")):
            if self._faults.strike(code, **about):
                self._deliver(row, event, twist)
        other = self._another(row)
        if other is not None and self._faults.strike("callback_other_merchant", **about):
            self._deliver(row, event, "other_merchant", to=other["webhook_url"])

    def _bent(self, document: Row, about: dict[str, Any]) -> dict[str, Any]:
        """How the document is falsified, if it is: what was bent and the body that tells it."""
        how: dict[str, Any] = {"twist": "", "body": None}
        for code, what in BENT.items():
            if self._faults.strike(code, **about):
                document = self._bend(document, what)
                how = {"twist": what, "body": msgspec.json.encode(document).decode()}
        return how

    def _another(self, row: Row) -> Row | None:
        for other in self._book.table("merchants").values():
            if other["id"] != row["id"] and other.get("webhook_url"):
                return other
        return None

    def _deliver(self, row: Row, event: Row, twist: str = "", **how: Any) -> None:
        now = time.time()
        delivery: Row = {
            "id": fresh("d_", 12),
            "event": event["id"],
            "kind": event["kind"],
            "merchant": row["id"],
            "to": how.get("to") or row["webhook_url"],
            "twist": twist,
            "body": how.get("body"),
            "held": how.get("held", False),
            "began": now,
            "due": now + how.get("wait_s", 0.0),
            "tries": 0,
            "last": None,
            "state": how.get("state", PENDING),
        }
        self._book.put(f"callback.queued {twist}".strip(), "deliveries", delivery)

    def _queue(self, row: Row) -> None:
        """Follow each delivery row, also while the journal is read back."""
        if row["state"] == PENDING:
            if row["id"] not in self._open:
                self._open_of[row["event"]] += 1
            self._open[row["id"]] = row
            heapq.heappush(self._heap, (row["due"], row["id"]))
            self._wake.set()
            return
        if self._open.pop(row["id"], None) is not None:
            self._open_of[row["event"]] -= 1
        self.tally[f"{row['twist'] or 'genuine'} {row['state']} {row['last'] or ''}".strip()] += 1
        self._ended.append(row)
        while len(self._ended) > KEPT:
            self._forget(self._ended.popleft())

    def _forget(self, old: Row) -> None:
        """Let go of what is over; the journal still has it."""
        self._book.table("deliveries").pop(old["id"], None)
        if self._open_of[old["event"]] <= 0:
            del self._open_of[old["event"]]
            self._book.table("events").pop(old["event"], None)

    def _start_due(self) -> None:
        now = time.time()
        while self._heap and self._heap[0][0] <= now and len(self._running) < AT_ONCE:
            due, key = heapq.heappop(self._heap)
            row = self._book.get("deliveries", key)
            if row is None or row["state"] != PENDING or row["due"] != due or key in self._running:
                continue
            if self._busy[row["merchant"]] >= AT_ONCE_PER_MERCHANT:
                # One dead merchant must not hold up the others.
                self._parked[row["merchant"]].append(key)
                continue
            self._busy[row["merchant"]] += 1
            self._running[key] = asyncio.create_task(self._run_one(row))

    async def _run_one(self, row: Row) -> None:
        said: int | str = "stopped"
        try:
            await self._book.journal.settled()
            said = await self._send(row)
        finally:
            del self._running[row["id"]]
            self._busy[row["merchant"]] -= 1
            parked = self._parked[row["merchant"]]
            waiting = self._open.get(parked.popleft()) if parked else None
            if waiting is not None:
                heapq.heappush(self._heap, (waiting["due"], waiting["id"]))
            self._wake.set()
        self._conclude(row, said)

    async def _send(self, row: Row) -> int | str:
        merchant = self._book.get("merchants", row["merchant"])
        event = self._book.get("events", row["event"])
        if merchant is None or event is None:
            return "gone"
        raw = (row["body"] or event["body"]).encode()
        if row["twist"] == "forged":
            merchant = {**merchant, "webhook_secret": fresh("whsec_", 32)}
        signed = self._sign(merchant, raw, self._clock.signing())
        if row["twist"] == "unsigned":
            signed = {}
        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=15.0, trust_env=False)
        url, host = dial(row["to"])
        headers = {"content-type": "application/json", "host": host, **signed}
        try:
            answer = await self._client.post(url, content=raw, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as why:
            return type(why).__name__
        return answer.status_code

    def _conclude(self, row: Row, said: int | str) -> None:
        tries = row["tries"] + 1
        fine = isinstance(said, int) and 200 <= said < 300
        state = "delivered" if fine else PENDING
        if not fine and (row["twist"] in HOSTILE or time.time() - row["began"] > GIVE_UP_S):
            state = "given_up"
        wait = min(self._base_s * 2 ** min(tries - 1, 12), SLOWEST_RETRY_S)
        with self._book.together():
            new = {"tries": tries, "last": said, "state": state, "due": time.time() + wait}
            self._book.change(f"callback.tried {said}", "deliveries", row["id"], **new)
            if fine:
                self._let_go(row)

    def _let_go(self, passed: Row) -> None:
        """What was held back to arrive out of order follows the one that overtook it."""
        for other in list(self._open.values()):
            overtaken = other["began"] <= passed["began"] and other["event"] != passed["event"]
            if other["held"] and overtaken and other["merchant"] == passed["merchant"]:
                self._book.change(
                    "callback.let_go", "deliveries", other["id"], held=False, due=time.time()
                )
