"""The sheets, from signing in to the report."""

import asyncio
import os
from pathlib import Path
from typing import Any, Final

from brokerage.demo.sheet import examples, finding, walks
from brokerage.demo.sheet.finding import Found
from brokerage.demo.sheet.pictures import sheets
from brokerage.demo.sheet.readers import Reader, chromium, enter, readers
from brokerage.demo.sheet.shooting import VARIANTS, Camera, Seen
from stoa.kernel.config import Config
from stoa.kernel.refusals import Unavailable

_FLAGS: Final = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


async def make(
    out: Path | None, *, only: str, who: str, variants: str, pictures: bool = True
) -> bool:
    """Pictures, sheets and the report; true when nothing failed. Raises Unavailable.

    Without `pictures` only the report of routes that the demo has no example of.
    """
    from playwright.async_api import async_playwright

    browser_path = chromium()
    if browser_path is None:
        raise Unavailable("No Chromium found: install it, or set STOA_CHROMIUM.")
    config = Config.load()
    out = out or config.state / "sheet"
    out.mkdir(parents=True, exist_ok=True)
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    good = True
    found: dict[str, list[Found]] = {}
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=browser_path, args=flags)
        for reader in readers(config):
            if who not in reader.name:
                continue
            seen, told = await _reader(
                browser, config, reader, out / reader.name, only if pictures else None,
                variants=variants,
            )  # fmt: skip
            found.setdefault(reader.audience, []).append(told)
            written = sheets(seen, reader.name, out)
            good &= _report(reader, seen, told, out)
            _say(f"{reader.name}: {len(seen)} pages, {len(written)} sheets in {out}")
        await browser.close()
    return good & _without(found)


def _without(found: dict[str, list[Found]]) -> bool:
    """The last lines: routes that no reader of their audience found an example of; true for none."""
    good = True
    for audience, told in found.items():
        if audience == "public":
            continue  # One-time links of letters: what is to be seen of them is walked.
        shown = set[str]().union(*(one.shown for one in told))
        for template in sorted({one for each in told for one in each.missing} - shown):
            why = examples.NONE.get(template)
            _say(f"{audience}: no example of {template}" + (f" ({why})" if why else ""))
            good &= why is not None
    return good


async def _reader(
    browser: Any, config: Config, reader: Reader, out: Path, only: str | None, *, variants: str
) -> tuple[list[Seen], Found]:
    """`only` chooses the pages to look at by a part of their address; None looks at none."""
    out.mkdir(parents=True, exist_ok=True)
    context = await browser.new_context(reduced_motion="reduce")
    camera = Camera(context, reader.host, out, VARIANTS[variants])
    await camera.open()
    root = config.url(reader.host, "/").rstrip("/")
    if reader.login:
        await enter(camera.page, config, reader)
    else:
        await camera.page.goto(f"{root}/sign-in")
    found = await finding.pages(camera.page, reader.audience, reader.start)
    seen = [
        await camera.look(f"{root}{path}", path, state)
        for path, state in found.pages
        if only is not None and only in path
    ]
    if only == "":
        seen += await _walks(camera, config, reader, root)
    await context.close()
    return seen, found


async def _walks(camera: Camera, config: Config, reader: Reader, root: str) -> list[Seen]:
    seen = [one async for one in walks.wrong_addresses(camera, root, reader.audience)]
    if reader.audience == "public":
        seen += [one async for one in walks.joining(camera, root)]
        slug = reader.name.split("-")[0]
        seen += [one async for one in walks.letters(camera, config, slug)]
    if reader.audience == "room":
        paper = await walks.statement(camera, root)
        seen += [paper] if paper else []
    return seen


def _report(reader: Reader, seen: list[Seen], found: Found, out: Path) -> bool:
    """One line a page, its faults under it, the notes in a file; true without faults."""
    notes: list[str] = []
    good = True
    for one in seen:
        _say(
            f"{reader.name} {one.status} {one.weight:>7} B {one.ready_ms:>5} ms  {one.path} {one.state}"
        )
        for fault in sorted(one.faults):
            _say(f"    {fault}")
        good &= not one.faults
        notes += [f"{one.path} {one.state}: {note}" for note in sorted(one.notes)]
    notes += [f"no example of {template}" for template in found.missing]
    (out / f"notes-{reader.name}.txt").write_text("\n".join(notes), encoding="utf-8")
    return good


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a report


def run(out: Path | None, *, only: str, who: str, variants: str, pictures: bool = True) -> bool:
    """From the command line."""
    return asyncio.run(make(out, only=only, who=who, variants=variants, pictures=pictures))
