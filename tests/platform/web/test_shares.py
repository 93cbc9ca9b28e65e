"""Kept connections are spread over the web processes of a machine."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter

import pytest

from brokerage.bench.wire import Wire
from stoa.cli.ports import free
from stoa.web import shares
from stoa.web.shares import Evenly, Shares

PROGRAM = """
import os
from granian import Granian
from granian.constants import Interfaces
from stoa.web.shares import Evenly, Shares

SHARES = Shares()

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = str(os.getpid()).encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})

def create():
    return Evenly(app, SHARES)

Granian("x:y", address="127.0.0.1", port=PORT, interface=Interfaces.ASGI, workers=2,
        websockets=False).serve(target_loader=create, wrap_loader=False)
"""


@pytest.fixture
def another(monkeypatch):
    """Tells the shares what a process of another number holds."""
    mine = os.getpid()

    def tell(told, held, now=None):
        monkeypatch.setattr(shares.os, "getpid", lambda: mine + 1)
        told.tell(held, time.monotonic() if now is None else now)
        monkeypatch.setattr(shares.os, "getpid", lambda: mine)

    return tell


async def asked(app, ports, *, version="1.1", kind=b"text/html"):
    """One request over each of these connections; which of them were told to come anew."""
    closed = []

    for port in ports:

        async def send(message, port=port):
            if (b"connection", b"close") in message.get("headers", ()):
                closed.append(port)

        scope = {"type": "http", "http_version": version, "client": ("127.0.0.1", port)}
        await app(scope, None, send)
    return closed


def evenly(told, kind=b"text/html"):
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "headers": [(b"content-type", kind)]})

    return Evenly(app, told)


async def test_a_process_alone_keeps_every_connection():
    assert await asked(evenly(Shares()), range(20)) == []


async def test_who_holds_more_sends_some_away_but_not_all_at_once(another, monkeypatch):
    told = Shares()
    app = evenly(told)
    another(told, 2)
    assert await asked(app, range(6)) != []
    assert await asked(app, range(6)) == []

    monkeypatch.setattr(shares, "_EVERY_S", 0.0)
    lines, sent = set(range(6)), 0
    for _ in range(5):
        gone = await asked(app, sorted(lines))
        lines -= set(gone)
        sent += len(gone)
    assert len(lines) == 3 and sent == 3


async def test_who_holds_fewer_or_as_many_sends_nobody_away(another, monkeypatch):
    monkeypatch.setattr(shares, "_EVERY_S", 0.0)
    told = Shares()
    another(told, 5)
    assert await asked(evenly(told), range(6)) == []


async def test_a_process_that_is_gone_or_idle_is_no_measure(another, monkeypatch):
    monkeypatch.setattr(shares, "_EVERY_S", 0.0)
    told = Shares()
    another(told, 0, time.monotonic() - 60)
    assert await asked(evenly(told), range(6)) == []


@pytest.mark.parametrize(
    ("version", "kind"), [("2", b"text/html"), ("1.1", b"text/event-stream; charset=utf-8")]
)
async def test_streams_and_shared_lines_are_not_cut(another, monkeypatch, version, kind):
    monkeypatch.setattr(shares, "_EVERY_S", 0.0)
    told = Shares()
    another(told, 0)
    assert await asked(evenly(told, kind), range(6), version=version) == []


async def test_eight_connections_are_four_and_four():
    """Two real processes behind one port: however they were taken, they end as halves."""
    (port,) = free(1)
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM.replace("PORT", str(port)), start_new_session=True
    )
    try:
        seats = [Wire(port, {"host": f"127.0.0.1:{port}"}) for _ in range(8)]
        halves = None
        async with asyncio.timeout(60):
            while halves != [4, 4]:
                try:
                    pids = [(await one.get("/")).text for one in seats]
                except OSError:
                    await asyncio.sleep(0.2)
                    continue
                halves = sorted(Counter(pids).values())
                await asyncio.sleep(0.02)
        assert halves == [4, 4]
        for one in seats:
            one.close()
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        await running.wait()
