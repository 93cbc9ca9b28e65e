"""One TCP connection that speaks the MT5 Web API: login, then request after request."""

import asyncio
import os
from contextlib import suppress

from sandbox.trading import auth, framing
from sandbox.trading.config import Manager
from sandbox.trading.faults import DroppedError
from sandbox.trading.framing import FrameError
from sandbox.trading.hub import Hub
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.serving import serve
from sandbox.trading.wire import Answer, Ask, parse, tell

AUTH_S = 15.0
IDLE_S = 180.0
PING_S = 20.0
FIRST_SERVER_NUMBER = 0x4000
"""Clients number their packets below this; the server's own pings are numbered from here on."""


class Session:
    """A connection from its first byte to its last."""

    def __init__(
        self, hub: Hub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._hub = hub
        self._reader = reader
        self._writer = writer
        self._manager: Manager | None = None
        self._from_client: auth.Stream | None = None
        self._to_client: auth.Stream | None = None
        self._own_number = FIRST_SERVER_NUMBER
        self._busy = False

    async def run(self) -> None:
        """Serve until either side is done; whatever goes wrong ends only this connection."""
        pinger: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(AUTH_S):
                self._manager = await self._login()
            if self._manager is not None:
                pinger = asyncio.create_task(self._ping())
                await self._serve(self._manager)
        except DroppedError:
            self._writer.transport.abort()
        except (FrameError, TimeoutError, OSError, EOFError, UnicodeError):
            pass  # The other side is gone, or speaks something else: nothing to tell it.
        finally:
            if pinger is not None:
                pinger.cancel()
            with suppress(OSError):
                self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def _login(self) -> Manager | None:
        """Let a manager in who proves his password; the answer tells any other why not."""
        number, ask = await self._read(first=True)
        if ask.command.upper() != "AUTH_START":
            await self._write(number, ask.command, Answer(Ret.PERMISSIONS))
            return None
        manager = self._hub.config.manager(_login_of(ask))
        if ask.given.get("TYPE", "MANAGER").upper() != "MANAGER":
            await self._write(number, ask.command, Answer(Ret.CLIENT_INVALID))
            return None
        crypt = ask.given.get("CRYPT_METHOD", "NONE").upper() == "AES256OFB"
        random = os.urandom(auth.RANDOM_BYTES)
        start = Answer(fields={"VERSION_ACCESS": "3950", "SRV_RAND": random.hex()})
        await self._write(number, ask.command, start)

        number, ask = await self._read(first=False)
        code = self._judge(manager, random, ask)
        if manager is None or code != Ret.DONE:
            await self._write(number, ask.command, Answer(code))
            return None
        known = auth.password_hash(manager.password)
        crypt_random = os.urandom(auth.CRYPT_PIECES * auth.RANDOM_BYTES)
        client_random = _bytes_of(ask.given.get("CLI_RAND", ""))
        proof = auth.proof(known, client_random)
        if self._hub.faults.fires("wrong_auth"):
            proof = auth.proof(known, client_random + b"?")
        fields = {
            "VERSION_TRADE": "3950",
            "CLI_RAND_ANSWER": proof,
            "CRYPT_RAND": crypt_random.hex(),
        }
        await self._write(number, ask.command, Answer(fields=fields))
        if crypt:
            self._from_client, self._to_client = auth.streams(known, crypt_random)
        return manager

    def _judge(self, manager: Manager | None, random: bytes, ask: Ask) -> int:
        if ask.command.upper() != "AUTH_ANSWER":
            return Ret.PERMISSIONS
        # An unknown login costs the same work as a known one, and is told the same.
        known = auth.password_hash(manager.password if manager else "")
        right = auth.proves(known, random, ask.given.get("SRV_RAND_ANSWER", ""))
        if manager is None or not right:
            return Ret.ACCOUNT_INVALID
        if not manager.enabled:
            return Ret.ACCOUNT_DISABLED
        if not manager.configured:
            return Ret.MANAGER_NO_CONFIG
        if manager.addresses and self._address() not in manager.addresses:
            return Ret.MANAGER_IP_BLOCKED
        return Ret.DONE

    async def _serve(self, manager: Manager) -> None:
        while True:
            async with asyncio.timeout(IDLE_S):
                number, ask = await self._read(first=False)
            if not ask.command:
                continue  # An empty command only keeps the line open.
            if ask.command.upper() == "QUIT":
                return
            # Settings may have changed since the login; the manager of now counts.
            current = self._hub.config.manager(manager.login)
            if current is None or not current.enabled:
                return
            self._busy = True
            answer = await serve(self._hub, self._hub.desk(current), ask)
            await self._write(number, ask.command, answer)
            self._busy = False

    async def _read(self, *, first: bool) -> tuple[int, Ask]:
        """Read the next request that can be understood; others are refused on the spot."""
        while True:
            number, text = await self._message(first=first)
            first = False
            try:
                return number, parse(text)
            except RefusedError as refused:
                await self._write(number, text.partition("|")[0], Answer(refused.code))

    async def _message(self, *, first: bool) -> tuple[int, str]:
        """Join one request, be it in many packets; pings in between are passed over."""
        body = bytearray()
        while True:
            packet = await framing.read_packet(self._reader, first=first)
            first = False
            if packet.ping and not body:
                continue
            piece = packet.body
            if self._from_client is not None:
                piece = self._from_client.apply(piece)
            body += piece
            if len(body) > framing.MESSAGE_MAX:
                raise FrameError("the request is too long")
            if not packet.more:
                return packet.number, body.decode("utf-16-le")

    async def _write(self, number: int, command: str, answer: Answer) -> None:
        faults = self._hub.faults
        body = tell(command, answer).encode("utf-16-le", "replace")
        stream = bytearray()
        if faults.fires("noise"):
            stream += self._noise(number)
        for piece, more in framing.cut(body, self._hub.config.packet_bytes):
            sealed = piece if self._to_client is None else self._to_client.apply(piece)
            stream += framing.packet(number, sealed, more=more)
        if faults.fires("split_bytes"):
            for byte in stream:
                self._writer.write(bytes((byte,)))
                await self._writer.drain()
                await asyncio.sleep(0)
            return
        torn = faults.fires("torn")
        self._writer.write(stream[: len(stream) // 2] if torn else stream)
        await self._writer.drain()
        if torn:
            raise DroppedError

    def _noise(self, number: int) -> bytes:
        """A ping, and a packet with a number nobody asked with."""
        foreign = (number + 0x111) & 0xFFFF
        body = "LATE|RETCODE=0 Done|\r\n".encode("utf-16-le")
        if self._to_client is not None:
            body = self._to_client.apply(body)
        return framing.ping(self._next_number()) + framing.packet(foreign, body)

    def _next_number(self) -> int:
        self._own_number += 1
        if self._own_number > framing.BODY_MAX:
            self._own_number = FIRST_SERVER_NUMBER
        return self._own_number

    async def _ping(self) -> None:
        """Keep the line open while nothing is said."""
        with suppress(OSError):
            while True:
                await asyncio.sleep(PING_S)
                if not self._busy:
                    self._writer.write(framing.ping(self._next_number()))
                    await self._writer.drain()

    def _address(self) -> str:
        peer = self._writer.get_extra_info("peername")
        return str(peer[0]) if peer else ""


def _login_of(ask: Ask) -> int:
    text = ask.given.get("LOGIN", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return b""
