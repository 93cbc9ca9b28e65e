"""Signed-in browsers: a live session of a person, and the forgery token of its pages."""

from dataclasses import dataclass

import httpx2

from stoa.identity import sessions
from stoa.identity.model import Person
from stoa.kernel.config import Config
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.web import cookies


@dataclass(slots=True)
class Seat:
    """One browser, at one sub-broker's own host."""

    http: httpx2.AsyncClient


async def seat(door: Door, ref: TenantRef, config: Config, person: Person, audience: str) -> Seat:
    """A browser of this person, second factor just shown."""
    async with door.open(ref, purpose="faults.sign-in") as work:
        bearer = await sessions.start(
            work,
            person.id,
            audience=audience,
            stage="full",
            epoch=person.epoch,
            ip="127.0.0.1",
            device="faults",
            second_factor=True,
        )
        csrf = work.keys.mac("csrf", bearer)
    http = httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{config.port}",
        headers={"host": f"{ref.host}:{config.port}", "x-csrftoken": csrf},
        cookies={cookies.name(audience, secure=False): bearer},
        timeout=30,
        trust_env=False,
    )
    return Seat(http)
