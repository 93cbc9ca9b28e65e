"""The asset build: from pinned packages and our own sources to what browsers are sent.

Everything built lands in one ignored folder under content-hashed names, compressed beforehand, with
a manifest from logical to real names. A build whose inputs did not change does nothing.
"""

import contextlib
import gzip
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import brotli

from stoa.kernel import where
from stoa.theming import documents, fonts, manifest, sprite, themes

VERSION: Final = "3"
PACKED: Final = frozenset({".css", ".js", ".svg", ".json"})
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT: Final = re.compile(r"^\s*//.*$\n?", re.MULTILINE)
_GAPS: Final = re.compile(r"\s+")
_TIGHT: Final = re.compile(r"\s*([{};,>])\s*")
_IMPORT: Final = re.compile(r"""((?:from|import)\s*\(?\s*)["']\./([a-z-]+\.js)["']""")
_FACE: Final = re.compile(r"/\* ([a-z0-9-]+) \*/\s*(@font-face \{.*?\})", re.DOTALL)
_SOURCE: Final = re.compile(r"url\(\./files/([a-z0-9-]+\.woff2)\)")

Progress = Callable[[str], None]


class AssetProblem(RuntimeError):
    """The front-end packages are not as the lock says; nothing was replaced."""


@dataclass(slots=True)
class _Output:
    """Where a build writes before it takes the place of the last one."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict[str, str])

    def put(self, logical: str, body: bytes) -> str:
        stem, dot, ending = logical.rpartition(".")
        mark = hashlib.sha256(body).hexdigest()[:12]
        name = f"{stem}.{mark}{dot}{ending}"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        if path.suffix in PACKED and len(body) > 512:
            path.with_name(path.name + ".br").write_bytes(brotli.compress(body))
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(body, 9, mtime=0))
        self.files[logical] = name
        return name


def build(
    node_modules: Path, *, force: bool = False, progress: Progress = lambda _: None
) -> Mapping[str, str]:
    """Make what browsers are sent; answers logical to real names.

    Raises:
        AssetProblem: a package is missing or is not laid out as expected.
    """
    sources = Sources.found(node_modules)
    mark = sources.fingerprint()
    if not force and _built_from() == mark:
        return manifest.names()
    target = manifest.built()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".built-", dir=target.parent))
    try:
        _make(_Output(fresh), sources, mark, progress)
        _put(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    manifest.reload()
    return manifest.names()


def _make(out: _Output, sources: "Sources", mark: str, progress: Progress) -> None:
    steps: list[tuple[str, Callable[[_Output, Sources], None]]] = [
        ("fonts", _fonts),
        ("icons", _icons),
        ("styles", _styles),
        ("scripts", _scripts),
        ("flags", _flags),
        ("fonts for documents", _documents),
    ]
    for label, step in steps:
        progress(label)
        try:
            step(out, sources)
        except FileNotFoundError as missing:
            raise AssetProblem(
                f"{missing.filename} is missing: unpack the pinned packages with npm ci first"
            ) from missing
    told = {"made_from": mark, "files": dict(sorted(out.files.items()))}
    (out.folder / manifest.FILE).write_text(json.dumps(told, indent=1), encoding="utf-8")


def _put(fresh: Path, target: Path) -> None:
    """Take the place of the last build; of two that end together, either may stay."""
    fresh.chmod(0o755)
    last = fresh.with_name(f"{fresh.name}-last")
    with contextlib.suppress(FileNotFoundError):
        target.rename(last)
    with contextlib.suppress(FileExistsError, NotADirectoryError, OSError):
        fresh.rename(target)
    shutil.rmtree(last, ignore_errors=True)


def stale(node_modules: Path) -> bool:
    """Whether a build would change anything."""
    return _built_from() != Sources.found(node_modules).fingerprint()


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a build reads."""

    node_modules: Path
    themes: tuple[themes.Theme, ...]

    @classmethod
    def found(cls, node_modules: Path) -> "Sources":
        return cls(node_modules, themes.installed())

    @property
    def own(self) -> Path:
        return where.themes() / themes.DEFAULT / "static" / "src"

    def package(self, *parts: str) -> Path:
        return self.node_modules.joinpath(*parts)

    def read(self, path: Path) -> str:
        return path.read_text(encoding="utf-8")

    def fingerprint(self) -> str:
        seen = hashlib.sha256(VERSION.encode())
        for path in self._own_files():
            seen.update(path.name.encode() + b"\0" + path.read_bytes())
        seen.update("\0".join(sprite.used(self.themes)).encode())
        for name in ("@tabler/core", "@tabler/icons", "htmx.org", "uplot"):
            told = self.package(name, "package.json")
            seen.update(told.read_bytes() if told.is_file() else b"missing")
        for path in sorted(self.node_modules.glob("@fontsource*/*/package.json")):
            seen.update(path.read_bytes())
        return seen.hexdigest()

    def _own_files(self) -> Iterator[Path]:
        for theme in self.themes:
            yield theme.folder / "theme.toml"
            yield from sorted(
                path for path in (theme.folder / "static" / "src").rglob("*") if path.is_file()
            )
        yield from (Path(fonts.__file__), Path(documents.__file__), Path(sprite.__file__))


