"""One contact sheet of every page: phone and desktop, light and dark, English and Arabic, by tenant."""

import asyncio
import io
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont
from pyotp.totp import TOTP

from brokerage.demo import staffing
from stoa.kernel.config import Config
from stoa.kernel.refusals import Unavailable

DESK: Final = (
    "/desk /desk/clients /desk/kyc /desk/deposits /desk/withdrawals /desk/unresolved /desk/psps "
    "/desk/accounts /desk/deals /desk/exposure /desk/servers /desk/partners /desk/partners/rewards "
    "/desk/leads /desk/segments /desk/tasks /desk/messages /desk/reports /desk/settings "
    "/desk/settings/sections/payments /desk/brand /desk/settings/staff /desk/settings/roles "
    "/desk/settings/api /desk/me"
).split()
ROOM: Final = (
    "/ /accounts /accounts/new /money /money/history /money/exchange /money/transfer /deposit "
    "/withdraw /verify /partner /partner/rewards /partner/clients /statements /profile "
    "/profile/security"
).split()
PUBLIC: Final = "/ /register /sign-in /forgot /desk/sign-in".split()
CONTROL: Final = "/ /tenants/new /jobs /audit /operators /me".split()
SIZES: Final = {"desktop": (1440, 900), "phone": (390, 844)}
_FLAGS: Final = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: where they sign in, and which pages are theirs."""

    name: str
    host: str
    sign_in: str | None
    login: str
    second_factor: bool
    pages: Sequence[str]


def chromium() -> str | None:
    """A browser to look with, or None."""
    wanted = os.environ.get("STOA_CHROMIUM")
    for one in (wanted, "chromium", "chromium-browser", "google-chrome"):
        if one and (found := shutil.which(one)):
            return found
    return None


def readers(config: Config) -> list[Reader]:
    found = [
        Reader(
            "control",
            config.control_host,
            "/sign-in",
            "operator@stoa.example",
            True,
            CONTROL,
        )
    ]
    for slug in ("northlight", "pulse"):
        host = config.tenant_host(slug)
        owner, client = f"owner@{slug}.example", f"client001@{slug}.example"
        found += [
            Reader(f"{slug}-public", host, None, "", False, PUBLIC),
            Reader(f"{slug}-room", host, "/sign-in", client, False, ROOM),
            Reader(f"{slug}-desk", host, "/desk/sign-in", owner, True, DESK),
        ]
    return found


async def make(out: Path | None, only: str) -> None:
    """Write a PNG per page and variant, and one sheet per reader. Raises Unavailable."""
    from playwright.async_api import async_playwright

    browser_path = chromium()
    if browser_path is None:
        raise Unavailable("No Chromium found: install it, or set STOA_CHROMIUM.")
    config = Config.load()
    out = out or config.state / "sheet"
    out.mkdir(parents=True, exist_ok=True)
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=browser_path, args=flags)
        for reader in readers(config):
            shots = await _reader(browser, config, reader, out, only)
            if shots:
                _join(shots, out / f"sheet-{reader.name}.png")
                print(f"{out / f'sheet-{reader.name}.png'}: {len(shots)} pictures")  # noqa: T201
        await browser.close()


async def _reader(
    browser: Any, config: Config, reader: Reader, out: Path, only: str
) -> list[tuple[str, bytes]]:
    context = await browser.new_context()
    page = await context.new_page()
    if reader.sign_in is not None:
        await _sign_in(page, config, reader)
    shots: list[tuple[str, bytes]] = []
    for path in reader.pages:
        if only and only not in path:
            continue
        for size, (width, height) in SIZES.items():
            for mode, language in (("light", "en"), ("dark", "en"), ("light", "ar")):
                await context.add_cookies(
                    [
                        {"name": "stoa-mode", "value": mode, "domain": reader.host, "path": "/"},
                        {
                            "name": "stoa-language",
                            "value": language,
                            "domain": reader.host,
                            "path": "/",
                        },
                    ]
                )
                await page.set_viewport_size({"width": width, "height": height})
                answer = await page.goto(config.url(reader.host, path))
                await asyncio.sleep(0.25)
                status = answer.status if answer else 0
                picture = await page.screenshot()
                name = f"{reader.name}{path.replace('/', '_')}-{size}-{mode}-{language}"
                (out / f"{name}.png").write_bytes(picture)
                shots.append((f"{path} {size} {mode} {language} {status}", picture))
    (out / f"{reader.name}.json").write_text(json.dumps([label for label, _ in shots], indent=1))
    await context.close()
    return shots


async def _sign_in(page: Any, config: Config, reader: Reader) -> None:
    await page.goto(config.url(reader.host, reader.sign_in or "/"))
    await page.fill("input[name=email]", reader.login)
    await page.fill("input[name=password]", staffing.PASSWORD)
    await page.click("main button[type=submit]")
    if reader.second_factor:
        await page.wait_for_url("**/second-factor**")
        code = TOTP(staffing.secret_of(reader.login)).now()
        await page.fill("input[name=code]", code)
        await page.wait_for_url(lambda url: "second-factor" not in url, timeout=15_000)
    else:
        await page.wait_for_url(lambda url: "sign-in" not in url, timeout=15_000)


def _join(shots: list[tuple[str, bytes]], target: Path) -> None:
    """All pictures small on one sheet, their addresses under them."""
    font = ImageFont.load_default(13)
    high, across = 300, 6
    cells: list[tuple[str, Image.Image]] = []
    for label, picture in shots:
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        scale = high / image.height
        cells.append((label, image.resize((int(image.width * scale), high))))
    wide = max(image.width for _, image in cells)
    rows = -(-len(cells) // across)
    sheet = Image.new("RGB", (across * (wide + 12), rows * (high + 34)), "#888")
    pen = ImageDraw.Draw(sheet)
    for at, (label, image) in enumerate(cells):
        x, y = (at % across) * (wide + 12) + 6, (at // across) * (high + 34) + 6
        sheet.paste(image, (x, y))
        pen.text((x, y + high + 4), label, fill="white", font=font)
    sheet.save(target)
