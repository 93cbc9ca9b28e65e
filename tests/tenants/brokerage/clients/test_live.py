"""Live updates: a screen hears its own topics, and of nobody else's."""

import asyncio
from contextlib import asynccontextmanager

from stoa.web.live import publish
from support.patience import until
from support.web import application


@asynccontextmanager
async def listening(house, tenant, browser, path: str):
    """An open stream: the status, and the lines heard so far."""
    heard: list[str] = []
    status: list[int] = []
    gone = asyncio.Event()
    cookies = "; ".join(f"{key}={value}" for key, value in browser.http.cookies.items())
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "headers": [
            (b"host", tenant.host.encode()),
            (b"cookie", cookies.encode()),
            (b"accept", b"text/event-stream"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])
        elif message.get("body"):
            heard.append(message["body"].decode())

    task = asyncio.create_task(application(house)(scope, receive, send))
    try:
        await until(lambda: bool(heard) or task.done())
        yield status, heard
    finally:
        gone.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(house, tenant, heard, topic: str) -> str:
    """What arrived once this topic did, which is told until it is heard."""

    async def arrived() -> bool:
        await publish(house.redis, tenant.id, [topic])
        return topic.partition("|")[2] in "".join(heard)

    await until(arrived, every_s=0.05)
    return "".join(heard)


async def test_a_client_hears_their_own_topics_and_no_others(room, house, aurora, borealis):
    browser, row = await room()
    _, other = await room()

    async with listening(house, aurora, browser, "/live") as (status, heard):
        assert status == [200]
        await told(house, aurora, heard, f"client:{row.id}|begun")
        await publish(house.redis, borealis.id, [f"client:{row.id}|leak"])
        await publish(house.redis, aurora.id, [f"client:{other.id}|theirs", "desk|clients"])
        text = await told(house, aurora, heard, f"client:{row.id}|wallets")

    assert "wallets" in text
    assert "theirs" not in text and "leak" not in text and "clients" not in text


async def test_staff_hear_the_desk(desk, house, aurora):
    browser = await desk("clients:all:view")

    async with listening(house, aurora, browser, "/desk/live") as (status, heard):
        assert status == [200]
        await told(house, aurora, heard, "desk|begun")
        await publish(house.redis, aurora.id, [f"client:{browser.person.id}|private"])
        text = await told(house, aurora, heard, "desk|deposits")

    assert "deposits" in text and "private" not in text


async def test_nobody_hears_without_a_session(someone, house, aurora, room):
    client, _ = await room()

    async with listening(house, aurora, someone(), "/live") as (status, _):
        assert status == [401] or status == [303]
    async with listening(house, aurora, client, "/desk/live") as (status, _):
        assert status == [401] or status == [303]
