"""Every part on sample pages, drawn to files and screenshots: to look at, and to hold to in tests.

    python tests/platform/theming/guide.py OUT [page …] [--all]

Templates here extend the product's own layouts; nothing of this is served by the product.
"""

import asyncio
import re
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from stoa.kernel import where
from stoa.kernel.money import Money
from stoa.theming import assets, manifest, sprite, statuses, themes
from stoa.theming.look import Banner, Look, NavItem, Viewer, showing
from stoa.theming.render import environment

HERE = Path(__file__).parent / "pages"
NOW = datetime(2026, 3, 18, 14, 5, tzinfo=UTC)

ROOM_NAV = [
    NavItem(label="Home", href="/", icon="home", key="h"),
    NavItem(label="Accounts", href="/accounts", icon="chart-candle", key="a"),
    NavItem(label="Money", href="/money", icon="wallet", key="m"),
    NavItem(label="Partner", href="/partner", icon="users-group", key="p"),
    NavItem(label="Profile", href="/profile", icon="user-circle", key="u", badge=1),
]
PARTNER_NAV = [
    NavItem(label=label, href=f"/partner/{label.lower()}", icon=icon)
    for label, icon in (
        ("Overview", "layout-dashboard"),
        ("Clients", "users"),
        ("Rewards", "coins"),
        ("Payouts", "cash"),
        ("Links", "link"),
        ("Material", "users"),
        ("Tree", "sitemap"),
        ("Sharing", "users"),
        ("Objections", "users"),
        ("Postbacks", "users"),
        ("Trader room", "home"),
    )
]
"""As many places as the portal has, which once ran out of a bar along the top."""
DESK_NAV = [
    NavItem(label="Today", href="/desk", icon="sun-high", key="t"),
    NavItem(label="Clients", href="/desk/clients", icon="users", key="c"),
    NavItem(
        label="Verification",
        href="/desk/verification",
        icon="id-badge-2",
        key="v",
        badge=12,
        group="Work",
    ),
    NavItem(label="Money in", href="/desk/deposits", icon="arrow-down-left", key="i", group="Work"),
    NavItem(
        label="Money out",
        href="/desk/withdrawals",
        icon="arrow-up-right",
        key="o",
        badge=7,
        group="Work",
    ),
    NavItem(label="Accounts", href="/desk/accounts", icon="chart-candle", key="a", group="Work"),
    NavItem(label="Partners", href="/desk/partners", icon="sitemap", key="p", group="Grow"),
    NavItem(label="Leads", href="/desk/leads", icon="target-arrow", key="l", group="Grow"),
    NavItem(
        label="Messages", href="/desk/messages", icon="messages", key="m", badge=3, group="Grow"
    ),
    NavItem(label="Risk", href="/desk/risk", icon="activity-heartbeat", key="r", group="House"),
    NavItem(label="Reports", href="/desk/reports", icon="report-analytics", key="e", group="House"),
    NavItem(
        label="Settings",
        href="/desk/settings",
        icon="adjustments-horizontal",
        key="s",
        group="House",
    ),
]
CONTROL_NAV = [
    NavItem(label="Fleet", href="/", icon="stack-2", key="f"),
    NavItem(label="Jobs", href="/jobs", icon="list-check", key="j", badge=2),
    NavItem(label="Connectors", href="/connectors", icon="plug-connected", key="c"),
    NavItem(label="Audit", href="/audit", icon="fingerprint", key="a"),
]
PATHS = {
    "today": "/desk",
    "client": "/desk/clients",
    "withdrawals": "/desk/withdrawals",
    "verification": "/desk/verification",
    "pipeline": "/desk/leads",
    "settings": "/desk/settings",
    "home": "/",
    "money": "/money",
    "withdraw": "/money",
    "accounts": "/accounts",
    "partner": "/partner",
    "fleet": "/",
}
NAVS = {"room": ROOM_NAV, "partner": PARTNER_NAV, "desk": DESK_NAV, "control": CONTROL_NAV}
AUDIENCE = {
    "home": "room",
    "money": "room",
    "withdraw": "room",
    "accounts": "room",
    "today": "desk",
    "client": "desk",
    "withdrawals": "desk",
    "verification": "desk",
    "pipeline": "desk",
    "settings": "desk",
    "partner": "partner",
    "fleet": "control",
    "sign_in": "auth",
    "question": "auth",
    "landing": "public",
    "error": "error",
    "letter": "mail",
    "parts": "desk",
}


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def look(page: str, *, theme: str = "default", locale: str = "en", mode: str | None = None) -> Look:
    names = {"default": "Meridian", "northlight": "Aurora Markets", "pulse": "Nova Trading"}
    brand = themes.named(theme).starting_brand(
        names[theme],
        support_email=f"help@{theme}.example",
        strapline="Trade with people who pick up the phone.",
    )
    audience = AUDIENCE[page]
    return Look(
        brand=brand,
        locale=locale,
        time_zone="Europe/Nicosia",
        mode=mode,  # type: ignore[arg-type]
        nonce="n",
        csrf="c",
        path=PATHS.get(page, "/"),
        audience=audience,  # type: ignore[arg-type]
        viewer=Viewer(
            name="María Fernández",
            note="Client 48210" if audience == "room" else "Head of Finance",
            account_url="/me",
            sign_out_url="/out",
        )
        if audience not in {"auth", "public", "error"}
        else None,
        nav=NAVS.get(
            audience,
            [
                NavItem(label="Sign in", href="/sign-in"),
                NavItem(label="Open an account", href="/join"),
            ]
            if audience == "public"
            else [],
        ),
        banners=[
            Banner(
                text="Support session of the operator. Every page is logged.",
                until=NOW + timedelta(minutes=22),
                href="/leave",
                action="Leave",
            )
        ]
        if page == "client"
        else [],
        home_url="/desk" if audience == "desk" else "/",
        live_url="/live",
        search_url="/search" if audience in {"desk", "control"} else "",
        notices_url="/notices",
        unread=3,
        languages=[("en", "?l=en"), ("es", "?l=es"), ("ar", "?l=ar")],
        legal=[
            "Aurora Markets (CY) Ltd is authorised under licence 000/00. CFDs are complex instruments and come with a high risk of losing money rapidly due to leverage. 71 % of retail accounts lose money."
        ],
        reference="0197-3f2c-88aa",
        now=NOW,
    )


