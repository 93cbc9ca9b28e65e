"""A broker's own systems as a process: what the product signs is proven there by the recipe alone."""

import base64
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from stoa.webhooks.letters import Letter, envelope
from support.standins import Standin

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"another-secret-another-secret-12").decode()


@pytest.fixture
async def systems(tmp_path: Path) -> AsyncIterator[Standin]:
    standin = await Standin("listener", tmp_path / "state", options=()).start()
    yield standin
    await standin.stop()


def letter(to: Standin, *secrets: str) -> Letter:
    """As the product sends it."""
    number = UUID("01900000-0000-7000-8000-000000000001")
    body = envelope("client.registered", datetime.now(UTC), {"client": str(number)})
    return Letter(number, f"{to.url}/in/crm", secrets, number, body)


async def send(
    to: Standin, one: Letter, *, at: float | None = None, body: bytes | None = None
) -> int:
    headers = one.headers(int(time.time() if at is None else at))
    answer = await to.http.post("/in/crm", content=body or one.content, headers=headers)
    return answer.status_code


async def heard(to: Standin) -> list[dict[str, object]]:
    return (await to.http.get("/truth?system=crm")).json()["heard"]


async def setting(to: Standin, **given: object) -> None:
    answer = await to.http.post("/_sandbox/systems", json={"system": "crm", **given})
    assert answer.status_code == 200, answer.text


async def test_what_the_product_signs_is_proven_and_anything_else_is_named(systems: Standin):
    assert await send(systems, letter(systems, SECRET)) == 204
    await setting(systems, secret=SECRET)
    await send(systems, letter(systems, SECRET))
    await send(systems, letter(systems, OTHER, SECRET))
    await send(systems, letter(systems, OTHER))
    await send(systems, letter(systems, SECRET), body=b'{"type":"forged"}')
    await send(systems, letter(systems, SECRET), at=time.time() - 3_600)
    await systems.http.post("/in/crm", content=b"{}")

    proofs = [one["proof"] for one in await heard(systems)]
    assert proofs == [
        "no secret known",
        "good",
        "good",
        "wrong signature",
        "wrong signature",
        "too old",
        "unsigned",
    ]


async def test_it_refuses_as_often_as_it_is_told_and_the_same_delivery_comes_again(
    systems: Standin,
):
    await setting(systems, secret=SECRET, refuse=2)
    one = letter(systems, SECRET)

    answers = [await send(systems, one) for _ in range(3)]

    assert answers == [503, 503, 204]
    told = await heard(systems)
    assert len({row["webhook"] for row in told}) == 1 and len(told) == 3
    page = (await systems.http.get("/")).text
    assert "3 times" in page and "client.registered" in page
    assert (await systems.http.get("/heard/3")).status_code == 200
    assert (await systems.http.get("/heard/99")).status_code == 404
    for odd in ({"with": "200"}, {"with": "x"}, {"refuse": "-1"}):
        answer = await systems.http.post("/_sandbox/systems", json={"system": "crm", **odd})
        assert answer.status_code == 400, odd


async def test_what_was_heard_outlives_the_process(systems: Standin):
    await setting(systems, secret=SECRET)
    await send(systems, letter(systems, SECRET))

    await systems.kill_and_restart()

    assert [row["proof"] for row in await heard(systems)] == ["good"]