def _built_from() -> str | None:
    path = manifest.built() / manifest.FILE
    if not path.is_file():
        return None
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return str(told.get("made_from"))


def _fonts(out: _Output, sources: Sources) -> None:
    """One small sheet per font pair; a browser fetches only the subsets a page's letters need."""
    for name, pair in fonts.PAIRS.items():
        sheet: list[str] = []
        for face in pair.faces:
            folder = sources.package(face.package)
            text = sources.read(folder / f"{face.axis}.css")
            for title, rule in _FACE.findall(text):
                if not any(title.endswith(f"-{sub}-{face.axis}-normal") for sub in face.subsets):
                    continue
                found = _SOURCE.search(rule)
                if not found:
                    raise AssetProblem(f"{face.package} names no file for {title}")
                file = found.group(1)
                logical = f"fonts/{file}"
                real = out.files.get(logical) or out.put(
                    logical, (folder / "files" / file).read_bytes()
                )
                sheet.append(_SOURCE.sub(f"url({real.removeprefix('/')})", rule))
        out.put(f"fonts-{name}.css", _small_css("\n".join(sheet)).encode())


def _icons(out: _Output, sources: Sources) -> None:
    names = sprite.used(sources.themes)
    out.put("icons.svg", sprite.drawn(sources.package("@tabler/icons"), names).encode())


def _styles(out: _Output, sources: Sources) -> None:
    base = sources.package("@tabler/core", "dist", "css")
    for direction, file in (("", "tabler.min.css"), (".rtl", "tabler.rtl.min.css")):
        text = _COMMENT.sub("", sources.read(base / file))
        out.put(f"base{direction}.css", re.sub(r"@charset[^;]+;", "", text).encode())
    charts = sources.read(sources.package("uplot", "dist", "uPlot.min.css"))
    for theme in sources.themes:
        folder = theme.folder / "static" / "src"
        text = "\n".join(sources.read(folder / name) for name in theme.styles)
        if theme.name == themes.DEFAULT:
            out.put("app.css", _small_css(charts + text).encode())
        else:
            out.put(f"theme-{theme.name}.css", _small_css(text).encode())


def _scripts(out: _Output, sources: Sources) -> None:
    out.put("htmx.js", sources.package("htmx.org", "dist", "htmx.min.js").read_bytes())
    plot = sources.read(sources.package("uplot", "dist", "uPlot.iife.min.js"))
    out.put("uplot.js", f"{_COMMENT.sub('', plot)}\nexport default uPlot;\n".encode())
    waiting = {path.name: sources.read(path) for path in sorted(sources.own.glob("*.js"))}
    while waiting:
        ready = [
            name
            for name, text in waiting.items()
            if not {wanted for _, wanted in _IMPORT.findall(text)} & waiting.keys()
        ]
        if not ready:
            raise AssetProblem(f"these modules import one another in a circle: {sorted(waiting)}")
        for name in ready:
            text = _IMPORT.sub(
                lambda found: f'{found.group(1)}"./{out.files[found.group(2)]}"', waiting.pop(name)
            )
            out.put(name, _small_js(text).encode())


def _flags(out: _Output, sources: Sources) -> None:
    folder = sources.package("@tabler/core", "dist", "img", "flags")
    for path in sorted(folder.glob("??.svg")):
        out.put(f"flags/{path.name}", path.read_bytes())


def _documents(out: _Output, sources: Sources) -> None:
    documents.make(sources.node_modules, out.folder / "fonts-ttf")


def _small_css(text: str) -> str:
    """Comments and idle space taken out; strings in our sheets hold neither."""
    return _TIGHT.sub(r"\1", _GAPS.sub(" ", _COMMENT.sub("", text))).replace(";}", "}").strip()


def _small_js(text: str) -> str:
    return _LINE_COMMENT.sub("", _COMMENT.sub("", text)).strip() + "\n"
