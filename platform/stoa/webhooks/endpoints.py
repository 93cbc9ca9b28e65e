"""Where facts are sent: added, changed, switched, given another secret, taken away."""

import base64
import os
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx2
from sqlalchemy import func, select

from stoa.connectors.egress import Gate
from stoa.connectors.trouble import Blocked
from stoa.events.facts import catalogue
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work
from stoa.vault import credentials
from stoa.webhooks.model import WebhookEndpoint
from stoa.webhooks.permissions import Webhooks

MOST: Final = 20
BOTH: Final = timedelta(hours=24)


def public_kinds() -> list[str]:
    """What a tenant's systems may hear, by name."""
    return sorted(kind for kind, told in catalogue().items() if told.public)


async def callable_by(gate: Gate, url: str) -> None:
    """Raises Invalid for an address that deliveries would be refused to; asks the resolver.

    Every delivery is checked again: what a name points to today says nothing about tomorrow.
    """
    try:
        target = httpx2.URL(url)
        gate.require_url(target)
        port = target.port or {"https": 443, "http": 80}[target.scheme]
        await gate.numbers(target.host, port)
    except (Blocked, httpx2.InvalidURL, UnicodeError) as why:
        raise Invalid(
            "We call public https addresses on port 443 only. Nothing was changed.",
            code="address-blocked",
            field="url",
        ) from why


def _kinds(wanted: Collection[str]) -> list[str]:
    if not set(wanted) <= set(public_kinds()):
        raise Invalid("Choose from the listed events.", field="kinds")
    return sorted(set(wanted))


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"


async def add(
    work: Work, *, url: str, label: str, kinds: Collection[str] = ()
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its signing secret, shown this once. `url` was checked by the caller."""
    work.require(Webhooks.EDIT)
    have = await work.value(
        select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.owner.is_(None))
    )
    if have >= MOST:
        raise Conflict("There are as many endpoints as we serve. Take one away first.")
    row = WebhookEndpoint(
        id=work.new_id(),
        url=url,
        label=label.strip()[:80] or (httpx2.URL(url).host or url)[:80],
        kinds=_kinds(kinds),
        made_at=work.now,
        made_by=work.actor.id,
    )

    secret = _new_secret()
    work.add(row)
    await work.flush()
    await credentials.put(work, row.secret, secret)
    return row, secret


async def change(work: Work, endpoint: UUID, *, kinds: Collection[str]) -> WebhookEndpoint:
    """Which events it hears from now on."""
    work.require(Webhooks.EDIT)
    row = await work.lock(WebhookEndpoint, endpoint)
    row.kinds = _kinds(kinds)
    return row


async def switch(work: Work, endpoint: UUID, *, on: bool) -> WebhookEndpoint:
    """Off: nothing is sent, what happens meanwhile waits up to three days. On: sent at once."""
    work.require(Webhooks.EDIT)
    row = await work.lock(WebhookEndpoint, endpoint)
    row.on = on
    row.off_why = None
    row.failures, row.resting_until = 0, None
    return row


async def renew(work: Work, endpoint: UUID) -> tuple[WebhookEndpoint, str]:
    """Another secret. For a day both sign, so that the receiver can change over at ease."""
    work.require(Webhooks.EDIT)
    row = await work.lock(WebhookEndpoint, endpoint)

    secret = _new_secret()
    await credentials.put(work, row.secret, secret)
    row.both_until = work.now + BOTH
    return row, secret


async def remove(work: Work, endpoint: UUID) -> None:
    """Take an endpoint away with its secret and its log."""
    work.require(Webhooks.EDIT)
    row = await work.lock(WebhookEndpoint, endpoint)
    await credentials.forget(work, row.secret)
    await work.delete(row)


async def secrets_of(work: Work, endpoint: WebhookEndpoint) -> list[str]:
    """What signs now: the newest, and the one before it while both are good."""
    if endpoint.both_until is not None and endpoint.both_until > work.now:
        return await credentials.both(work, endpoint.secret)
    return [await credentials.read(work, endpoint.secret)]


async def any_of(work: Work) -> bool:
    """Whether the tenant has an endpoint at all."""
    return await work.first(select(WebhookEndpoint.id).limit(1)) is not None


async def all_of(work: Work) -> Sequence[WebhookEndpoint]:
    """The tenant's own."""
    return await work.rows(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.owner.is_(None))
        .order_by(WebhookEndpoint.id)
        .limit(MOST)
    )


async def of_owner(work: Work, owner: UUID) -> WebhookEndpoint | None:
    return await work.first(select(WebhookEndpoint).where(WebhookEndpoint.owner == owner))


async def add_owned(
    work: Work, owner: UUID, *, url: str, label: str, kinds: Collection[str]
) -> tuple[WebhookEndpoint, str]:
    """Somebody else's address, which hears only what is queued for it; its secret is shown this once.

    The caller has decided who may, what `kinds` mean, and checked the address.
    """
    row = WebhookEndpoint(
        id=work.new_id(),
        url=url,
        label=label[:80],
        kinds=sorted(kinds),
        made_at=work.now,
        made_by=work.actor.id,
        owner=owner,
    )

    secret = _new_secret()
    work.add(row)
    await work.flush()
    await credentials.put(work, row.secret, secret)
    return row, secret
