"""The little server: what it refuses, what it bounds, and how it misbehaves when told to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sandbox.common.dial import dial
from sandbox.common.uploads import parts
from sandbox.common.wire import MAX_BODY, Asked, Unreadable
from support.patience import LONGEST_S
from support.shops import AlphaShop
from support.standins import Listener, Standin


@pytest.fixture(scope="module")
async def alpha(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standin]:
    standin = await Standin("alpha", tmp_path_factory.mktemp("wire")).start()
    yield standin
    await standin.stop()


@pytest.fixture
async def shop(alpha: Standin) -> AlphaShop:
    shop = AlphaShop(alpha, Listener())
    await shop.open()
    return shop


async def raw(standin: Standin, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", standin.port)
    writer.write(content)
    said = await asyncio.wait_for(reader.read(), LONGEST_S)
    writer.close()
    return said


async def test_a_body_without_end_is_cut_off(alpha: Standin) -> None:
    answer = await alpha.http.post("/_sandbox/clock", content=b"x" * (MAX_BODY + 1))

    assert answer.status_code == 413


async def test_a_connection_is_used_again(alpha: Standin) -> None:
    ask = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"

    said = await raw(alpha, ask + ask + ask.replace(b"x\r\n", b"x\r\nConnection: close\r\n"))

    assert said.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x00", b"GET\r\n\r\n", b"\r\n" * 50])
async def test_noise_does_no_harm(alpha: Standin, noise: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", alpha.port)
    writer.write(noise)
    writer.write_eof()
    await asyncio.wait_for(reader.read(), LONGEST_S)
    writer.close()

    assert (await alpha.http.get("/health")).status_code == 200


async def test_unknown_paths_and_methods_are_named(alpha: Standin) -> None:
    nowhere = await alpha.http.get("/v2/nothing")
    wrong = await alpha.http.delete("/v1/payouts")

    assert (nowhere.status_code, wrong.status_code) == (404, 405)
    assert nowhere.json()["error"]["message"].startswith("Unrecognized request URL (GET: /v2")


async def test_a_slow_call_is_slow(shop: AlphaShop) -> None:
    await shop.fault("slow_s", seconds=0.4)
    began = asyncio.get_running_loop().time()

    await shop.pay_out()

    assert asyncio.get_running_loop().time() - began >= 0.4


async def test_half_a_document_comes_after_the_effect(shop: AlphaShop) -> None:
    await shop.fault("wrong_json", on="payouts")

    answer = await shop.pay_out(once="k-1")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    assert len((await shop.truth())["payouts"]) == 1


async def test_a_fault_struck_is_written_down(shop: AlphaShop) -> None:
    await shop.fault("error_500_before_apply", on="payouts")
    await shop.pay_out()

    lines = (await shop.at.http.get("/truth/journal")).json()["lines"]

    assert ["fault error_500_before_apply payouts.create"] in [line["did"] for line in lines]


async def test_the_home_page_lists_every_switch_and_takes_a_form(shop: AlphaShop) -> None:
    form = {"kind": "callback_duplicate", "how": "25%", "times": "4"}

    saved = await shop.at.http.post("/_sandbox/faults", data=form)
    page = (await shop.at.http.get("/")).text
    cleared = await shop.at.http.post("/_sandbox/faults/clear", data={"x": "1"})

    assert (saved.status_code, cleared.status_code) == (303, 303)
    assert "25 %" in page
    kinds = (await shop.at.http.get("/_sandbox/faults")).json()["kinds"]
    assert all(kind["kind"] in page for kind in kinds)
    assert shop.key not in page
    assert shop.secret not in page


async def test_a_wrong_setting_is_refused_in_words(alpha: Standin) -> None:
    answer = await alpha.http.post("/_sandbox/faults", json={"callback_lost": "often"})

    assert answer.status_code == 400
    assert "neither a rate nor a count" in answer.json()["error"]


@pytest.mark.parametrize(
    ("url", "to", "host"),
    [
        ("http://a.localhost:81/x?y=1", "http://127.0.0.1:81/x?y=1", "a.localhost:81"),
        ("http://localhost/x", "http://127.0.0.1/x", "localhost"),
        ("https://psp.example:8443/x", "https://psp.example:8443/x", "psp.example:8443"),
        ("http://notlocalhost/x", "http://notlocalhost/x", "notlocalhost"),
    ],
)
def test_names_under_localhost_are_this_machine(url: str, to: str, host: str) -> None:
    assert dial(url) == (to, host)


def upload(body: bytes, kind: str = "multipart/form-data; boundary=b") -> Asked:
    return Asked("POST", "/", {"content-type": kind}, body)


def test_binary_parts_come_out_as_they_went_in() -> None:
    content = b"\r\n--not-b\r\n\x00\xff\r\r\n"
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a b.png"\r\n\r\n'

    found = parts(upload(head + content + b"\r\n--b--\r\n"))

    assert [(part.name, part.file_name, part.content) for part in found] == [
        ("f", "a b.png", content)
    ]


@pytest.mark.parametrize(
    "asked",
    [
        upload(b"", "text/plain"),
        upload(b"", "multipart/form-data"),
        upload(b"--b\r\nx\r\n"),
        upload(b"--b\r\nno headers--b--"),
        upload(b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
    ],
)
def test_a_broken_form_is_unreadable(asked: Asked) -> None:
    with pytest.raises(Unreadable):
        parts(asked)
