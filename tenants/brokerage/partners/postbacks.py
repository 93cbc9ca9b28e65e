"""Calls to an affiliate's own system when somebody they brought registers or first pays in.

The partner writes an address with places such as {click_id}; it is called by GET, signed, through the
lanes, retries and breaker of webhooks. Nothing in it says who the client is: `player` is an opaque name,
the same for the same client and partner. What looks like fraud is held and told as held.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.events import ClientRegistered
from brokerage.clients.model import Client
from brokerage.partners.model import Attribution, Partner, PartnerState
from brokerage.partners.paying import signs
from brokerage.partners.permissions import Partners
from brokerage.payments.events import DepositCredited
from stoa.connectors.egress import Gate
from stoa.events.facts import hearing
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials
from stoa.webhooks import deliveries, endpoints
from stoa.webhooks.model import WebhookEndpoint

EVENTS: Final[dict[str, str]] = {
    "registration": N_("Somebody registers"),
    "first-deposit": N_("Their first deposit arrives"),
}
PLACES: Final = ("event", "click_id", "campaign", "player", "country", "time", "id")
HELD: Final[dict[str, str]] = {
    "signs": N_("Held: the client looks like the partner themself"),
    "no-click": N_("Held: no click of theirs is known"),
}
_PLACE: Final = re.compile(r"\{([a-z_]*)\}")
_LONGEST: Final = 900


async def checked(gate: Gate, template: str) -> str:
    """A template whose places are known and whose address may be called. Raises Invalid."""
    wanted = template.strip()
    if len(wanted) > _LONGEST:
        raise Invalid("This is too long.", field="url")
    unknown = [one for one in _PLACE.findall(wanted) if one not in PLACES]
    if unknown or "{" in _PLACE.sub("", wanted) or "}" in _PLACE.sub("", wanted):
        raise Invalid(
            "These places can be filled in: {places}.",
            field="url",
            places=", ".join(f"{{{one}}}" for one in PLACES),
        )
    parts = urlsplit(wanted)
    if "{" in f"{parts.scheme}{parts.netloc}":
        raise Invalid("The address itself holds no places.", field="url")
    await endpoints.callable_by(gate, filled(wanted, dict.fromkeys(PLACES, "x")))
    return wanted


def filled(template: str, told: Mapping[str, str]) -> str:
    """Every place filled in and quoted, so that nothing told can become another part of the address."""
    return _PLACE.sub(lambda found: quote(told.get(found[1], ""), safe=""), template)


async def save(
    work: Work, *, url: str, events: list[str], always: bool
) -> tuple[WebhookEndpoint, str | None]:
    """The partner's own postback; a new one's secret is shown this once. `url` was checked.

    `always`: also for those without a click of theirs, such as who typed a code.
    """
    work.require(Partners.OWN)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    partner = await work.lock(Partner, work.actor.id)
    if partner.state != PartnerState.ACTIVE:
        raise Invalid("Only active partners are called. Nothing was changed.")
    wanted = sorted({one for one in events if one in EVENTS} | ({"always"} if always else set()))
    if not set(wanted) & set(EVENTS):
        raise Invalid("Choose from the listed events.", field="events")
    row = await endpoints.of_owner(work, partner.id)
    if row is None:
        return await endpoints.add_owned(
            work, partner.id, url=url, label=f"Partner {partner.code}", kinds=wanted
        )
    row.url, row.kinds, row.on, row.off_why = url, wanted, True, None
    row.failures, row.resting_until = 0, None
    return row, None


async def remove(work: Work) -> None:
    """No more calls; what waits is forgotten with the secret."""
    work.require(Partners.OWN)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    row = await endpoints.of_owner(work, work.actor.id)
    if row is None:
        raise NotFound
    await credentials.forget(work, row.secret)
    await work.delete(row)


async def registered(open_work: OpenWork, fact: ClientRegistered) -> None:
    await _heard(open_work, fact.client, "registration")


async def deposited(open_work: OpenWork, fact: DepositCredited) -> None:
    if fact.first:
        await _heard(open_work, fact.client, "first-deposit")


async def _heard(open_work: OpenWork, client: UUID, event: str) -> None:
    told = hearing.get()
    async with open_work() as work:
        row = await work.get(Client, client)
        if row.partner is None:
            return
        to = await endpoints.of_owner(work, row.partner)
        if to is None or event not in to.kinds:
            return
        brought = await work.first(
            select(Attribution)
            .where(Attribution.client == client, Attribution.partner == row.partner)
            .order_by(Attribution.valid_from.desc())
        )
        held = await _held(work, row, brought, to)
        url = filled(to.url, _places(work, row, brought, event, told.id))
        await deliveries.queue_call(
            work, to, told.id, kind=event, about=f"client:{client}", url=url, held=held
        )


async def _held(
    work: Work, client: Client, brought: Attribution | None, to: WebhookEndpoint
) -> str | None:
    """Why nothing is told of this client, as a message id; None where all is well."""
    if "always" not in to.kinds and (brought is None or brought.click is None):
        return HELD["no-click"]
    assert client.partner is not None  # noqa: S101 - seen by the caller
    partner = await work.get(Partner, client.partner)
    against = (await signs.of(work, [partner])).get(partner.id, [])
    return HELD["signs"] if any(one["client"] == str(client.id) for one in against) else None


def _places(
    work: Work, client: Client, brought: Attribution | None, event: str, fact: UUID
) -> dict[str, Any]:
    named = hmac.digest(
        work.blind("partner.player", str(client.partner)), client.id.bytes, "sha256"
    )
    return {
        "event": event,
        "click_id": (brought.click or "") if brought else "",
        "campaign": (brought.link or "") if brought else "",
        "player": named.hex()[:20],
        "country": client.country,
        "time": work.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "id": fact.hex,
    }
