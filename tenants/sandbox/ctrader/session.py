"""One client of the Manager API: hello, log in, questions and answers, and events unasked."""

import asyncio
import hashlib
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sandbox.ctrader import entities, wire
from sandbox.ctrader.answers import Answers
from sandbox.ctrader.errors import NamedError
from sandbox.ctrader.messages import Execution, Kind
from sandbox.ctrader.plant import SYMBOL_IDS, Plant
from sandbox.trading.book import Account
from sandbox.trading.market import Quote
from sandbox.trading.records import Deal, Entry, Record, User
from sandbox.trading.symbols import SYMBOLS, Symbol

FRAME_MAX: Final = 1 << 20
SILENCE_S: Final = 30.0
HEARTBEAT_S: Final = 10.0
_SPOT_S: Final = 0.5
_SPOT_SCALE: Final = 5
_HELD_MAX: Final = 1 << 24
_PERMISSIONS: Final = [1, 2, 3, 5, 6, 9, 20, 140, 150]
_NAMES: Final = {value: name for name, value in vars(Kind).items() if isinstance(value, int)}


class Session:
    """Lives as long as its connection."""

    def __init__(
        self, plant: Plant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._plant = plant
        self._reader = reader
        self._writer = writer
        self._answers: Answers | None = None
        self._spots: set[str] = set()
        self._event = 0
        self._allowed: int | None = None

    async def run(self) -> None:
        self.send(Kind.HELLO_EVENT, "Empty", {})
        beating = asyncio.create_task(self._beat())
        quoting = asyncio.create_task(self._quote())
        self._plant.listeners.add(self.hear)
        try:
            while (frame := await self._frame()) is not None:
                if not await self._serve(frame):
                    break
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            self._plant.listeners.discard(self.hear)
            beating.cancel()
            quoting.cancel()
            with suppress(OSError):
                self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    def cut(self, after: int) -> bool:
        """Let so many bytes more go out, and no more. False where nobody is logged in, or it is cut."""
        if self._answers is None or self._allowed is not None:
            return False
        self._allowed = max(0, after)
        if not self._allowed:
            self.abort()
        return True

    def send(self, kind: int, name: str, values: dict[str, Any], told: str | None = None) -> None:
        envelope = {
            "payloadType": kind,
            "payload": wire.encode(name, values),
            "clientMsgId": told,
        }
        body = wire.encode("Envelope", envelope)
        self._write(struct.pack(">I", len(body)) + body)

    def hear(self, records: Sequence[Record]) -> None:
        """Tell what was written into the journal, if this manager may see whose it is."""
        if self._answers is None:
            return
        for record in records:
            if isinstance(record, Deal | User):
                account = self._plant.book.account(record.login)
                if account is not None and self._answers.sees(account):
                    self._tell(account, record)

    def _tell(self, account: Account, record: Deal | User) -> None:
        if isinstance(record, User):
            told = {"trader": entities.trader(self._plant, account), "operation": 3}
            self.send(Kind.TRADER_CHANGED_EVENT, "TraderChangedEvent", told)
            return
        self._event += 1
        event: dict[str, Any] = {
            "eventId": self._event,
            "isServerEvent": entities.by_desk(record),
        }
        if record.trade:
            event["executionType"] = Execution.FILLED
            event["deal"] = entities.deal(self._plant, account, record)
            held = account.positions.get(record.position)
            if held is not None and record.entry == Entry.IN:
                event["position"] = entities.position(self._plant, account, held)
        elif entities.is_bonus(record):
            event["executionType"] = Execution.BONUS_DEPOSIT_WITHDRAW
            event["bonusDepositWithdraw"] = entities.bonus(self._plant, account, record)
        else:
            event["executionType"] = Execution.DEPOSIT_WITHDRAW
            event["depositWithdraw"] = entities.operation(self._plant, account, record)
        for _ in range(2 if self._plant.faults.fires("duplicate_deals") else 1):
            self.send(Kind.EXECUTION_EVENT, "ExecutionEvent", event)

    async def _frame(self) -> bytes | None:
        async with asyncio.timeout(SILENCE_S):
            head = await self._reader.readexactly(4)
            length = struct.unpack(">I", head)[0]
            if length > FRAME_MAX:
                self._refuse(NamedError("FRAME_TOO_LONG"), None)
                return None
            return await self._reader.readexactly(length)

    async def _serve(self, frame: bytes) -> bool:
        """Answer one frame; False ends the connection."""
        told: str | None = None
        faults = self._plant.faults
        try:
            envelope = wire.decode("Envelope", frame)
            told = envelope.get("clientMsgId")
            kind, payload = envelope.get("payloadType", 0), envelope.get("payload", b"")
            if kind == Kind.HEARTBEAT_EVENT:
                return True
            if faults.fires("disconnect"):
                self.abort()
                return False
            if (pause := faults.delay_s(_NAMES.get(kind, ""))) > 0:
                await asyncio.sleep(pause)
            if faults.fires("noise"):
                self.send(Kind.HEARTBEAT_EVENT, "Empty", {})
                self.send(987, "Empty", {}, "not-yours")
            await self._plant.still()
            return await self._answer(kind, payload, told)
        except wire.BrokenError as wrong:
            self._refuse(NamedError("INVALID_REQUEST", str(wrong)), told)
        except NamedError as wrong:
            self._refuse(wrong, told)
        return True

    async def _answer(self, kind: int, payload: bytes, told: str | None) -> bool:
        forced = self._plant.faults.force(_NAMES.get(kind, ""))
        if forced is not None:
            raise NamedError(f"CODE_{forced.code}")
        if kind == Kind.PING_REQ:
            self.send(Kind.PING_RES, "Ping", wire.decode("Ping", payload), told)
        elif kind == Kind.MANAGER_AUTH_REQ:
            return self._log_in(wire.decode("AuthReq", payload), told)
        elif self._answers is None:
            raise NamedError("NOT_ENOUGH_RIGHTS", "log in first")
        elif kind == Kind.SUBSCRIBE_SPOT_QUOTES_REQ:
            wanted = wire.decode("SubscribeSpotQuotesReq", payload).get("symbolId_list", [])
            names = {name for name, number in SYMBOL_IDS.items() if number in wanted}
            if len(names) != len(set(wanted)):
                raise NamedError("SYMBOL_NOT_FOUND")
            self.send(Kind.SUBSCRIBE_SPOT_QUOTES_RES, "Empty", {}, told)
            self._spots |= names
            for name in sorted(names):
                self._spot(SYMBOLS[name])
        elif kind in self._answers.known:
            asked, answer, name, do = self._answers.known[kind]
            self.send(answer, name, do(wire.decode(asked, payload)), told)
        else:
            raise NamedError("UNSUPPORTED_MESSAGE")
        await self._writer.drain()
        return True

    def _log_in(self, asked: dict[str, Any], told: str | None) -> bool:
        config = self._plant.config
        manager = config.manager(asked.get("login", 0))
        word = manager.password if manager is not None else ""
        right = hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
        ours = (config.name, self._plant.environment)
        place = (asked.get("plantId"), asked.get("environmentName"))
        wrong = asked.get("passwordHash") != right or place != ours
        if manager is None or not manager.enabled or wrong:
            self._refuse(NamedError("AUTHENTICATION_FAILED"), told)
            return False
        self._answers = Answers(self._plant, manager)
        self.send(Kind.MANAGER_AUTH_RES, "AuthRes", {"permission_list": _PERMISSIONS}, told)
        return True

    def _refuse(self, wrong: NamedError, told: str | None) -> None:
        values = {"errorCode": wrong.name, "description": str(wrong)}
        self.send(Kind.ERROR_RES, "Error", values, told)

    def _write(self, data: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > _HELD_MAX:
            self.abort()
            return
        if self._allowed is not None:
            data, self._allowed = data[: self._allowed], max(0, self._allowed - len(data))
        if self._plant.faults.fires("split_bytes"):
            for at in range(len(data)):
                self._writer.write(data[at : at + 1])
        else:
            self._writer.write(data)
        if self._allowed == 0:
            # A close sends what was written; an abort might not.
            self._writer.close()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.send(Kind.HEARTBEAT_EVENT, "Empty", {})

    async def _quote(self) -> None:
        """Prices of what was subscribed to, as they change."""
        last: dict[str, Quote] = {}
        while True:
            await asyncio.sleep(_SPOT_S)
            for name in sorted(self._spots):
                quote = self._plant.market.quote(SYMBOLS[name], self._plant.clock.now())
                if last.get(name) != quote:
                    last[name] = quote
                    self._spot(SYMBOLS[name])

    def _spot(self, symbol: Symbol) -> None:
        quote = self._plant.market.quote(symbol, self._plant.clock.now())
        scale = 10 ** (_SPOT_SCALE - symbol.digits)
        bid, ask, at = quote.bid * scale, quote.ask * scale, quote.at
        if self._plant.faults.fires("bad_ticks"):
            bid, at = ((0, at), (-bid, at), (bid, at - 86_400_000))[self._plant.faults.pick(3)]
        told = {"symbolId": SYMBOL_IDS[symbol.name], "bid": bid, "ask": ask, "timestamp": at}
        self.send(Kind.SPOT_EVENT, "SpotEvent", told)
