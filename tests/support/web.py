"""The web process in the test's own process, asked over HTTP as a browser or a system would."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from stoa.identity import sessions
from stoa.identity.model import Person
from stoa.tenancy.registry import TenantRef
from stoa.web.state import State
from support.fixtures import House


def state_of(house: House) -> State:
    return State(config=house.config, door=house.door, product=house.product, redis=house.redis)


def application(house: House) -> Any:
    """The whole front, built once per house."""
    if not hasattr(house, "_front"):
        from brokerage.web import assemble

        house._front = assemble(state_of(house))
    return house._front


@dataclass
class Browser:
    """A cookie jar at one host; posts carry the page's forgery token by themselves."""

    http: httpx2.AsyncClient
    csrf: str = ""

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        answer = await self.http.get(
            path, headers={"accept": "text/html"} | more.pop("headers", {}), **more
        )
        found = re.search(r'x-csrftoken": "([0-9a-f]+)"', answer.text)
        if found:
            self.csrf = found[1]
        return answer

    async def post(
        self, path: str, data: dict[str, Any] | None = None, **more: Any
    ) -> httpx2.Response:
        headers = {"x-csrftoken": self.csrf, "hx-request": "true"} | more.pop("headers", {})
        return await self.http.post(path, data=data or {}, headers=headers, **more)


def visitor(house: House, tenant: TenantRef | None, *, host: str | None = None) -> Browser:
    """Somebody who is not signed in; without a tenant, at the control host."""
    name = host or (tenant.host if tenant else house.config.control_host)
    transport = httpx2.ASGITransport(app=application(house))
    return Browser(httpx2.AsyncClient(transport=transport, base_url=f"http://{name}"))


async def signed_in(
    house: House, tenant: TenantRef, person: Person, audience: str, *, stage: str = "full"
) -> Browser:
    """A browser with a live session of this person, second factor just done."""
    async with house.door.open(tenant, purpose="test.sign-in") as work:
        bearer = await sessions.start(
            work,
            person.id,
            audience=audience,
            stage=stage,
            epoch=person.epoch,
            ip="127.0.0.1",
            device="test",
            second_factor=True,
        )
        keys = work.keys
    browser = visitor(house, tenant)
    browser.http.cookies.set(state_of(house).cookie(audience), bearer)
    browser.csrf = keys.mac("csrf", bearer)
    return browser


__all__: Sequence[str] = ["Browser", "application", "signed_in", "state_of", "visitor"]
