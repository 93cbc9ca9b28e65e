"""The sample pages in a real browser: nothing blocked, nothing overflowing, and gestures that work."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stoa.kernel import where
from stoa.theming import sprite, themes
from support.chromium import ARGUMENTS, CHROMIUM, WITHOUT
from support.patience import LONGEST_S, until

from . import guide

pytestmark = pytest.mark.browser
QUIET_MS = 150


@pytest.fixture(scope="module")
async def browser(built: Mapping[str, str]) -> AsyncIterator[Any]:
    if CHROMIUM is None:
        pytest.skip(WITHOUT)
    playwright = pytest.importorskip("playwright.async_api")
    names = [*sprite.used(themes.installed())]
    guide.SERVED["icons"] = sprite.drawn(where.node_modules() / "@tabler/icons", names)
    async with playwright.async_playwright() as started:
        running = await started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


class Tab:
    """One page of the guide: what it complained about, what it posted, what it was answered."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        self.posted: list[Any] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.afterwards: str | None = None
        """What is served once the page itself was: to whoever fetches it again, however soon."""
        page.on("console", self._heard)
        page.on("pageerror", lambda fault: self.said.append(str(fault)))

    def _heard(self, message: Any) -> None:
        expected = "the server responded with a status of 4"
        if message.type in {"error", "warning"} and expected not in message.text:
            self.said.append(message.text)

    async def _answer(self, route: Any) -> None:
        path = route.request.url.split("guide.test", 1)[1].split("?")[0]
        if route.request.method == "POST":
            self.posted.append(route.request)
        if path in self.answers:
            await route.fulfill(**self.answers[path])
        else:
            await guide.fulfil(route)
            if self.afterwards is not None and route.request.resource_type == "document":
                guide.SERVED["body"] = self.afterwards

    async def show(self, name: str, **options: Any) -> None:
        await self.page.route("**/*", self._answer)
        guide.SERVED["body"] = guide.page_html(name, guide.look(name, **options))
        await self.page.goto(f"http://guide.test/{name}")
        await self.page.wait_for_timeout(QUIET_MS)


@pytest.fixture
async def tab(browser: Any) -> AsyncIterator[Tab]:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(LONGEST_S * 1000)
    yield Tab(page)
    await page.unroute_all(behavior="ignoreErrors")
    await page.close()


@pytest.mark.parametrize(
    ("theme", "locale", "mode", "width"),
    [
        ("northlight", "ar", "dark", 390),
        ("pulse", "en", "light", 390),
        ("default", "es", "dark", 390),
        ("northlight", "en", "light", 1440),
    ],
)
async def test_pages_keep_the_policy_and_their_width(
    tab: Tab, theme: str, locale: str, mode: str, width: int
) -> None:
    await tab.page.set_viewport_size({"width": width, "height": 900})
    wide: list[str] = []
    for name in (name for name in guide.AUDIENCE if name != "letter"):
        await tab.show(name, theme=theme, locale=locale, mode=mode)

        beyond = await tab.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if beyond > 0:
            wide.append(f"{name} by {beyond}px")
        assert tab.said == [], name
    assert wide == []


@pytest.mark.parametrize(("name", "width", "least"), [("client", 1280, 28), ("client", 390, 34)])
@pytest.mark.parametrize("sort", ["", "btn btn-quiet btn-sm", "icon-button"])
async def test_what_folds_out_is_a_target_for_a_finger(
    tab: Tab, name: str, width: int, least: int, sort: str
) -> None:
    await tab.page.set_viewport_size({"width": width, "height": 900})
    await tab.show(name)

    high = await tab.page.evaluate(
        """(sort) => {
            const made = document.createElement("details");
            made.innerHTML = "<summary>Two more</summary><p>One</p>";
            made.firstChild.className = sort;
            document.querySelector("main").append(made);
            return made.firstChild.getBoundingClientRect().height;
        }""",
        sort,
    )

    assert high >= least


NAMED = {
    "button",
    "link",
    "textbox",
    "combobox",
    "checkbox",
    "radio",
    "switch",
    "searchbox",
    "slider",
}