def context() -> dict[str, Any]:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(76)]
    wave = [Decimal(9000 + n * 61 + (n * 37 % 23) * 90 - (n * 53 % 17) * 110) for n in range(76)]
    return {
        "now": NOW,
        "ago": lambda **spans: NOW - timedelta(**spans),
        "ahead": lambda **spans: NOW + timedelta(**spans),
        "eur": eur,
        "usd": usd,
        "D": Decimal,
        "days": days,
        "wave": wave,
        "month": [Decimal(400 + (n * 71 % 37) * 22) for n in range(30)],
        "spark": [Decimal(v) for v in (12, 14, 13, 17, 16, 19, 18, 22, 21, 25, 24, 28)],
        "words": sorted(statuses._KNOWN),
        "item": SimpleNamespace,
    }


def page_html(name: str, seen: Look) -> str:
    made = environment(seen.brand.theme)
    text = (HERE / f"{name}.html").read_text(encoding="utf-8")
    with showing(seen):
        return made.from_string(text).render(look=seen, **context())


VIEWS = [("desktop", 1440, 900), ("phone", 390, 844)]


async def photograph(
    out: Path, pages: list[str], combos: list[tuple[str, str, str]], views: list[str]
) -> list[str]:
    from playwright.async_api import async_playwright

    said: list[str] = []
    async with async_playwright() as p:
        browser = await p.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for view, width, height in VIEWS:
            if view not in views:
                continue
            for theme, locale, mode in combos:
                tab = await browser.new_page(viewport={"width": width, "height": height})
                tab.on(
                    "console",
                    lambda m: (
                        said.append(f"{m.type}: {m.text}")
                        if m.type in {"error", "warning"}
                        else None
                    ),
                )
                tab.on("pageerror", lambda e: said.append(f"page: {e}"))
                await tab.route("**/*", fulfil)
                for name in pages:
                    seen = look(name, theme=theme, locale=locale, mode=mode)
                    html = page_html(name, seen)
                    SERVED["body"] = html
                    await tab.set_viewport_size({"width": width, "height": height})
                    await tab.goto(f"http://guide.test/{name}")
                    await tab.wait_for_timeout(350)
                    over = await tab.evaluate(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    if over > 0:
                        said.append(f"overflow {over}px: {name} {view} {theme} {locale}")
                    tall = await tab.evaluate("document.documentElement.scrollHeight")
                    await tab.set_viewport_size(
                        {"width": width, "height": min(4000, max(height, tall))}
                    )
                    await tab.wait_for_timeout(120)
                    await tab.screenshot(
                        path=out / f"{name}-{view}-{theme}-{locale}-{mode}.png", full_page=True
                    )
                await tab.close()
        await browser.close()
    return said


SERVED: dict[str, str] = {}
CSP = "default-src 'none'; script-src 'nonce-n' 'strict-dynamic'; style-src 'self' 'nonce-n'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


async def fulfil(route: Any) -> None:
    path = route.request.url.split("guide.test", 1)[1].split("?")[0]
    if path.startswith("/static/"):
        if path.startswith("/static/icons."):
            await route.fulfill(body=SERVED["icons"], content_type="image/svg+xml")
            return
        file = manifest.built() / path.removeprefix("/static/")
        if file.is_file():
            await route.fulfill(
                body=file.read_bytes(), content_type=KINDS.get(file.suffix, "text/plain")
            )
            return
        await route.fulfill(status=404, body="")
    elif path == "/live":
        await route.fulfill(
            body="retry: 900000\nevent: hello\ndata: live\n\n", content_type="text/event-stream"
        )
    elif path.endswith((".jpg", ".png")):
        file = HERE / path.rpartition("/")[2]
        await route.fulfill(
            body=file.read_bytes() if file.is_file() else b"", content_type="image/png"
        )
    else:
        await route.fulfill(
            body=SERVED["body"],
            content_type="text/html; charset=utf-8",
            headers={} if path == "/letter" else {"content-security-policy": CSP},
        )


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    asked = [name for name in sys.argv[2:] if not name.startswith("-")]
    options = {
        name.lstrip("-").split("=")[0]: name.partition("=")[2]
        for name in sys.argv[2:]
        if name.startswith("-")
    }
    assets.build(where.node_modules())
    told = "".join(path.read_text() for path in (*HERE.glob("*.html"), Path(__file__)))
    names = {
        *sprite.used(themes.installed()),
        *re.findall(r"""icon\W{1,4}["']([a-z0-9-]+)["']""", told),
    }
    SERVED["icons"] = sprite.drawn(where.node_modules() / "@tabler/icons", sorted(names))
    environment.cache_clear()
    pages = asked or list(AUDIENCE)
    combos = [tuple(one.split("/")) for one in options.get("combos", "default/en/light").split(",")]
    views = options.get("views", "desktop,phone").split(",")
    for line in sorted(set(asyncio.run(photograph(out, pages, combos, views)))):  # type: ignore[arg-type]
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
