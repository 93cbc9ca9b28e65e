import asyncio
import logging
from collections.abc import AsyncGenerator

import httpx2
import pytest
from structlog.testing import capture_logs

from stoa.connectors.egress import Egress, Gate
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable, Unreadable
from support import inner
from support.outside import Asked, Told, outside

FORMS = [*inner.URLS, "//93.184.215.14/", "https://" + "a" * 5000 + ".example/"]


def a_page(_asked: Asked) -> Told:
    return Told(json={"fine": True})


@pytest.fixture
async def closed() -> AsyncGenerator[Egress]:
    egress = Egress(resolver=inner.resolver)
    yield egress
    await egress.aclose()


def test_eighty_spellings_are_tried() -> None:
    assert len(set(inner.URLS)) >= 80


@pytest.mark.parametrize("url", FORMS)
async def test_no_spelling_of_an_inner_address_is_called(closed: Egress, url: str) -> None:
    with pytest.raises((Blocked, Unreachable)):
        await closed.request("GET", url)


async def test_a_canary_on_loopback_hears_nothing() -> None:
    async with outside(a_page) as canary:
        egress = Egress()
        port = canary.place.split(":")[1]

        for host in ("127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "0x7f.1"):
            for scheme in ("http", "https"):
                with pytest.raises((Blocked, Unreachable)):
                    await egress.request("GET", f"{scheme}://{host}:{port}/")

        assert canary.asked == []
        await egress.aclose()


async def test_what_the_operator_lists_is_called() -> None:
    async with outside(a_page) as world:
        egress = Egress({world.place})

        reply = await egress.request("POST", f"{world.url}/pay?token=1", content=b"body")

        assert reply.ok
        assert reply.json() == {"fine": True}
        assert world.asked[0].body == b"body"
        assert world.asked[0].headers["accept-encoding"] == "identity"
        await egress.aclose()


async def test_a_name_with_one_inner_number_among_public_ones_is_refused() -> None:
    async def mixed(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    egress = Egress(resolver=mixed)

    with pytest.raises(Blocked):
        await egress.request("GET", "https://rebinding.example/")
    await egress.aclose()


async def test_a_name_is_resolved_once_for_a_connection() -> None:
    asked: list[str] = []

    async def alternating(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with outside(a_page) as world:
        port = world.place.split(":")[1]
        egress = Egress({f"rebinding.example:{port}"}, resolver=alternating)

        for _ in range(2):
            assert (await egress.request("GET", f"http://rebinding.example:{port}/")).ok

        assert asked == ["rebinding.example"]
        assert world.asked[0].headers["host"] == f"rebinding.example:{port}"
        await egress.aclose()


async def test_a_name_that_turns_inward_later_is_refused_then() -> None:
    async def inward(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    egress = Egress(resolver=inward)

    with pytest.raises(Blocked):
        await egress.request("GET", "https://rebinding.example/")
    await egress.aclose()


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    def away(_asked: Asked) -> Told:
        return Told(302, json={}, headers={"Location": "http://169.254.169.254/"})

    async with outside(away) as world:
        egress = Egress({world.place})

        reply = await egress.request("GET", world.url)

        assert reply.status == 302
        assert len(world.asked) == 1
        await egress.aclose()


async def test_silence_ends_at_the_total_time() -> None:
    async with outside(lambda _: Told(silent=True)) as world:
        egress = Egress({world.place})

        with pytest.raises(NoAnswer):
            await egress.request("POST", world.url, total_s=0.2)
        await egress.aclose()


async def test_an_answer_cut_short_is_no_answer() -> None:
    async with outside(lambda _: Told(raw=b"x" * 100, cut=True)) as world:
        egress = Egress({world.place})

        with pytest.raises(NoAnswer):
            await egress.request("POST", world.url)
        await egress.aclose()


async def test_an_answer_is_read_only_up_to_its_limit() -> None:
    async with outside(lambda _: Told(raw=b"x" * 5000)) as world:
        egress = Egress({world.place})

        with pytest.raises(Unreadable):
            await egress.request("GET", world.url, max_bytes=4999)
        assert len((await egress.request("GET", world.url, max_bytes=5000)).body) == 5000
        kept = await egress.request("GET", world.url, max_bytes=256, cut=True)
        assert (kept.status, kept.body) == (200, b"x" * 256)
        await egress.aclose()


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = Told(raw=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    async with outside(lambda _: packed) as world:
        egress = Egress({world.place})

        with pytest.raises(Unreadable):
            await egress.request("GET", world.url)
        await egress.aclose()


async def test_a_closed_port_says_that_nothing_was_sent() -> None:
    async with outside(a_page) as world:
        place = world.place
    egress = Egress({place})

    with pytest.raises(Unreachable):
        await egress.request("POST", f"http://{place}/")
    await egress.aclose()


async def test_a_body_that_is_not_json_is_unreadable() -> None:
    async with outside(lambda _: Told(raw=b"<html>")) as world:
        egress = Egress({world.place})

        reply = await egress.request("GET", world.url)

        with pytest.raises(Unreadable):
            reply.json()
        await egress.aclose()


async def test_the_log_has_no_query_and_the_library_is_quiet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with outside(a_page) as world:
        egress = Egress({world.place})

        with caplog.at_level(logging.INFO), capture_logs() as lines:
            await egress.request("GET", f"{world.url}/path?secret=abc")

        assert "abc" not in str(lines)
        assert "abc" not in caplog.text
        assert lines[0]["place"].endswith("/path")
        await egress.aclose()


async def test_a_library_s_client_goes_through_the_same_gate() -> None:
    async with outside(a_page) as world:
        egress = Egress({world.place})

        async with httpx2.AsyncClient(transport=egress.transport()) as client:
            assert (await client.get(world.url)).json() == {"fine": True}
            with pytest.raises(Blocked):
                await client.get("https://127.0.0.1/")
        await egress.aclose()


async def test_a_raw_stream_goes_only_where_the_gate_lets_it(closed: Egress) -> None:
    async with outside(a_page) as world:
        host, port = world.place.split(":")

        with pytest.raises(Blocked):
            await closed.open_stream(host, int(port))
        with pytest.raises(Blocked):
            await closed.open_stream("93.184.215.14", 25)
        open_to_it = Egress({world.place})
        _reader, writer = await open_to_it.open_stream(host, int(port))
        writer.close()
        await asyncio.sleep(0)
        await open_to_it.aclose()


def test_a_server_of_a_tenants_own_may_have_a_port_of_its_own_and_nothing_more() -> None:
    gate = Gate()
    own = httpx2.URL("https://live.example:8443/v2/traders?token=t")

    gate.require_url(own, any_port=True)

    with pytest.raises(Blocked):
        gate.require_url(own)
    for url in (
        "http://live.example:8443/",
        "https://live.example:22/",
        "https://a@b.example:8443/",
    ):
        with pytest.raises(Blocked):
            gate.require_url(httpx2.URL(url), any_port=True)


async def test_a_port_of_its_own_reaches_nothing_inside() -> None:
    async with outside(a_page) as canary:
        egress = Egress()
        with pytest.raises((Blocked, Unreachable)):
            await egress.request("GET", f"https://{canary.place}/", any_port=True)
        assert canary.asked == []
        await egress.aclose()
