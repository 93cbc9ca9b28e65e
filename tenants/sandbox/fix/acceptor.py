"""The acceptor's side of the session: logon, numbers, resends, heartbeats, and the copied fills."""

import asyncio
import time
from contextlib import suppress

from sandbox.fix import reports, wire
from sandbox.fix.faults import Faults
from sandbox.fix.store import Anew, Executed, Heard, Sent, Store
from sandbox.fix.wire import BrokenError, Fields, value
from sandbox.trading.hub import Hub

_ADMIN = frozenset("012345A")
_TICK_S = 0.02


class Acceptor:
    """Listens on loopback for one initiator; a second one is refused while the first is there."""

    def __init__(
        self, hub: Hub, store: Store, faults: Faults, *, names: tuple[str, str], password: str
    ) -> None:
        self.hub = hub
        self.store = store
        self.faults = faults
        self.names = names
        self.form = "8"
        self.prefix = ""
        self.paused = False
        self.logons = 0
        self.refused = 0
        self._password = password
        self._server: asyncio.Server | None = None
        self._client: Client | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    @property
    def logged_on(self) -> bool:
        return self._client is not None and self._client.open

    def cut(self) -> None:
        if self._client is not None:
            self._client.writer.transport.abort()

    async def copy(self) -> None:
        """Tell of every trade of the market, in its order, until cancelled."""
        seen = 0
        while True:
            await asyncio.sleep(_TICK_S)
            last = self.hub.book.last_deal
            if last == seen or self.paused:
                continue
            fresh = [
                deal
                for account in self.hub.book.accounts.values()
                for deal in account.deals
                if deal.deal > seen and deal.trade and deal.deal not in self.store.copied
            ]
            for deal in sorted(fresh, key=lambda one: one.deal):
                account = f"{self.prefix}{deal.login}"
                at = wire.stamp_ms(deal.time)
                one = reports.executed(self.hub, deal, f"E{deal.deal}", account, at)
                self.tell(one, "", deal=deal.deal)
            seen = last

    def tell(self, one: Executed, about: str, deal: int = 0) -> int:
        """Write an execution down, give it a number, and send it to whoever listens."""
        self.store.put(one)
        return self.send(self.form, reports.report(one, about, self.form), deal=deal)

    def send(self, kind: str, body: Fields, deal: int = 0) -> int:
        seq = self.store.next_out
        sent = Sent(seq, kind, body, wire.stamp(), deal)
        self.store.put(sent)
        if self._client is not None and (self._client.open or kind == "A"):
            self._client.put(sent)
        return seq

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._client is not None:
            self.refused += 1
            writer.close()
            return
        client = Client(self, reader, writer)
        self._client = client
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            await client.run()
        except (OSError, EOFError, BrokenError, TimeoutError, ValueError):
            pass  # The other side is gone, or speaks something else.
        finally:
            self._client = None
            if task is not None:
                self._tasks.discard(task)
            with suppress(OSError):
                writer.close()

    def right(self, fields: Fields) -> bool:
        return not self._password or value(fields, 554) == self._password

    def anew(self, next_in: int, next_out: int, *, forget: bool = True) -> None:
        self.store.put(Anew(next_in, next_out, forget))


