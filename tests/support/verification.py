"""A client on the way through verification, as a browser; the provider beside; the jobs by hand."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from brokerage.clients import clients
from brokerage.clients.model import Client
from brokerage.kyc import cases, hooks
from brokerage.kyc.model import KycCase
from brokerage.kyc.permissions import STAFF
from brokerage.kyc.settings import KycSettings
from brokerage.screening import ofac, store
from brokerage.screening.cli import bring_in
from sandbox.common.wire import Answer, Asked, Server
from stoa.connectors.outside import outside
from stoa.identity.model import Person
from stoa.jobs import drain as drains
from stoa.jobs import relay
from stoa.kernel import process
from stoa.tenancy import settings as slices
from stoa.tenancy.registry import TenantRef
from stoa.vault import credentials
from support.fixtures import House
from support.patience import until
from support.people import make_staff
from support.standins import Standin
from support.uploads import bill, encoded
from support.web import Browser, signed_in

ANSWERS: dict[str, str] = {
    "first_name": "María",
    "last_name": "Ortega",
    "birth_date": "1990-04-02",
    "nationality": "ES",
    "birth_country": "ES",
    "phone": "+34612345678",
    "street": "Calle Mayor 1",
    "postcode": "28013",
    "city": "Madrid",
    "country": "ES",
    "occupation": "employed",
    "source_of_funds": "salary",
    "expected_yearly": "up-to-10000",
    "pep": "none",
    "tax_country": "ES",
    "tax_number": "12345678Z",
}
RIGHT = {
    "traded": ["weekly"],
    "other_products": ["shares", "options"],
    "learned": ["work"],
    "leverage": ["right"],
    "against": ["right"],
    "stop_out": ["right"],
    "slippage": ["right"],
    "overnight": ["right"],
}
_NULLS = b",-0- " * 7
SDN = b"".join(
    [
        *(
            b'%d,"HARMLESS TRADING %d","","CUBA"' % (n, n) + _NULLS + b",-0- \r\n"
            for n in range(40)
        ),
        b'173,"KAZANTSEV, Boris Igorevich","individual","SDGT"' + _NULLS,
        b',"DOB 12 May 1971; nationality Russia; Passport 750123456 (Russia)."\r\n',
        b'174,"VALVERDE SAENZ, Ulises","individual","SDNTK"' + _NULLS + b',"DOB 30 Jan 1969."\r\n',
    ]
)


async def drained(house: House, tenant: TenantRef, *, passes: int = 12) -> None:
    """Do what relay and worker do until nothing is left that is due."""
    for _ in range(passes):
        lanes = await relay.fan_out(house.door, house.product, tenant)
        again = False
        for lane in ("money", "platform", "kyc", "mail", "reports"):
            if lane == "mail":
                continue
            again |= await drains.drain(house.door, house.product, tenant, lane)
        if not lanes and not again:
            return


async def settled(house: House, tenant: TenantRef, who: "Applicant", state: str) -> None:
    """Work until the client's case stands there."""

    async def there() -> bool:
        await drained(house, tenant)
        return (await who.case()).state == state

    await until(there)


async def officer(
    house: House, tenant: TenantRef, *permissions: str, name: str = "Olga Officer"
) -> Browser:
    """Somebody of compliance, in their browser."""
    able = [str(one) for one in STAFF] + ["clients:all:view", "clients:pii:view"]
    async with house.door.open(tenant, purpose="test") as work:
        person, _ = await make_staff(work, permissions or able, name=name)
    return await signed_in(house, tenant, person, "desk")


async def listed(house: House, sdn: bytes = SDN) -> None:
    """Have this list in force, as `stoa lists import` does with the newest files."""
    async with house.door.platform(purpose="test") as work:
        before = await store.newest(work, "ofac-sdn")
    day = before.published if before else date(2026, 10, 1)
    listing = ofac.parse(sdn=sdn, published=day)
    if before is None or before.sha256 != listing.sha256:
        await bring_in(house.door, ofac.parse(sdn=sdn, published=day + timedelta(days=1)))


async def tuned(house: House, tenant: TenantRef, **changes: Any) -> None:
    """Change the tenant's verification settings."""
    async with house.door.open(tenant, purpose="test") as work:
        value = msgspec.structs.replace(work.settings(KycSettings), **changes)
        await slices.put(work, "kyc", value, why="test")


@asynccontextmanager
async def provider(house: House, tenant: TenantRef, folder: Path) -> AsyncIterator["Provider"]:
    """The provider as a process of its own, connected to this tenant; callbacks reach the front."""
    standin = await Standin("sumsub", folder).start()
    made = Provider(house, tenant, standin)
    await made.connect()
    try:
        yield made
    finally:
        await made.close()


