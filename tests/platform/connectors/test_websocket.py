"""The WebSocket client against servers that keep the protocol, bend it and break off."""

import asyncio
import base64
import hashlib
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoa.connectors import websocket
from stoa.connectors.egress import Egress
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable, Unreadable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, dict[str, str]], Awaitable[None]]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(code: int, body: bytes, *, final: bool = True) -> bytes:
    first = (0x80 if final else 0) | code
    assert len(body) < 126
    return struct.pack("!BB", first, len(body)) + body


async def head_of(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    return {"target": lines[0].split()[1]} | {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }


def upgraded(head: dict[str, str]) -> bytes:
    proof = hashlib.sha1(head["sec-websocket-key"].encode() + GUID).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(proof) + b"\r\n\r\n"
    )


@asynccontextmanager
async def served(talk: Talk, *, upgrade: bool = True) -> AsyncGenerator[tuple[Egress, str]]:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await head_of(reader)
        if upgrade:
            writer.write(upgraded(head))
        try:
            await talk(reader, writer, head)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    egress = Egress({f"127.0.0.1:{port}"})
    try:
        yield egress, f"ws://127.0.0.1:{port}/socket?type=LIVE"
    finally:
        server.close()
        await egress.aclose()


async def unmasked(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    assert second & 0x80, "a client masks what it sends"
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", await reader.readexactly(8))
    mask, body = await reader.readexactly(4), await reader.readexactly(size)
    return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))


async def test_texts_go_both_ways_and_pings_are_answered() -> None:
    heard: list[tuple[int, bytes]] = []

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: dict[str, str]
    ) -> None:
        assert head["target"] == "/socket?type=LIVE"
        assert head["brand-api-key"] == "k"
        writer.write(frame(9, b"there?") + frame(1, b"he", final=False) + frame(9, b"?"))
        writer.write(frame(0, "llö".encode()))
        heard.extend([await unmasked(reader) for _ in range(3)])
        writer.write(frame(8, struct.pack("!H", 1000)))
        await writer.drain()

    async with served(talk) as (egress, url):
        socket = await websocket.connect(egress, url, headers={"brand-api-key": "k"})
        await socket.send("x" * 70_000)

        assert [text async for text in socket] == ["hellö"]

    assert sorted(heard) == [
        (1, b"x" * 70_000),
        (10, b"?"),
        (10, b"there?"),
    ]


@pytest.mark.parametrize(
    ("sent", "trouble"),
    [
        (b"\xc1\x00", Unreadable),
        (b"\x83\x00", Unreadable),
        (b"\x81\x80abcd", Unreadable),
        (b"\x09\x00", Unreadable),
        (b"\x89\x7e\x00\xff", Unreadable),
        (b"\x80\x01a", Unreadable),
        (b"\x01\x01a\x81\x01b", Unreadable),
        (b"\x82\x01a", Unreadable),
        (b"\x81\x02\xff\xfe", Unreadable),
        (b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", Unreadable),
        (b"\x81\x05ab", NoAnswer),
        (b"\x81", NoAnswer),
        (b"", NoAnswer),
    ],
)
async def test_what_is_no_message_breaks_the_stream(sent: bytes, trouble: type[Exception]) -> None:
    async def talk(
        _: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, str]
    ) -> None:
        writer.write(sent)
        await writer.drain()

    async with served(talk) as (egress, url):
        socket = await websocket.connect(egress, url)

        with pytest.raises(trouble):
            await socket.receive(5)
        with pytest.raises(NoAnswer):
            await socket.send("more")


async def test_a_message_in_endless_pieces_is_too_large() -> None:
    async def talk(
        _: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, str]
    ) -> None:
        writer.write(frame(1, b"a" * 100, final=False))
        writer.writelines(frame(0, b"a" * 100, final=False) for _ in range(20))
        await writer.drain()

    async with served(talk) as (egress, url):
        socket = await websocket.connect(egress, url, max_message=1_000)

        with pytest.raises(Unreadable):
            await socket.receive(5)


async def test_silence_has_an_end() -> None:
    async def talk(reader: asyncio.StreamReader, *_: object) -> None:
        await reader.read()

    async with served(talk) as (egress, url):
        socket = await websocket.connect(egress, url)

        with pytest.raises(NoAnswer) as silence:
            await socket.receive(0.05)

    assert silence.value.code == "silent"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 101",
        b"HTTP/1.1 101 A\r\n" + b"x: y\r\n" * 10_000 + b"\r\n",
        b"",
    ],
)
async def test_a_refused_upgrade_is_no_connection(answer: bytes) -> None:
    async def talk(
        _: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, str]
    ) -> None:
        writer.write(answer)
        await writer.drain()

    async with served(talk, upgrade=False) as (egress, url):
        with pytest.raises(Unreachable):
            await websocket.connect(egress, url)


async def test_addresses_that_are_not_ours_to_call_are_not_called() -> None:
    egress = Egress()

    with pytest.raises(Blocked):
        await websocket.connect(egress, "ws://127.0.0.1:8080/")

    await egress.aclose()


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_are_read_as_anything_but_a_frame_or_a_refusal(sent: bytes) -> None:
    async def read() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        reader.feed_eof()
        left = len(sent)
        while True:
            frame = await websocket.read_frame(reader, 200)
            left -= 2 + len(frame.body)
            assert left >= 0
            assert len(frame.body) <= 200

    with pytest.raises((Unreadable, asyncio.IncompleteReadError)):
        asyncio.run(read())
