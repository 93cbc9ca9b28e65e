"""A person at Chromium: what is typed, pressed and shown is the browser's own doing."""

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Error, Locator, Page

from support.walk.hand import Fields, File, Hand, one_line, says

ANSWERS_S = 120
# The product asks nobody to wait so long for a second press; a machine is quicker than a person.
BREATH_S = 0.05
LONG = 2_000
"""Chromium types a thousand lines for minutes; a text so long is put in as a whole."""
_PASTE = """(box, text) => {
  box.value = text;
  box.dispatchEvent(new Event("input", {bubbles: true}));
}"""
_POST = """async ([path, told]) => {
  const proof = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(path, {
    method: "POST", body: new URLSearchParams(told), redirect: "manual",
    headers: {...proof, "hx-request": "true"}});
  return [answer.status, await answer.text()];
}"""
_FETCH = """async path => {
  const answer = await fetch(path, {headers: {accept: "text/html"}});
  const bytes = new Uint8Array(await answer.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return [answer.status, btoa(text)];
}"""


class AtChromium(Hand):
    """One window of its own, with its own cookies; what goes wrong in it is kept."""

    looks_again_s = 1.0

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        # A script of ours that takes a part out of a fresh page parses its `<style>`, which has the
        # fresh page's nonce and not this one's: that alone is no complaint.
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                self.complaints.append(f"{self.path}: {said.text} {said.location}")
                if "Security Policy" in said.text and "/static/" not in str(said.location)
                else None
            ),
        )

    @classmethod
    async def at(cls, browser: Browser, base: str, *, language: str = "en-GB") -> "AtChromium":
        context = await browser.new_context(locale=language, reduced_motion="reduce")
        context.set_default_timeout(ANSWERS_S * 1000)
        return cls(await context.new_page(), base)

    @property
    def path(self) -> str:
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    async def open(self, path: str, status: int = 200) -> None:
        answer = await self.page.goto(
            path if "://" in path else self.base + path, wait_until="domcontentloaded"
        )
        assert answer is not None
        assert answer.status == status, f"{answer.status} at {path}: {await self.text()}"

    async def open_tab(self, client: str, tab: str, path: str, action: str) -> None:
        await self.open(f"/desk/clients/{client}?tab={tab}")
        await self.page.wait_for_selector(f'form[action="{action}"]', state="attached")

    async def text(self) -> str:
        return one_line(await self.page.inner_text("body"))

    async def html(self) -> str:
        return await self.page.content()

    async def fetch(self, path: str) -> tuple[int, bytes]:
        status, body = await self.page.evaluate(_FETCH, path)
        return status, base64.b64decode(body)

    async def post_beside(self, path: str, told: Fields) -> tuple[int, str]:
        status, text = await self.page.evaluate(_POST, [path, told])
        return status, text

    async def send(self, action: str, fields: Fields) -> str | None:
        form = await self._form(action, fields)
        code = None
        press = form.locator("[type=submit], button:not([type])").first
        for name, value in fields.items():
            inputs = form.locator(f'[name="{name}"]')
            if await inputs.first.evaluate("e => e.tagName") == "BUTTON":
                press = form.locator(f'[name="{name}"][value="{value}"]')
                continue
            if await inputs.first.get_attribute("data-code"):
                code = inputs, value
                continue
            await self._fill(inputs, value)
        await self._mark()
        async with self.page.expect_response(
            lambda answer: (
                answer.request.method == "POST"
                and urlsplit(answer.url).path == urlsplit(action).path
            )
        ) as answering:
            if code is not None:
                await code[0].fill(code[1])  # the last digit sends a form of one code by itself
            if code is None or len(fields) > 1:
                await press.click()
        answer = await answering.value
        if answer.status >= 400:
            return await self._told(answer)
        await self._arrive(await answer.all_headers(), answer.status)
        return None

    async def _form(self, action: str, fields: Fields) -> Locator:
        here = f'form[action="{action}"], form[action^="{action}?"]'
        found = self.page.locator(here)
        assert await found.count(), f"no form to {action} on {self.path}: {await self.text()}"
        form = found.first
        for one in await found.all():
            if all([await one.locator(f'[name="{name}"]').count() for name in fields]):
                form = one
                break
        dialog = form.locator("xpath=ancestor-or-self::dialog")
        inside = form.locator("xpath=ancestor::dialog")
        if await inside.count() and not await form.is_visible():
            name = await dialog.first.get_attribute("id")
            await self.page.locator(f'[data-open="{name}"]').first.click()
        for folded in await form.locator("xpath=ancestor::details[not(@open)]").all():
            await folded.locator("summary").first.click()
        return form

    async def _fill(self, inputs: Locator, value: Any) -> None:
        first = inputs.first
        kind = await first.evaluate("e => e.type || e.tagName.toLowerCase()")
        if kind in {"radio", "checkbox"}:
            await self._choose(inputs, kind, value)
        elif kind in {"select-one", "select-multiple"}:
            await first.select_option(value)
        elif isinstance(value, File):
            await first.set_input_files(
                {"name": value.name, "mimeType": value.kind, "buffer": value.content}
            )
        elif len(str(value)) > LONG:
            await first.evaluate(_PASTE, str(value))
        else:
            await first.fill(str(value))

    async def _choose(self, inputs: Locator, kind: str, value: Any) -> None:
        wanted = value if isinstance(value, list | tuple | set) else [value]
        for one in await inputs.all():
            own = await one.get_attribute("value")
            on = (
                (value if isinstance(value, bool) else own in wanted)
                if kind == "checkbox"
                else (own == str(value))
            )
            if kind == "radio" and not on:
                continue
            if await one.is_checked() != on:
                # The drawn box lies over the real one, as designs do; a person presses the label.
                await one.evaluate("e => e.click()")

    async def _mark(self) -> None:
        await self.page.evaluate("window.walked = true")

    async def _told(self, answer: Any) -> str:
        kind = (await answer.all_headers()).get("content-type", "")
        if "problem+json" not in kind:
            await self.page.wait_for_load_state()
            # A form that is drawn anew is there once the request it was asked by has ended.
            await self.page.wait_for_selector(".htmx-request", state="detached")
            return await self.text()
        problem = json.loads(await answer.text())
        lines = [one["detail"] for one in problem.get("problems", [])] or [problem["detail"]]
        ends = time.monotonic() + ANSWERS_S
        # It counts as told when it can be read on the page.
        while True:
            said = await self.text()
            if all(says(said, one_line(line)) for line in lines):
                break
            assert time.monotonic() < ends, f"{lines} is not shown on {self.path}"
            await asyncio.sleep(BREATH_S)
        await asyncio.sleep(0.2)  # the form takes the next press a moment after the answer
        return " ".join(lines)

    async def _arrive(self, headers: dict[str, str], status: int) -> None:
        """Wait for the page that follows: another document, or the part that was swapped in."""
        moves = "hx-redirect" in headers or status in {302, 303}
        ends = time.monotonic() + ANSWERS_S
        while time.monotonic() < ends:
            try:
                old, ready, busy = await self.page.evaluate(
                    "[!!window.walked, document.readyState, !!document.querySelector('.htmx-request')]"
                )
            except Error:  # between two documents
                await asyncio.sleep(BREATH_S)
                continue
            if ready in {"interactive", "complete"} and not busy and not (moves and old):
                return
            await asyncio.sleep(BREATH_S)
        raise AssertionError(f"nothing followed on {self.path}")