@pytest.mark.parametrize(("theme", "mode"), [("northlight", "light"), ("pulse", "dark")])
async def test_every_text_is_readable_and_every_control_has_a_name(
    tab: Tab, theme: str, mode: str
) -> None:
    measure = Path(themes.__file__).with_name("judged.js").read_text(encoding="utf-8")
    inspector = await tab.page.context.new_cdp_session(tab.page)
    faults: list[str] = []
    for name in (name for name in guide.AUDIENCE if name != "letter"):
        await tab.show(name, theme=theme, mode=mode)

        told = await tab.page.evaluate(measure)
        for kind in ("contrast", "structure", "focus", "wide"):
            faults += [f"{name}: {kind}: {fault}" for fault in told[kind]]
        tree = await inspector.send("Accessibility.getFullAXTree")
        faults += [
            f"{name}: a {node['role']['value']} without a name"
            for node in tree["nodes"]
            if not node.get("ignored")
            and node.get("role", {}).get("value") in NAMED
            and not node.get("name", {}).get("value", "").strip()
        ]
    assert faults == []


async def test_a_row_opens_beside_its_list_and_back_closes_it(tab: Tab) -> None:
    seen = replace(guide.look("client"), fragment=True)
    tab.answers["/desk/withdrawals/2"] = {
        "body": guide.page_html("client", seen),
        "content_type": "text/html; charset=utf-8",
    }
    await tab.show("withdrawals")
    await tab.page.evaluate(
        "document.querySelector('tr[data-key=\"2\"]').dataset.href = '/desk/withdrawals/2'"
    )

    await tab.page.click("tr[data-key='2'] td.col-status")
    await tab.page.wait_for_selector("#panel-body .fragment")

    assert tab.page.url.endswith("/desk/withdrawals/2")
    assert "María López" in await tab.page.inner_text("#panel-body h1")

    await tab.page.go_back()
    await tab.page.wait_for_selector("#panel", state="hidden")
    assert tab.page.url.endswith("/withdrawals")
    assert tab.said == []


async def test_a_refused_form_says_so_beside_the_field_and_keeps_what_was_written(tab: Tab) -> None:
    problem = {
        "status": 422,
        "detail": "Please mend the marked fields.",
        "problems": [{"field": "amount", "detail": "At most 500.00 EUR today."}],
    }
    tab.answers["/w"] = {
        "status": 422,
        "body": json.dumps(problem),
        "content_type": "application/problem+json",
    }
    await tab.show("withdraw")
    await tab.page.fill("#f-amount", "750,50")

    await tab.page.click(".form-actions button")
    await tab.page.wait_for_selector("text=At most 500.00 EUR today.")

    assert await tab.page.input_value("#f-amount") == "750.50"
    assert await tab.page.get_attribute("#f-amount", "aria-invalid") == "true"
    assert await tab.page.evaluate("document.activeElement.id") == "f-amount"
    assert "x-csrftoken" in tab.posted[0].headers


async def test_a_form_pressed_twice_is_sent_once(tab: Tab) -> None:
    await tab.show("withdraw")
    await tab.page.fill("#f-amount", "10")

    await tab.page.evaluate(
        "(() => { const b = document.querySelector('.form-actions button'); b.click(); b.click(); })()"
    )
    await until(lambda: bool(tab.posted))
    await tab.page.wait_for_timeout(QUIET_MS)

    assert len(tab.posted) == 1
    assert "_once=" in tab.posted[0].post_data


async def test_a_file_too_large_to_be_taken_is_told_before_it_is_sent(
    tab: Tab, tmp_path: Path
) -> None:
    fits, heavy = tmp_path / "logo.png", tmp_path / "film.png"
    fits.write_bytes(b"x" * 2000)
    with heavy.open("wb") as sparse:
        sparse.truncate(15 * 1024 * 1024 + 1)
    await tab.show("settings")

    await tab.page.set_input_files("input[name=file]", heavy)

    told = await tab.page.inner_text(".field:has(input[name=file]) .error")
    assert told.startswith("The file has 16 MB, at most 15 MB are taken.")
    assert await tab.page.input_value("input[name=file]") == ""

    await tab.page.set_input_files("input[name=file]", fits)

    assert await tab.page.locator(".field:has(input[name=file]) .error").count() == 0
    assert tab.posted == [] and tab.said == []


