"""Built assets over HTTP: only names of the manifest, compressed beforehand, kept for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio

from stoa.theming import manifest

FOR_EVER: Final = b"public, max-age=31536000, immutable"
_KINDS: Final[Mapping[str, bytes]] = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".json": b"application/json",
}
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_KEPT_BYTES: Final = 4 * 1024 * 1024

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    kind: bytes
    packed: Mapping[str, Path]


class Static:
    """An ASGI application for the paths under `/static/`.

    A path is looked up among the names of the manifest and never joined to a folder, so there is
    nothing to walk out of. Without a build every path answers 404.
    """

    def __init__(self) -> None:
        self._files: Mapping[str, _File] | None = None
        self._kept: dict[Path, bytes] = {}
        self._room = _KEPT_BYTES

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - ASGI passes it
        name = str(scope["path"]).rpartition(manifest.PREFIX)[2]
        found = self._known().get(name)
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, [(b"allow", b"GET, HEAD")], b"")
            return
        if found is None:
            await _answer(send, 404, [(b"cache-control", b"no-store")], b"")
            return
        etag = f'"{name}"'.encode()
        headers: Headers = [
            (b"content-type", found.kind),
            (b"cache-control", FOR_EVER),
            (b"etag", etag),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        asked: dict[bytes, bytes] = dict(scope["headers"])
        if asked.get(b"if-none-match") == etag:
            await _answer(send, 304, headers, b"")
            return
        path, encoding = _fitting(found, asked.get(b"accept-encoding", b"").decode("latin-1"))
        if encoding:
            headers.append((b"content-encoding", encoding.encode()))
        try:
            body = await self._body(path)
        except FileNotFoundError:  # A build replaced it while this process still names it.
            await _answer(send, 404, [(b"cache-control", b"no-store")], b"")
            return
        await _answer(send, 200, headers, body, head=scope["method"] == "HEAD")

    def _known(self) -> Mapping[str, _File]:
        if self._files is None:
            self._files = {
                name: _described(manifest.built() / name) for name in manifest.names().values()
            }
        return self._files

    async def _body(self, path: Path) -> bytes:
        if (kept := self._kept.get(path)) is not None:
            return kept
        body = await anyio.Path(path).read_bytes()
        if len(body) <= self._room:
            self._room -= len(body)
            self._kept[path] = body
        return body


def _described(path: Path) -> _File:
    packed = {
        encoding: path.with_name(path.name + ending)
        for encoding, ending in _ENCODINGS
        if path.with_name(path.name + ending).is_file()
    }
    return _File(path, _KINDS.get(path.suffix, b"application/octet-stream"), packed)


def _fitting(found: _File, accepted: str) -> tuple[Path, str]:
    """The smallest stored form the browser takes; `;q=0` means not that one."""
    wanted = {
        part.split(";")[0].strip()
        for part in accepted.split(",")
        if part.replace(" ", "").partition(";")[2] not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    }
    for encoding, _ in _ENCODINGS:
        if encoding in wanted and encoding in found.packed:
            return found.packed[encoding], encoding
    return found.path, ""


async def _answer(
    send: Any, status: int, headers: Headers, body: bytes, *, head: bool = False
) -> None:
    if status != 304:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