class Client:
    """One connection."""

    def __init__(
        self, acceptor: Acceptor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._of = acceptor
        self._reader = reader
        self.writer = writer
        self.open = False
        self._begin = "FIX.4.4"
        self._heart_s = 30
        self._held: bytes = b""
        self._heard = time.monotonic()
        self._probed = 0.0
        self._wrote = time.monotonic()

    async def run(self) -> None:
        held = bytearray()
        while True:
            try:
                async with asyncio.timeout(0.2):
                    piece = await self._reader.read(65_536)
            except TimeoutError:
                self._tick()
                continue
            if not piece:
                return
            held += piece
            while (found := wire.read(held)) is not None:
                self._heard, self._probed = time.monotonic(), 0.0
                if not self._take(*found):
                    await self.writer.drain()
                    return
            await self.writer.drain()

    def put(self, sent: Sent) -> None:
        """One message out, with whatever bad luck is ordered."""
        faults = self._of.faults
        data = self._encode(sent, again=False)
        if sent.kind in _ADMIN:
            self._write(data)
        elif faults.fires("drop"):
            return
        elif faults.fires("garble"):
            self._write(faults.bent(data))
        elif faults.fires("reorder"):
            self._held = data
            return
        elif faults.fires("cut"):
            self._write(data[: faults.random.randrange(1, len(data))])
            self.writer.transport.abort()
            return
        else:
            self._write(data)
            if faults.fires("duplicate"):
                self._write(self._encode(sent, again=True))
        if self._held:
            self._write(self._held)
            self._held = b""
        if faults.fires("possdup") and self._of.store.sent:
            old = faults.random.choice(list(self._of.store.sent.values()))
            if old.kind not in _ADMIN:
                self._write(self._encode(old, again=True))

    def _tick(self) -> None:
        now = time.monotonic()
        if not self.open:
            return
        if now - self._wrote >= self._heart_s:
            self._of.send("0", [])
        if now - self._heard > self._heart_s * 1.2:
            if not self._probed:
                self._probed = now
                self._of.send("1", [(112, "are-you-there")])
            elif now - self._probed > self._heart_s:
                self.writer.transport.abort()

    def _take(self, begin: str, fields: Fields) -> bool:
        """One message in; whether the connection goes on."""
        store, kind = self._of.store, value(fields, 35)
        seq = int(value(fields, 34))
        if not self.open:
            return kind == "A" and self._logon(begin, fields, seq)
        if kind == "4" and value(fields, 123) != "Y":
            store.put(Heard(max(int(value(fields, 36)), store.next_in)))
            return True
        if seq < store.next_in:
            if value(fields, 43) == "Y":
                return True
            return self._bye(f"MsgSeqNum too low, expecting {store.next_in} but received {seq}")
        if kind == "2":
            self._resend(int(value(fields, 7)), int(value(fields, 16)))
        if seq > store.next_in:
            if kind != "5":
                self._of.send("2", [(7, str(store.next_in)), (16, "0")])
                return True
        else:
            following = int(value(fields, 36)) if kind == "4" else seq + 1
            store.put(Heard(following))
        if kind == "1":
            self._of.send("0", [(112, value(fields, 112))])
        if kind == "5":
            self._of.send("5", [])
            return False
        return True

    def _logon(self, begin: str, fields: Fields, seq: int) -> bool:
        store, (ours, theirs) = self._of.store, self._of.names
        named = (value(fields, 49), value(fields, 56)) == (theirs, ours)
        if not named or begin not in {"FIX.4.4", "FIXT.1.1"}:
            return False
        self._begin = begin
        if begin == "FIXT.1.1" and value(fields, 1137) != "9":
            return False
        if not self._of.right(fields) or self._of.faults.fires("refuse"):
            self._of.refused += 1
            return self._bye("not authorised")
        anew = value(fields, 141) == "Y"
        if anew:
            self._of.anew(1, 1)
        if seq < store.next_in:
            return self._bye(f"MsgSeqNum too low, expecting {store.next_in} but received {seq}")
        self._heart_s = int(value(fields, 108))
        self._of.logons += 1
        body: Fields = [(98, "0"), (108, str(self._heart_s))]
        if anew:
            body.append((141, "Y"))
        if begin == "FIXT.1.1":
            body.append((1137, "9"))
        self._of.send("A", body)
        self.open = True
        if seq > store.next_in:
            self._of.send("2", [(7, str(store.next_in)), (16, "0")])
        else:
            store.put(Heard(seq + 1))
        return True

    def _bye(self, text: str) -> bool:
        seq = self._of.store.next_out
        self._of.store.put(Sent(seq, "5", [(58, text)], wire.stamp()))
        self._write(self._encode(self._of.store.sent[seq], again=False))
        return False

    def _resend(self, first: int, last: int) -> None:
        """What was sent, again and as possible duplicates; signs of life are filled over."""
        store = self._of.store
        end = min(last or store.next_out - 1, store.next_out - 1)
        if self._of.faults.fires("late"):
            first = max(first, end)
        at = first
        for seq in range(first, end + 1):
            sent = store.sent.get(seq)
            if sent is None or sent.kind in _ADMIN:
                continue
            if at < seq:
                self._fill(at, seq)
            self._write(self._encode(sent, again=True))
            at = seq + 1
        if at <= end:
            self._fill(at, end + 1)

    def _fill(self, seq: int, following: int) -> None:
        body: Fields = [(123, "Y"), (36, str(following))]
        self._write(self._encode(Sent(seq, "4", body, wire.stamp()), again=True))

    def _encode(self, sent: Sent, *, again: bool) -> bytes:
        ours, theirs = self._of.names
        head: Fields = [(35, sent.kind), (49, ours), (56, theirs), (34, str(sent.seq))]
        if again:
            head += [(43, "Y"), (122, sent.at)]
        return wire.write(self._begin, [*head, (52, wire.stamp()), *sent.body])

    def _write(self, data: bytes) -> None:
        self._wrote = time.monotonic()
        if self._of.faults.fires("split"):
            for at in range(len(data)):
                self.writer.write(data[at : at + 1])
            return
        self.writer.write(data)