async def test_the_keyboard_walks_a_list_and_goes_elsewhere(tab: Tab) -> None:
    await tab.show("withdrawals")

    for key in ("j", "j", "x"):
        await tab.page.keyboard.press(key)
    assert await tab.page.get_attribute("tr.is-marked", "data-key") == "1"
    assert await tab.page.inner_text("[data-bulk-count]") == "1"

    await tab.page.keyboard.press("/")
    assert await tab.page.evaluate("document.activeElement.type") == "search"

    await tab.page.keyboard.press("Escape")
    await tab.page.keyboard.press("?")
    assert await tab.page.is_visible("#keys")

    await tab.page.keyboard.press("Escape")
    await tab.page.keyboard.press("g")
    await tab.page.keyboard.press("c")
    await tab.page.wait_for_url("**/desk/clients")


async def test_the_mode_follows_the_reader_at_once_and_is_remembered(tab: Tab) -> None:
    await tab.show("home", mode="light")
    await tab.page.evaluate("document.body.dataset.modeUrl = '/look/mode'")

    await tab.page.click("[data-mode-toggle]")
    await tab.page.wait_for_selector("html[data-bs-theme=dark]")
    await until(lambda: bool(tab.posted))

    assert tab.posted[0].post_data == "mode=dark"


async def test_charts_are_drawn_in_the_brands_colour(tab: Tab) -> None:
    await tab.show("home")

    await tab.page.wait_for_selector(".plot canvas")

    assert await tab.page.locator(".plot canvas").count() >= 1
    assert tab.said == []


@pytest.mark.parametrize(
    ("locale", "first"), [("en", "28 Sep"), ("es", "28 sept"), ("ar", "28 سبتمبر")]
)
async def test_days_under_a_chart_stand_in_the_order_of_the_page(
    tab: Tab, locale: str, first: str
) -> None:
    """An English page said `28 Sep 2026` in its rows and `Sep 28` under its charts; hours were the
    browser's, beside rows in the broker's zone.
    """
    await tab.page.add_init_script(
        "window.written = []; const write = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...at) "
        "{ window.written.push(text); return write.call(this, text, ...at); };"
    )
    seen = guide.look("home", locale=locale)
    days = ["2026-09-28", "2026-09-29", "2026-09-30"]
    hours = ["2026-09-28T00:00:00Z", "2026-09-28T06:00:00Z", "2026-09-28T12:00:00Z"]
    series = '[{"label":"Equity","values":[1,2,3]}]'
    drawn = "".join(
        f'<figure class="chart" data-chart-kind="line" data-chart=\'{{"x":{json.dumps(x)},'
        f'"series":{series}}}\'><div class="chart-room"></div></figure>'
        for x in (days, hours)
    )
    text = guide.page_html("home", seen).replace("</main>", drawn + "</main>")
    await tab.page.route("**/*", tab._answer)
    guide.SERVED["body"] = text
    await tab.page.goto("http://guide.test/home")
    for figure in await tab.page.locator("figure.chart").all():
        await figure.scroll_into_view_if_needed()

    async def written() -> bool:
        told = await tab.page.evaluate("window.written")
        return first in told and "15:00" in told

    await until(written)


async def test_no_two_lines_of_a_chart_have_one_number(tab: Tab) -> None:
    """Between 7,950 and 8,050 a chart of equity said 8K, 8K, 8K, 7.9K, as if nothing moved."""
    await tab.page.add_init_script(
        "window.written = []; const write = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...at) "
        "{ window.written.push(text); return write.call(this, text, ...at); };"
    )
    told = '{"x":["2026-09-28","2026-09-29"],"series":[{"label":"Equity","values":[7950,8050]}]}'
    drawn = (
        f'<figure data-chart-kind="line" data-chart=\'{told}\' id="only">'
        '<div class="chart-room"></div></figure>'
    )
    text = guide.page_html("parts", guide.look("parts")).replace("</main>", drawn + "</main>")
    await tab.page.route("**/*", tab._answer)
    guide.SERVED["body"] = text
    await tab.page.goto("http://guide.test/parts")
    await tab.page.locator("#only").scroll_into_view_if_needed()

    async def some() -> bool:
        told = await tab.page.evaluate("window.written")
        return any(re.fullmatch("\u200e(7\\.9|8\\.0)[0-9]+K", one) for one in told)

    await until(some)


