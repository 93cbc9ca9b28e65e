"""One page in all its variants: a picture of each, and what the browser says of it."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from stoa.theming import texts

SIZES: Final = {"desktop": (1440, 900), "phone": (390, 844)}
HEAVY: Final = 100_000
"""Bytes of HTML a page may weigh."""
_JUDGE: Final = Path(texts.__file__).with_name("judged.js")
_ENGLISH: Final = re.compile(r"\b[a-z]{3,} [a-z]{2,}\b")
_LONG_TASKS: Final = """
window.__long = [];
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.__long.push(one.startTime + one.duration); }).observe({ type: "longtask", buffered: true });
"""
_HEIGHT: Final = """() => {
  const inner = [...document.querySelectorAll("body, body *")].map((one) => /auto|scroll/.test(getComputedStyle(one).overflowY) ? one.scrollHeight - one.clientHeight : 0);
  return Math.max(document.documentElement.scrollHeight, window.innerHeight + Math.max(...inner));
}"""
_TALLEST: Final = 6000


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to see a page."""

    size: str
    mode: str
    language: str

    def __str__(self) -> str:
        return f"{self.size} {self.mode} {self.language}"


VARIANTS: Final = {
    "quick": (
        Variant("desktop", "light", "en"),
        Variant("phone", "dark", "ar"),
    ),
    # Every value of each, every pair of them somewhere.
    "telling": (
        Variant("desktop", "light", "en"),
        Variant("phone", "dark", "en"),
        Variant("desktop", "dark", "ar"),
        Variant("phone", "light", "ar"),
        Variant("desktop", "light", "es"),
    ),
    "every": tuple(
        Variant(size, mode, language)
        for language in ("en", "ar", "es")
        for size in SIZES
        for mode in ("light", "dark")
    ),
}


@dataclass
class Seen:
    """A page: its pictures and its faults. `faults` fail the sheet, `notes` are for the eye."""

    path: str
    state: str
    status: int = 0
    weight: int = 0
    ready_ms: int = 0
    pictures: dict[Variant, Path] = field(default_factory=dict[Variant, Path])
    faults: set[str] = field(default_factory=set[str])
    notes: set[str] = field(default_factory=set[str])


class Camera:
    """A browser tab that remembers what the console said."""

    def __init__(self, context: Any, host: str, out: Path, variants: tuple[Variant, ...]) -> None:
        self._context, self._host, self._out, self._variants = context, host, out, variants
        self._heard: list[str] = []
        self.page: Any = None

    async def open(self) -> None:
        await self._context.add_init_script(_LONG_TASKS)
        self.page = await self._context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda fault: self._heard.append(f"script: {fault}"[:160]))

    def _console(self, message: Any) -> None:
        if (
            message.type == "error"
            and "status of 4" not in message.text
            and "status of 5" not in message.text
        ):
            self._heard.append(f"console: {message.text}"[:160])

    async def look(self, url: str, path: str, state: str = "") -> Seen:
        """The page at `url`, in every variant."""
        seen = Seen(path, state)
        for variant in self._variants:
            await self._dress(variant)
            self._heard.clear()
            answer = await self.page.goto(url, wait_until="load")
            seen.status = answer.status if answer else 0
            body = await answer.body() if answer else b""
            seen.weight = max(seen.weight, len(body))
            await self._judge(seen, variant)
            await self._shoot(seen, variant)
        if seen.weight > HEAVY:
            seen.faults.add(f"{seen.weight} bytes of HTML")
        return seen

    def keep(self, name: str, image: Any) -> Path:
        """Keeps a picture that was made elsewhere."""
        target = self._out / f"{_file(name)}.png"
        image.save(target)
        return target

    async def _dress(self, variant: Variant) -> None:
        width, height = SIZES[variant.size]
        await self.page.set_viewport_size({"width": width, "height": height})
        worn = {"mode": variant.mode, "language": variant.language}
        await self._context.add_cookies(
            [
                {"name": name, "value": value, "domain": self._host, "path": "/"}
                for name, value in worn.items()
            ]
        )

    async def _judge(self, seen: Seen, variant: Variant) -> None:
        await self.page.wait_for_timeout(120)
        found = await self.page.evaluate(_judge())
        seen.ready_ms = max(seen.ready_ms, found["ready"])
        for kind in ("contrast", "structure", "focus", "wide"):
            seen.faults |= {f"{kind} ({variant}): {one}" for one in found[kind]}
        if variant.size == "phone":
            seen.notes |= {f"small target: {one}" for one in found["small"]}
        seen.faults |= {f"{one} ({variant})" for one in self._heard}
        if variant.language != "en":
            _untranslated(seen, variant.language, found["texts"])

    async def _shoot(self, seen: Seen, variant: Variant) -> None:
        target = self._out / f"{_file(f'{seen.path}-{seen.state}-{variant}')}.png"
        tall = await self.page.evaluate(_HEIGHT)
        width, height = SIZES[variant.size]
        await self.page.set_viewport_size(
            {"width": width, "height": min(max(tall, height), _TALLEST)}
        )
        await self.page.wait_for_timeout(60)
        await self.page.screenshot(path=target)
        seen.pictures[variant] = target


def _file(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


@lru_cache(maxsize=1)
def _judge() -> str:
    return _JUDGE.read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def _sources(language: str) -> frozenset[str]:
    """English sentences that have another form in this language."""
    known = texts.catalog(language).forms
    return frozenset(key.split("\x04")[-1] for key, forms in known.items() if forms[0] != key)


def _untranslated(seen: Seen, language: str, shown: list[str]) -> None:
    """An English sentence of ours on a page in another language is a fault; other Latin words of
    an Arabic page are for the eye: they may be someone's name.
    """
    sources = _sources(language)
    for text in shown:
        if text in sources:
            seen.faults.add(f"English in {language}: {text[:60]}")
        elif language == "ar" and _ENGLISH.search(text):
            seen.notes.add(f"Latin in ar: {text[:70]}")


__all__ = ["VARIANTS", "Camera", "Seen", "Variant"]
