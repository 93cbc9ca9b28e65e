"""What is done to a client: joining, being looked after, moving, leaving."""

from collections.abc import Sequence
from uuid import UUID

from brokerage.clients import hooks, money, queries, rules
from brokerage.clients.events import (
    ClientClosed,
    CountryChanged,
    LevelChanged,
    OwnerAssigned,
)
from brokerage.clients.joining import accept, register
from brokerage.clients.model import (
    Client,
    Risk,
    State,
)
from brokerage.clients.permissions import Clients
from brokerage.clients.settings import ClientSettings
from brokerage.clients.totals import note_deposit, note_trade, note_trades, note_withdrawal
from stoa.identity import people, staff
from stoa.identity.model import Person
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work


async def _looked_after(work: Work, client: UUID) -> Client:
    """The locked row, when it is in the actor's data scope; NotFound otherwise."""
    await queries.seen(work, client)
    work.subject = client
    return await work.lock(Client, client)


async def assign(work: Work, client: UUID, owner: UUID | None) -> Client:
    """Give a client to a member of staff, or to nobody."""
    work.require(Clients.ASSIGN)
    row = await _looked_after(work, client)
    team: str | None = row.team
    if owner is not None:
        person = await work.get(Person, owner)
        if person.kind != "staff" or person.state != "active":
            raise Invalid("Choose one of your active staff. Nothing was changed.", field="owner")
        team = person.team or team
    if row.owner == owner:
        return row

    row.owner, row.team = owner, team
    work.tell(OwnerAssigned(client=client, owner=owner))
    work.announce(f"desk|client-{client}", "desk|clients")
    return row


async def tag(work: Work, client: UUID, tags: Sequence[str]) -> Client:
    """Replace a client's tags."""
    work.require(Clients.TAG)
    row = await _looked_after(work, client)
    row.tags = rules.tags(tags)
    work.announce(f"desk|client-{client}")
    return row


async def set_level(work: Work, client: UUID, level: str) -> Client:
    """What verification granted. Called by the verification floor, which holds the permission."""
    row = await work.lock(Client, client)
    if row.level == level:
        return row
    was, row.level, row.level_at = row.level, level, work.now
    work.tell(LevelChanged(client=client, was=was, level=level))
    work.announce(f"client:{client}|profile", f"desk|client-{client}")
    return row


async def set_risk(work: Work, client: UUID, risk: Risk) -> Client:
    """The band of the verification floor's risk score."""
    row = await work.lock(Client, client)
    if row.risk != risk:
        row.risk = risk
        work.announce(f"desk|client-{client}")
    return row


async def set_partner(work: Work, client: UUID, partner: UUID | None) -> Client:
    """Who introduced the client, as the partners' floor attributed it."""
    row = await work.lock(Client, client)
    if row.partner != partner:
        row.partner = partner
        work.announce(f"desk|client-{client}")
    return row


async def change_country(work: Work, client: UUID, country: str) -> Client:
    """Residence moved; rules that follow the country are resolved again by those who hear it."""
    work.require(Clients.EDIT)
    row = await _looked_after(work, client)
    limits = work.settings(ClientSettings)
    moved = rules.country(country, limits.blocked_countries)
    if moved == row.country:
        return row

    was, row.country = row.country, moved
    work.tell(CountryChanged(client=client, was=was, country=moved))
    work.announce(f"client:{client}|profile", f"desk|client-{client}")
    return row


async def stands_in_the_way(work: Work, client: UUID) -> list[str]:
    """Why this account cannot be closed yet, in sentences; empty when nothing does."""
    found = await money.left(work, client)
    for blocker in hooks.blockers:
        found += await blocker(work, client)
    return found


async def close(work: Work, client: UUID, why: str) -> Client:
    """End the relationship; records the law asks for stay. Clients close only their own."""
    if work.actor.kind is Kind.CLIENT:
        work.actor.own(client)
        work.require(Clients.PROFILE_OWN)
    else:
        work.require(Clients.CLOSE)
    row = await _looked_after(work, client)
    standing = await stands_in_the_way(work, client)
    if standing:
        raise Conflict(
            "This account cannot be closed yet: {reasons} Nothing was changed.",
            code="still-open",
            reasons=" ".join(standing),
        )

    row.move(State.CLOSED)
    row.closed_at, row.closed_why = work.now, why[:400]
    person = await work.lock(Person, client)
    people.disable(person)
    work.tell(ClientClosed(client=client, by_client=work.actor.kind is Kind.CLIENT))
    work.announce(f"desk|client-{client}", "desk|clients")
    return row


async def reset_factor(work: Work, client: UUID, why: str) -> None:
    """For who lost the app and the recovery codes: they set up a new one when they sign in next. Whoever
    asks has made sure who it is; `why` says how.
    """
    work.require(Clients.FACTOR)
    await _looked_after(work, client)
    work.reason = why[:400]
    await staff.without_factor(work, await work.lock(Person, client))
    work.announce(f"desk|client-{client}")


__all__ = [
    "accept",
    "assign",
    "change_country",
    "close",
    "note_deposit",
    "note_trade",
    "note_trades",
    "note_withdrawal",
    "register",
    "set_level",
    "set_partner",
    "set_risk",
    "tag",
]