@dataclass
class Provider:
    house: House
    tenant: TenantRef
    at: Standin
    server: Server | None = None
    before: Any = None
    called: int = 0

    async def connect(self) -> None:
        from support.web import visitor

        self.before = process.config()
        process.use(replace(self.before, services={"sumsub": self.at.url}))
        outside.cache_clear()
        browser = visitor(self.house, self.tenant)

        async def pass_on(asked: Asked) -> Answer:
            self.called += 1
            answer = await browser.http.post(
                asked.path,
                content=asked.content,
                headers=dict(asked.headers) | {"host": self.tenant.host},
            )
            return Answer(answer.status_code, answer.content)

        self.server = Server(pass_on)
        port = await self.server.listen("127.0.0.1", 0)
        async with self.house.door.open(self.tenant, purpose="test") as work:
            path = hooks.path(work, "sumsub")
            await credentials.put(work, "sumsub.app_token", "sbx:token")
            await credentials.put(work, "sumsub.secret_key", "sbx-secret-key")
            await credentials.put(work, "sumsub.webhook", "the-webhooks-own-secret")
        await self.at.control(
            "merchants",
            client_id="aurora",
            app_token="sbx:token",
            secret_key="sbx-secret-key",
            webhook_url=f"http://127.0.0.1:{port}{path}",
            webhook_secret="the-webhooks-own-secret",
        )
        await tuned(
            self.house,
            self.tenant,
            provider="sumsub",
            poll_after_s=5,
            connections={"sumsub": {"base_url": "service:sumsub", "client": "aurora"}},
        )

    async def close(self) -> None:
        await outside().aclose()
        process.use(self.before)
        outside.cache_clear()
        if self.server is not None:
            await self.server.close()
        await self.at.stop()
        await tuned(self.house, self.tenant, provider="", connections={})


@dataclass
class Applicant:
    """A signed-in client, filling in what they are asked."""

    house: House
    tenant: TenantRef
    id: Any
    web: Browser

    async def case(self) -> KycCase:
        async with self.house.door.open(self.tenant, purpose="test") as work:
            found = await cases.newest(work, self.id)
            assert found is not None
            return found

    async def fill(self, **other: str) -> None:
        """Every form of the wizard, screen by screen, as its own pages lead on."""
        answers = ANSWERS | other
        where = "/verify/personal"
        for _ in range(20):
            if "/experience" in where or "/documents" in where:
                return
            shown = await self.web.get(where)
            assert shown.status_code == 200, shown.text[:2000]
            step, part = _of(where)
            fields = {k: v for k, v in answers.items() if f'name="{k}"' in shown.text}
            assert fields, where
            answer = await self.web.post(f"/verify/{step}/{part}", fields)
            assert answer.status_code == 204, answer.text
            where = answer.headers["hx-redirect"]

    async def take_test(self, given: dict[str, list[str]] | None = None) -> str:
        """Answer question by question; where the last one leads."""
        from brokerage.kyc.jurisdictions.questions import CFD_APPROPRIATENESS

        where = ""
        for number, question in enumerate(CFD_APPROPRIATENESS.questions, 1):
            chosen = (given or RIGHT)[question.code]
            answer = await self.web.post(f"/verify/experience/{number}", {"answer": chosen})
            assert answer.status_code == 204, answer.text
            where = answer.headers["hx-redirect"]
        return where

    async def upload(self, kind: str, content: bytes | None = None, **more: Any) -> Any:
        told: dict[str, Any] = {
            "identity": {
                "paper": "passport",
                "country": "ES",
                "number": f"P{secrets.randbelow(10**8):08d}",
                "expires_on": (datetime.now(UTC).date() + timedelta(days=1500)).isoformat(),
            },
            "address": {
                "paper": "utility-bill",
                "country": "ES",
                "issued_on": (datetime.now(UTC).date() - timedelta(days=20)).isoformat(),
            },
        }[kind]
        name = more.pop("name", f"{kind}.jpg")
        picture = content if content is not None else encoded(bill(900, 1200))
        return await self.web.post(
            f"/verify/upload/{kind}", told | more, files={"file": (name, picture, "image/jpeg")}
        )

    async def agree(self) -> None:
        shown = await self.web.get("/verify/agreements")
        if 'name="shown"' not in shown.text:
            return
        import re

        read = re.findall(r'name="shown" value="([^"]+)"', shown.text)
        answer = await self.web.post("/verify/agreements/agree", {"accept": "true", "shown": read})
        assert answer.status_code == 204, answer.text

    async def submit(self) -> Any:
        return await self.web.post("/verify/submit")

    async def all_of_it(self, **other: str) -> None:
        """From the first question to handing in, with readable papers."""
        await self.fill(**other)
        await self.take_test()
        for kind in ("identity", "address"):
            answer = await self.upload(kind)
            assert answer.status_code == 204, answer.text
        await self.agree()
        answer = await self.submit()
        assert answer.status_code == 204, answer.text

    async def level(self) -> str:
        async with self.house.door.open(self.tenant, purpose="test") as work:
            return await cases.level(work, self.id)


async def applicant(house: House, tenant: TenantRef, **more: Any) -> Applicant:
    """A client from Spain who has just registered."""
    async with house.door.open(tenant, purpose="test") as work:
        asked = {
            "email": f"{secrets.token_hex(6)}@example.com",
            "first_name": "María",
            "last_name": "Ortega",
            "country": "ES",
        } | more
        row: Client = await clients.register(work, **asked)
        person = await work.first(select(Person).where(Person.id == row.id))
        assert person is not None
    return Applicant(house, tenant, row.id, await signed_in(house, tenant, person, "room"))


def _of(path: str) -> tuple[str, str]:
    parts = path.strip("/").split("/")
    return parts[1], parts[2] if len(parts) > 2 else "1"
