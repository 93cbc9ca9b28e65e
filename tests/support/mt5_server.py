"""A small MT5 Web API server for connector tests: written from the protocol's description alone.

It shares no code with the client. It keeps accounts and deals in plain dictionaries, its own ledger
of what it really did, and can misbehave on the wire in the ways real servers and networks do.
"""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def md5(*parts: bytes) -> bytes:
    return hashlib.md5(b"".join(parts)).digest()


class Ofb:
    """Keystream blocks, dropped at the end of each packet."""

    def __init__(self, key: bytes, vector: bytes) -> None:
        self.cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        self.vector = vector

    def __call__(self, packet: bytes) -> bytes:
        out = bytearray()
        for at, byte in enumerate(packet):
            if at % 16 == 0:
                self.vector = self.cipher.update(self.vector)
            out.append(byte ^ self.vector[at % 16])
        return bytes(out)


@dataclass
class Mt5:
    """The server's state and its switches."""

    manager: int = 1000
    password: str = "Pässw0rd1"
    offset_s: int = 3 * 3600
    place: str = ""
    users: dict[int, dict[str, str]] = field(default_factory=dict)
    passwords: dict[int, str] = field(default_factory=dict)
    deals: list[dict[str, str]] = field(default_factory=list)
    positions: list[dict[str, str]] = field(default_factory=list)
    groups: list[dict[str, str]] = field(default_factory=list)
    symbols: list[dict[str, str]] = field(default_factory=list)
    ticks: list[dict[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0
    lies: bool = False  # answers our challenge wrongly
    retcodes: dict[str, str] = field(default_factory=dict)
    swallow: set[str] = field(default_factory=set)  # act, then say nothing
    drop_before: set[str] = field(default_factory=set)  # hang up instead of acting
    drop_after: set[str] = field(default_factory=set)  # act, then hang up
    slow: dict[str, float] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)  # answer when this is set
    split: int = 0  # bytes per packet of an answer
    pings: bool = False
    page: int = 10_000
    stutters: bool = False  # every page tells its first deal twice
    mixes_up: bool = False  # deals come with another login
    chaos: Callable[[], bool] = lambda: False  # whether to lose this money answer
    login_retcode: str = "0 Done"

    @property
    def host(self) -> str:
        return self.place.split(":")[0]

    @property
    def port(self) -> int:
        return int(self.place.split(":")[1])

    def now(self) -> int:
        return int(time.time()) + self.offset_s

    def user(self, login: int, **fields: str) -> dict[str, str]:
        record = {
            "Login": str(login),
            "Group": "real\\eur",
            "Rights": str(0x163),
            "Leverage": "100",
            "Name": "Ann",
            "ZIPCode": "",
            "Balance": "0.00",
            "ApiData": "kept",
        } | fields
        self.users[login] = record
        return record

    def deal(self, login: int, at: int, **fields: str) -> dict[str, str]:
        record = {
            "Deal": str(len(self.deals) + 1),
            "Login": str(login),
            "Action": "0",
            "Entry": "0",
            "Time": str(at),
            "TimeMsc": str(at * 1000 + 250),
            "Symbol": "EURUSD",
            "Price": "1.10000",
            "Volume": "10000",
            "VolumeExt": "100000000",
            "VolumeClosed": "0",
            "Profit": "0.00",
            "Storage": "0.00",
            "Commission": "0.00",
            "PositionID": "7",
            "Order": "8",
            "Comment": "",
            "ContractSize": "100000.00",
        } | fields
        self.deals.append(record)
        return record


def unquote(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    word, name, at = "", None, 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
            word += text[at]
        elif char == "=" and name is None:
            name, word = word, ""
        elif char == "|":
            if name is not None:
                found[name] = word
            name, word = None, ""
        else:
            word += char
        at += 1
    return found


class Connection:
    def __init__(
        self, server: Mt5, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.decrypt: Ofb | None = None
        self.encrypt: Ofb | None = None

    async def serve(self) -> None:
        assert await self.reader.readexactly(9) == b"MT5WEBAPI"
        hashed = md5(md5(self.server.password.encode("utf-16-le")), b"WebAPI")
        number, text = await self.hear()
        params = unquote(text.split("\r\n")[0].partition("|")[2])
        challenge = bytes.fromhex("73007dc7184747ce0f7c98516ef1c851")
        self.say(
            number,
            f"AUTH_START|RETCODE={self.server.login_retcode}|SRV_RAND={challenge.hex()}|\r\n",
        )
        crypt = params["CRYPT_METHOD"] == "AES256OFB"
        number, text = await self.hear()
        params = unquote(text.split("\r\n")[0].partition("|")[2])
        if params["SRV_RAND_ANSWER"] != md5(hashed, challenge).hex():
            self.say(number, "AUTH_ANSWER|RETCODE=1001 Invalid account|\r\n")
            return
        mine = md5(hashed, bytes.fromhex(params["CLI_RAND"])).hex()
        if self.server.lies:
            mine = "0" * 32
        rand = os.urandom(256)
        told = f"AUTH_ANSWER|RETCODE=0 Done|CLI_RAND_ANSWER={mine}|"
        self.say(number, told + (f"CRYPT_RAND={rand.hex()}|" if crypt else "") + "\r\n")
        if crypt:
            items, out = [], hashed
            for piece in range(16):
                out = md5(rand[piece * 16 : piece * 16 + 16], out)
                items.append(out)
            self.decrypt = Ofb(items[0] + items[1], items[2])
            self.encrypt = Ofb(items[0] + items[1], items[3])
        while True:
            number, text = await self.hear()
            task = asyncio.ensure_future(self.act(number, text))
            if text.split("|")[0] not in {*self.server.slow, *self.server.held}:
                await task

    async def hear(self) -> tuple[int, str]:
        head = (await self.reader.readexactly(9)).decode()
        body = await self.reader.readexactly(int(head[:4], 16))
        if self.decrypt:
            body = self.decrypt(body)
        text = body.decode("utf-16-le")
        self.server.heard.append(text)
        return int(head[4:8], 16), text

    def say(self, number: int, text: str) -> None:
        body = text.encode("utf-16-le")
        size = self.server.split or 65534
        pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        for at, piece in enumerate(pieces):
            if self.server.pings:
                self.writer.write(b"00009999" + b"0")
            sealed = self.encrypt(piece) if self.encrypt else piece
            more = b"1" if at + 1 < len(pieces) else b"0"
            self.writer.write(f"{len(sealed):04x}{number:04x}".encode() + more + sealed)

    async def act(self, number: int, text: str) -> None:
        server = self.server
        head, _, body = text.partition("\r\n")
        command, _, rest = head.partition("|")
        params = unquote(rest)
        server.asked.append((command, params))
        if command in server.drop_before:
            self.writer.close()
            return
        if command in server.slow:
            await asyncio.sleep(server.slow[command])
        if command in server.held:
            await server.held[command].wait()
        told, found = Desk(server).answer(command, params, body)
        lost = command == "TRADE_BALANCE" and server.chaos()
        if command in server.drop_after or lost:
            self.writer.close()
            return
        if command in server.swallow:
            return
        found_text = "" if found is None else json.dumps(found)
        self.say(number, f"{command}|{told}|\r\n{found_text}")


class Desk:
    """What each command does."""

    def __init__(self, server: Mt5) -> None:
        self.server = server

    def answer(self, command: str, params: dict[str, str], body: str) -> tuple[str, Any]:
        if command in self.server.retcodes:
            return f"RETCODE={self.server.retcodes[command]}", None
        verb = getattr(self, command.lower(), None)
        if verb is None:
            return "RETCODE=12002 Not supported", None
        return verb(params, body)  # type: ignore[no-any-return]

    def time_server(self, _params: dict[str, str], _body: str) -> tuple[str, Any]:
        return f"RETCODE=0 Done|TIME={self.server.now()} 2026.01.01", None

    def time_get(self, _params: dict[str, str], _body: str) -> tuple[str, Any]:
        minutes = str(self.server.offset_s // 60 - 60)
        return "RETCODE=0 Done", {"TimeZone": minutes, "Daylight": "1", "DaylightState": "1"}

    def user_add(self, params: dict[str, str], body: str) -> tuple[str, Any]:
        record = json.loads(body)
        login = int(params["LOGIN"]) or max([500, *self.server.users]) + 1
        if login in self.server.users:
            return "RETCODE=3004 Login exists", None
        if len(params["PASS_MAIN"]) < 8:
            return "RETCODE=3006 Invalid password", None
        self.server.users[login] = record | {"Login": str(login), "Balance": "0.00"}
        self.server.passwords[login] = params["PASS_MAIN"]
        return f"RETCODE=0 Done|LOGIN={login}", self.server.users[login]

    def user_get(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        user = self.server.users.get(int(params["LOGIN"]))
        return ("RETCODE=0 Done", user) if user else ("RETCODE=13 Not found", None)

    def user_update(self, params: dict[str, str], body: str) -> tuple[str, Any]:
        login = int(params["LOGIN"])
        self.server.users[login] = json.loads(body)
        return "RETCODE=0 Done", self.server.users[login]

    def user_logins(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        groups = params["GROUP"].split(",")
        users = self.server.users.items()
        return "RETCODE=0 Done", [str(k) for k, v in users if v["Group"] in groups]

    def user_account_get(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        user = self.server.users[int(params["LOGIN"])]
        money = {"Login": user["Login"], "Balance": user["Balance"], "Equity": user["Balance"]}
        return "RETCODE=0 Done", money | {"Margin": "0.00", "MarginFree": user["Balance"]}

    def user_pass_change(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        if len(params["PASSWORD"]) < 8:
            return "RETCODE=3006 Invalid password", None
        self.server.passwords[int(params["LOGIN"])] = params["PASSWORD"]
        return "RETCODE=0 Done", None

    def user_pass_check(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        held = self.server.passwords.get(int(params["LOGIN"]))
        same = held == params["PASSWORD"]
        return ("RETCODE=0 Done" if same else "RETCODE=3006 Invalid password"), None

    def trade_balance(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        user = self.server.users.get(int(params["LOGIN"]))
        if user is None:
            return "RETCODE=13 Not found", None
        after = Decimal(user["Balance"]) + Decimal(params["BALANCE"])
        if after < 0 and params["CHECK_MARGIN"] == "1":
            return "RETCODE=10019 No money", None
        user["Balance"] = str(after)
        deal = self.server.deal(
            int(params["LOGIN"]),
            self.server.now(),
            Action=params["TYPE"],
            Profit=params["BALANCE"],
            Comment=params["COMMENT"],
            Symbol="",
            Volume="0",
            VolumeExt="0",
        )
        return f"RETCODE=0 Done|TICKET={deal['Deal']}", None

    def _window(self, params: dict[str, str]) -> list[dict[str, str]]:
        first, last = int(params["FROM"]), int(params["TO"])
        mine = (deal for deal in self.server.deals if deal["Login"] == params["LOGIN"])
        return [deal for deal in mine if first <= int(deal["Time"]) <= last]

    def deal_get_total(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        if int(params["LOGIN"]) not in self.server.users:
            return "RETCODE=13 Not found", None
        return f"RETCODE=0 Done|TOTAL={len(self._window(params))}", None

    def deal_get_page(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        start = int(params["OFFSET"])
        size = min(int(params["TOTAL"]), self.server.page)
        rows = self._window(params)[start : start + size]
        if self.server.stutters:
            rows = rows[:1] + rows
        if self.server.mixes_up:
            rows = [row | {"Login": "999"} for row in rows]
        return "RETCODE=0 Done", rows

    def _open(self, params: dict[str, str]) -> list[dict[str, str]]:
        return [one for one in self.server.positions if one["Login"] == params["LOGIN"]]

    def position_get_total(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        return f"RETCODE=0 Done|TOTAL={len(self._open(params))}", None

    def position_get_page(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        start = int(params["OFFSET"])
        return "RETCODE=0 Done", self._open(params)[start : start + int(params["TOTAL"])]

    def group_total(self, _params: dict[str, str], _body: str) -> tuple[str, Any]:
        return f"RETCODE=0 Done|TOTAL={len(self.server.groups)}", None

    def group_next(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        return "RETCODE=0 Done", self.server.groups[int(params["INDEX"])]

    def group_get(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        for group in self.server.groups:
            if group["Group"] == params["GROUP"]:
                return "RETCODE=0 Done", group
        return "RETCODE=13 Not found", None

    def symbol_total(self, _params: dict[str, str], _body: str) -> tuple[str, Any]:
        return f"RETCODE=0 Done|TOTAL={len(self.server.symbols)}", None

    def symbol_next(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        return "RETCODE=0 Done", self.server.symbols[int(params["INDEX"])]

    def tick_last(self, params: dict[str, str], _body: str) -> tuple[str, Any]:
        if int(params["TRANS_ID"]) >= 5:
            return "RETCODE=1 None|TRANS_ID=5", None
        wanted = params["SYMBOL"].split(",")
        return "RETCODE=0 Done|TRANS_ID=5", [t for t in self.server.ticks if t["Symbol"] in wanted]


@asynccontextmanager
async def mt5_server(**switches: Any) -> AsyncGenerator[Mt5]:
    """Listen on loopback with one group and no accounts."""
    state = Mt5(**switches)
    state.groups.append(
        {"Group": "real\\eur", "Currency": "EUR", "CurrencyDigits": "2", "Company": "A|B=C"}
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        try:
            await Connection(state, reader, writer).serve()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.place = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        listening.close()
