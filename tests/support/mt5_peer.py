"""A second opinion: a client of the MT5 Web API written from its description alone.

It shares no line with the server in the sandbox or with the product's connector, so that a mistake in
one of them does not agree with itself.
"""

import asyncio
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from support.patience import LONGEST_S

MAX_NUMBER = 16383


class PeerError(Exception):
    """The server did what the protocol does not allow."""


@dataclass
class Told:
    """An answer: its number, its fields by upper-case name, and the JSON after the line."""

    code: int
    fields: dict[str, str]
    body: Any = None


def hashed(password: str, random: bytes) -> str:
    inner = hashlib.md5(password.encode("utf-16-le")).digest()
    return hashlib.md5(hashlib.md5(inner + b"WebAPI").digest() + random).hexdigest()


def escaped(value: str) -> str:
    for special in ("\\", "=", "|", "\n"):
        value = value.replace(special, "\\" + special)
    return value


class Keystream:
    def __init__(self, key: bytes, vector: bytes) -> None:
        self._aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        self._vector = vector

    def __call__(self, data: bytes) -> bytes:
        out = bytearray()
        for start in range(0, len(data), 16):
            self._vector = self._aes.update(self._vector)
            out += bytes(
                a ^ b for a, b in zip(data[start : start + 16], self._vector, strict=False)
            )
        return bytes(out)


@dataclass
class Peer:
    """One connection. ``say`` sends a command and waits for its answer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int = 0
    first: bool = True
    pings: int = 0
    foreign: int = 0
    packets: int = 0
    sealing: Keystream | None = None
    opening: Keystream | None = None
    numbers: list[int] = field(default_factory=list)

    @classmethod
    async def connect(cls, port: int) -> "Peer":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def manager(cls, port: int, login: int, password: str, *, crypt: bool = False) -> "Peer":
        peer = await cls.connect(port)
        told = await peer.authenticate(login, password, crypt=crypt)
        if told.code != 0:
            raise PeerError(f"login refused: {told.code}")
        return peer

    async def authenticate(self, login: int, password: str, *, crypt: bool = False) -> Told:
        method = "AES256OFB" if crypt else "NONE"
        told = await self.say(
            "AUTH_START",
            VERSION="484",
            AGENT="Peer",
            LOGIN=str(login),
            TYPE="MANAGER",
            CRYPT_METHOD=method,
        )
        if told.code != 0:
            return told
        mine = secrets.token_bytes(16)
        proof = hashed(password, bytes.fromhex(told.fields["SRV_RAND"]))
        told = await self.say("AUTH_ANSWER", SRV_RAND_ANSWER=proof, CLI_RAND=mine.hex())
        if told.code != 0:
            return told
        if told.fields["CLI_RAND_ANSWER"] != hashed(password, mine):
            return Told(1008, {})
        if crypt:
            self._derive(password, bytes.fromhex(told.fields["CRYPT_RAND"]))
        return told

    async def say(self, command: str, body: str = "", **given: str) -> Told:
        await self.send(command, body, **given)
        return await self.hear(command)

    async def send(self, command: str, body: str = "", **given: str) -> None:
        line = command + "|" + "".join(f"{name}={escaped(text)}|" for name, text in given.items())
        await self.send_text(f"{line}\r\n{body}")

    async def send_text(self, text: str, cuts: int = 1) -> None:
        """Send one request, in ``cuts`` packets."""
        self.number = self.number + 1 if self.number < MAX_NUMBER else 1
        data = text.encode("utf-16-le")
        size = max(1, -(-len(data) // cuts))
        pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        for index, piece in enumerate(pieces):
            sealed = self.sealing(piece) if self.sealing else piece
            flag = b"0" if index == len(pieces) - 1 else b"1"
            head = (b"MT5WEBAPI" if self.first else b"") + b"%04x%04x" % (len(sealed), self.number)
            self.first = False
            self.writer.write(head + flag + sealed)
        await self.writer.drain()

    async def hear(self, command: str) -> Told:
        return understood(command, await asyncio.wait_for(self._message(), LONGEST_S))

    async def close(self) -> None:
        self.writer.close()
        await asyncio.sleep(0)

    async def _message(self) -> str:
        data = bytearray()
        while True:
            head = await self.reader.readexactly(9)
            size, number, flag = int(head[:4], 16), int(head[4:8], 16), int(head[8:9], 16)
            piece = await self.reader.readexactly(size)
            self.packets += 1
            if self.opening and size:
                piece = self.opening(piece)
            if number != self.number:
                if size == 0:
                    self.pings += 1
                else:
                    self.foreign += 1
                continue
            data += piece
            if flag == 0:
                return data.decode("utf-16-le")

    def _derive(self, password: str, random: bytes) -> None:
        inner = hashlib.md5(password.encode("utf-16-le")).digest()
        out = hashlib.md5(inner + b"WebAPI").digest()
        items = []
        for index in range(16):
            out = hashlib.md5(random[index * 16 : index * 16 + 16] + out).digest()
            items.append(out)
        key = items[0] + items[1]
        self.sealing, self.opening = Keystream(key, items[2]), Keystream(key, items[3])


def understood(command: str, text: str) -> Told:
    """Take an answer apart as a careful client would."""
    line, found, rest = text.partition("\r\n")
    if not found:
        raise PeerError(f"no line end in {text[:80]!r}")
    name, *pieces = line.split("|")
    if name.lower() != command.lower():
        raise PeerError(f"asked {command}, answered {name}")
    fields = {}
    for piece in pieces:
        key, mark, value = piece.partition("=")
        if mark:
            fields[key.upper()] = value
    code = int(fields["RETCODE"].split(" ", 1)[0])
    return Told(code, fields, json.loads(rest) if rest.strip() else None)
