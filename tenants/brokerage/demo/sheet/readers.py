"""Who looks at the pages, and how they sign in."""

import os
import shutil
from dataclasses import dataclass
from typing import Any, Final

from pyotp.totp import TOTP

from brokerage.demo import staffing
from stoa.kernel.config import Config

SLUGS: Final = ("northlight", "pulse")


@dataclass(frozen=True, slots=True)
class Reader:
    """One person at one host; `start` are pages beyond those their routes name."""

    name: str
    host: str
    audience: str
    login: str = ""
    sign_in: str = ""
    second_factor: bool = False
    start: tuple[str, ...] = ()


def chromium() -> str | None:
    """A browser to look with, or None."""
    wanted = os.environ.get("STOA_CHROMIUM")
    for one in (wanted, "chromium", "chromium-browser", "google-chrome"):
        if one and (found := shutil.which(one)):
            return found
    return None


def readers(config: Config) -> list[Reader]:
    """The operator, and of each tenant a stranger, three clients and the owner."""
    control = config.control_host
    found = [
        Reader(
            "control", control, "control", "operator@stoa.example", "/sign-in", second_factor=True
        ),
    ]
    for slug in SLUGS:
        host = config.tenant_host(slug)
        client, unready = f"client001@{slug}.example", f"unready@{slug}.example"
        found += [
            Reader(f"{slug}-public", host, "public"),
            Reader(f"{slug}-room", host, "room", client, "/sign-in"),
            Reader(f"{slug}-new", host, "room", unready, "/sign-in"),
            Reader(
                f"{slug}-desk",
                host,
                "desk",
                f"owner@{slug}.example",
                "/desk/sign-in",
                second_factor=True,
            ),
        ]
    return found


async def enter(page: Any, config: Config, reader: Reader) -> None:
    """Signs in as a person does: password, then the code where one is asked."""
    await page.goto(config.url(reader.host, reader.sign_in))
    await page.fill("input[name=email]", reader.login)
    await page.fill("input[name=password]", staffing.PASSWORD)
    await page.click("main button[type=submit]")
    if reader.second_factor:
        await page.wait_for_url("**/second-factor**", timeout=20_000)
        await page.fill("input[name=code]", TOTP(staffing.secret_of(reader.login)).now())
        await page.wait_for_url(lambda url: "second-factor" not in url, timeout=20_000)
    else:
        await page.wait_for_url(lambda url: "sign-in" not in url, timeout=20_000)
