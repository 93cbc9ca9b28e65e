"""A person at a browser without scripts: pages over HTTP, forms as HTML has always sent them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from stoa.web.open import CSRF_FIELD
from support.walk.hand import Fields, File, Hand, one_line

HOPS = 6
SILENT = {"script", "style", "template", "svg", "head"}
VOID = {"input", "br", "img", "meta", "link", "hr", "source", "area", "col", "wbr", "path"}


class ToLoopback(httpx2.AsyncHTTPTransport):
    """`*.localhost` is this machine, whatever its resolver says; the host header stays."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        sent = httpx2.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await super().handle_async_request(sent)


OPENED: list[httpx2.AsyncClient] = []


def client(base: str, **more: Any) -> httpx2.AsyncClient:
    """A way to one host over HTTP; `close_all` ends it with the others."""
    made = httpx2.AsyncClient(
        base_url=base, transport=ToLoopback(), timeout=120, follow_redirects=False, **more
    )
    OPENED.append(made)
    return made


async def close_all() -> None:
    while OPENED:
        await OPENED.pop().aclose()


@dataclass
class Form:
    action: str
    inputs: dict[str, list[str]] = field(default_factory=dict)
    offered: dict[str, set[str]] = field(default_factory=dict)
    """Values of radios, checkboxes and options by name: what is not offered cannot be chosen."""
    files: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        return {*self.inputs, *self.offered, *self.files}


class Read(HTMLParser):
    """The words and the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._silent: list[str] = []
        self._area = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {key: value or "" for key, value in attrs}
        if tag in SILENT:
            self._silent.append(tag)
        if tag == "form":
            self._form = Form(told.get("action", ""))
            self.forms.append(self._form)
        if self._form is None:
            return
        name = told.get("name", "")
        if tag == "input" and name and "disabled" not in told:
            self._input(self._form, name, told)
        elif tag == "button" and name:
            self._form.offered.setdefault(name, set()).add(told.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._form.inputs.setdefault(name, [""])
        elif tag == "select":
            self._select = name
            self._form.inputs.setdefault(name, [])
        elif tag == "option" and self._select:
            self._form.offered.setdefault(self._select, set()).add(told.get("value", ""))
            if "selected" in told:
                self._form.inputs[self._select] = [told.get("value", "")]

    def _input(self, form: Form, name: str, told: dict[str, str]) -> None:
        if told.get("type") in {"radio", "checkbox"}:
            form.offered.setdefault(name, set()).add(told.get("value", "on"))
            if "checked" not in told:
                return
        if told.get("type") == "file":
            form.files.add(name)
        else:
            form.inputs.setdefault(name, []).append(told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.inputs[self._area] = [self._form.inputs[self._area][0] + data]
        if not self._silent:
            self.words.append(data)


class AtPlainPages(Hand):
    """The same pages without a browser: what works here works for whoever has no scripts."""

    def __init__(self, base: str, *, language: str = "en") -> None:
        self.base = base
        self.http = client(base, headers={"accept": "text/html", "accept-language": language})
        self.page = ""
        self.read = Read("")
        self._path = "/"
        self.here = base

    @property
    def path(self) -> str:
        return self._path

    async def open(self, path: str, status: int = 200) -> None:
        answer = await self._follow(await self.http.get(path))
        assert answer.status_code == status, f"{answer.status_code} at {path}: {await self.text()}"

    async def _follow(self, answer: httpx2.Response) -> httpx2.Response:
        for _ in range(HOPS):
            if answer.status_code not in {302, 303}:
                break
            where = urljoin(str(answer.request.url), answer.headers["location"])
            answer = await self.http.get(where)
        self.here = str(answer.request.url)
        parts = urlsplit(self.here)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.page, self.read = answer.text, Read(answer.text)
        return answer

    async def text(self) -> str:
        return one_line(" ".join(self.read.words))

    async def html(self) -> str:
        return self.page

    async def fetch(self, path: str) -> tuple[int, bytes]:
        answer = await self.http.get(path)
        return answer.status_code, answer.content

    async def post_beside(self, path: str, told: Fields) -> tuple[int, str]:
        proof = next(
            form.inputs[CSRF_FIELD][0] for form in self.read.forms if CSRF_FIELD in form.inputs
        )
        answer = await self.http.post(path, data={**told, CSRF_FIELD: proof})
        return answer.status_code, answer.text

    async def send(self, action: str, fields: Fields) -> str | None:
        fitting = [
            one
            for one in self.read.forms
            if one.action.partition("?")[0] == action.partition("?")[0]
        ]
        assert fitting, f"no form to {action} on {self.path}: {await self.text()}"
        form = max(fitting, key=lambda one: len(one.names & fields.keys()))
        filled, files = dict(form.inputs), {}
        for name, value in fields.items():
            if isinstance(value, File):
                assert name in form.files, f"no file {name} in {action} on {self.path}"
                files[name] = (value.name, value.content, value.kind)
                continue
            values = self._values(form, name, value)
            if name in form.offered:
                strange = [one for one in values if one not in form.offered[name]]
                assert not strange, f"{strange} is not offered as {name} on {self.path}"
            else:
                assert name in form.inputs, f"no field {name} in {action} on {self.path}"
            filled[name] = values
        before = self.page, self.read, self._path, self.here
        where = urljoin(self.here, form.action)
        answer = await self._follow(await self.http.post(where, data=filled, files=files or None))
        if answer.status_code < 400:
            return None
        told = await self.text()
        self.page, self.read, self._path, self.here = before
        return told

    def _values(self, form: Form, name: str, value: Any) -> list[str]:
        if isinstance(value, bool):
            return sorted(form.offered.get(name, {"true"})) if value else []
        if isinstance(value, list | tuple | set):
            return [str(one) for one in value]
        return [str(value)]
