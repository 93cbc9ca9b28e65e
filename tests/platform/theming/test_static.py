import gzip
from collections.abc import Mapping
from typing import Any

import brotli
import pytest

from stoa.theming import manifest
from stoa.theming.static import Static


async def ask(
    path: str, *, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": method, "headers": raw}
    await Static()(scope, receive, send)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(one.get("body", b"") for one in sent[1:])


async def test_an_asset_is_kept_for_ever_under_a_name_that_is_its_content(
    built: Mapping[str, str],
) -> None:
    status, headers, body = await ask(manifest.asset("app.css"))

    assert status == 200
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"] == "text/css; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert b".panel-card" in body


async def test_the_smallest_stored_form_the_browser_takes_is_sent(built: Mapping[str, str]) -> None:
    path = manifest.asset("app.css")
    _, _, plain = await ask(path)

    _, headers, packed = await ask(path, accept_encoding="gzip, deflate, br")
    assert headers["content-encoding"] == "br"
    assert headers["vary"] == "accept-encoding"
    assert brotli.decompress(packed) == plain

    _, headers, packed = await ask(path, accept_encoding="gzip, br;q=0")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize(
    "path",
    [
        "/static/../manifest.py",
        "/static/../../theme.toml",
        "/static/..%2f..%2ftheme.toml",
        "/static//etc/passwd",
        "/static/manifest.json",
        "/static/fonts-ttf/Inter-400.ttf",
        "/static/app.css",
        "/static/",
        "/static/app.css\0",
    ],
)
async def test_nothing_but_the_names_of_the_manifest_is_served(
    built: Mapping[str, str], path: str
) -> None:
    status, headers, body = await ask(path)

    assert (status, body) == (404, b"")
    assert headers["cache-control"] == "no-store"


async def test_only_reading_is_answered(built: Mapping[str, str]) -> None:
    path = manifest.asset("app.js")

    assert (await ask(path, method="POST"))[0] == 405
    status, headers, body = await ask(path, method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


async def test_a_browser_that_has_it_is_told_so(built: Mapping[str, str]) -> None:
    path = manifest.asset("app.js")
    _, headers, _ = await ask(path)

    status, _, body = await ask(path, if_none_match=headers["etag"])

    assert (status, body) == (304, b"")