async def test_what_is_live_is_fetched_again_when_its_topic_is_told(tab: Tab) -> None:
    tab.answers["/live"] = {
        "body": "retry: 900000\nevent: hello\ndata: live\n\nevent: equity\ndata: equity\n\n",
        "content_type": "text/event-stream",
    }
    seen = guide.look("home")
    text = guide.page_html("home", seen).replace(
        'data-live="equity"', 'id="equity" data-live="equity"'
    )
    await tab.page.route("**/*", tab._answer)
    guide.SERVED["body"] = text
    tab.afterwards = text.replace("14,382", "15,000")
    await tab.page.goto("http://guide.test/home")

    await tab.page.wait_for_selector("#equity:has-text('15,000')")
    assert tab.said == []


async def test_what_is_live_waits_for_a_form_inside_it_that_somebody_fills(tab: Tab) -> None:
    """A region told of news used to be replaced while a form in it was open: what had been typed
    into a note beside the buttons was gone.
    """
    told = "retry: 150\nevent: {}\ndata: x\n\n"
    text = guide.page_html("home", guide.look("home")).replace(
        "</main>",
        '<div id="case" data-live="equity"><b class="num">one</b>'
        '<form><input id="note" aria-label="Note"></form></div></main>',
    )
    tab.answers["/live"] = {"body": told.format("hello"), "content_type": "text/event-stream"}
    await tab.page.route("**/*", tab._answer)
    guide.SERVED["body"] = text
    await tab.page.goto("http://guide.test/home")
    await tab.page.fill("#note", "half a sentence")
    await tab.page.locator("#note").blur()

    guide.SERVED["body"] = text.replace(">one<", ">two<")
    tab.answers["/live"] = {"body": told.format("equity"), "content_type": "text/event-stream"}
    await tab.page.wait_for_timeout(900)
    waiting = await tab.page.inner_text("#case b"), await tab.page.input_value("#note")
    await tab.page.fill("#note", "")
    await tab.page.locator("#note").blur()

    assert waiting == ("one", "half a sentence")
    await tab.page.wait_for_selector("#case:has-text('two')")


async def test_the_state_beside_the_title_follows_what_is_live_under_it(tab: Tab) -> None:
    """A deposit's page said that the money had arrived, under a title that said it was waited for."""
    told = "retry: 150\nevent: {}\ndata: x\n\n"
    text = guide.page_html("home", guide.look("home"))
    start, end = text.index("<main"), text.index("</main>")
    opened = text[start : text.index(">", start) + 1]
    head = '<header class="page-head"><h1>Deposit <span class="state">Waiting</span></h1></header>'
    body = '<div id="paid" data-live="equity"><b class="num">waiting</b></div>'
    text = text[:start] + opened + head + body + text[end:]
    tab.answers["/live"] = {"body": told.format("equity"), "content_type": "text/event-stream"}
    await tab.page.route("**/*", tab._answer)
    guide.SERVED["body"] = text
    await tab.page.goto("http://guide.test/home")

    guide.SERVED["body"] = text.replace("Waiting", "Credited").replace(">waiting<", ">there<")

    await tab.page.wait_for_selector("#paid:has-text('there')")
    await tab.page.wait_for_selector("h1:has-text('Credited')")


async def test_tabs_past_the_edge_of_a_phone_are_told_and_the_chosen_one_is_in_sight(
    tab: Tab,
) -> None:
    await tab.page.set_viewport_size({"width": 390, "height": 844})
    await tab.show("client")
    strip = tab.page.locator(".tabs").first
    await tab.page.wait_for_selector(".tabs[data-more=after]")

    await strip.evaluate("(tabs) => { tabs.scrollLeft = tabs.scrollWidth; }")
    await tab.page.wait_for_function(
        "() => document.querySelector('.tabs').dataset.more === 'before'"
    )
    await strip.evaluate(
        """(tabs) => {
          tabs.querySelector(".is-here").classList.remove("is-here");
          tabs.lastElementChild.classList.add("is-here");
          tabs.scrollLeft = 0;
          document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: tabs } }));
        }"""
    )

    await tab.page.wait_for_function(
        "() => document.querySelector('.tabs .is-here').getBoundingClientRect().right <= innerWidth"
    )
