"""One sub-broker of a walk: who works there, how they come in, and what they do it with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from support.walk.entering import Login
from support.walk.hand import Hand
from support.walk.installation import Installation
from support.walk.plain import AtPlainPages, client
from support.walk.post import Post

NewHand = Callable[..., Awaitable[Hand]]


@dataclass
class Broker:
    """`new_hand` decides how its people look at pages: at Chromium, or without scripts."""

    installation: Installation
    post: Post
    slug: str
    name: str
    currency: str
    blueprint: str
    new_hand: NewHand
    desks: dict[str, Hand] = field(default_factory=dict)
    logins: dict[str, Login] = field(default_factory=dict)
    merchants: dict[str, str] = field(default_factory=dict)
    """Their accounts at the providers, by provider."""
    keys: list["Api"] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.installation.host(self.slug)

    @property
    def base(self) -> str:
        return self.installation.url(self.host, "")

    @property
    def owner(self) -> Hand:
        return self.desks["owner"]

    @property
    def api(self) -> "Api":
        return self.keys[-1]

    def email(self, who: str) -> str:
        return f"{who}@{self.slug}.example"

    async def visitor(self, language: str = "en") -> Hand:
        """Somebody who has never been here."""
        return await self.new_hand(self.base, language=language)

    def without_scripts(self) -> Hand:
        """Somebody new at plain pages, also where the others sit at Chromium: it asks much less."""
        return AtPlainPages(self.base)


@dataclass
class Api:
    """The REST API with one key, as an integrator's program calls it."""

    http: httpx2.AsyncClient
    token: str

    @classmethod
    async def open(cls, base: str, key: str, secret: str) -> "Api":
        http = client(base)
        answer = await http.post(
            "/api/oauth/token", data={"grant_type": "client_credentials"}, auth=(key, secret)
        )
        assert answer.status_code == 200, answer.text
        return cls(http, answer.json()["access_token"])

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **more)

    async def with_token(self, token: str, path: str) -> httpx2.Response:
        """A call at this host with somebody else's token."""
        return await self.http.get(f"/api/v1{path}", headers={"authorization": f"Bearer {token}"})

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, key: str, body: dict[str, Any]) -> httpx2.Response:
        return await self.ask("POST", path, json=body, headers={"idempotency-key": key})
