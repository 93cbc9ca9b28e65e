import asyncio

import msgspec
import pytest

from stoa.connectors.breaker import Circuit, Limits
from stoa.connectors.egress import Egress
from stoa.connectors.lines import Lines, was_sent
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable
from support.outside import Asked, Told, outside
from support.patience import until


async def test_server_errors_open_the_line_of_that_tenant_only() -> None:
    def broken(asked: Asked) -> Told:
        return Told(500 if asked.path == "/bad" else 200, json={})

    async with outside(broken) as world:
        lines = Lines(Egress({world.place}))
        bad, good = lines.of("a", "psp"), lines.of("b", "psp")

        for _ in range(3):
            assert (await bad.request("POST", f"{world.url}/bad")).status == 500
        with pytest.raises(Unreachable) as refusal:
            await bad.request("POST", f"{world.url}/bad")
        await good.request("POST", f"{world.url}/good")

        assert refusal.value.code == "breaker-open"
        assert not was_sent(refusal.value)
        assert len(world.asked) == 4
        assert bad.view("a", "psp").breaker.circuit is Circuit.OPEN
        assert bad.view("a", "psp").health.last_trouble == "http-500"
        await lines.egress.aclose()


async def test_an_answer_that_says_no_is_still_an_answer() -> None:
    async with outside(lambda _: Told(402, json={})) as world:
        line = Lines(Egress({world.place})).of("a", "psp")

        for _ in range(5):
            await line.request("POST", world.url)

        view = line.view("a", "psp")
        assert view.breaker.circuit is Circuit.CLOSED
        assert (view.health.calls, view.health.failures) == (5, 0)
        assert view.health.p50_ms is not None
        await line.egress.aclose()


async def test_a_refused_address_is_not_the_provider_s_failure() -> None:
    line = Lines(Egress()).of("a", "psp")

    for _ in range(5):
        with pytest.raises(Blocked):
            await line.request("GET", "https://127.0.0.1/")

    assert line.view("a", "psp").breaker.circuit is Circuit.CLOSED
    await line.egress.aclose()


async def test_a_hanging_provider_takes_only_its_own_places() -> None:
    async def hang(asked: Asked) -> Told:
        if asked.path == "/hang":
            await asyncio.sleep(60)
        return Told(json={})

    async with outside(hang) as world:
        lines = Lines(Egress({world.place}), at_once=2, limits=Limits(in_a_row=99))
        stuck, free = lines.of("a", "one"), lines.of("a", "two")
        tasks = [
            asyncio.ensure_future(stuck.request("GET", f"{world.url}/hang", total_s=6))
            for _ in range(2)
        ]
        await until(lambda: len(world.asked) == 2)

        with pytest.raises(Unreachable) as refusal:
            await stuck.request("GET", f"{world.url}/hang", total_s=6)
        assert stuck.view("a", "one").busy == 2
        assert (await free.request("GET", f"{world.url}/fine")).ok

        assert refusal.value.code == "line-full"
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, NoAnswer) and was_sent(end) for end in ends)
        assert stuck.view("a", "one").busy == 0
        await lines.egress.aclose()


async def test_a_cancelled_call_tells_nothing_about_the_provider() -> None:
    async with outside(lambda _: Told(silent=True)) as world:
        line = Lines(Egress({world.place})).of("a", "psp")
        for _ in range(4):
            task = asyncio.ensure_future(line.request("GET", world.url))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        view = line.view("a", "psp")
        assert (view.breaker.circuit, view.health.calls, view.busy) == (Circuit.CLOSED, 0, 0)
        await line.egress.aclose()


async def test_the_state_of_all_lines_travels_as_plain_data() -> None:
    lines = Lines(Egress())
    lines.of("a", "psp")
    lines.of("b", "kyc")

    sent = msgspec.json.decode(msgspec.json.encode(lines.views()))

    assert [(one["tenant"], one["connector"]) for one in sent] == [("a", "psp"), ("b", "kyc")]
    assert [view.connector for view in lines.views("b")] == ["kyc"]
    await lines.egress.aclose()
