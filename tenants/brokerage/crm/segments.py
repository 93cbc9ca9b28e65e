"""Segments: conditions as data, one set-based query over the totals kept on each client."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, Select, func, select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.crm.model import Segment
from brokerage.crm.permissions import Crm
from brokerage.partners.model import Partner, PartnerLine
from brokerage.partners.tree import placing
from stoa.kernel.clock import day_bounds
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_Words = Annotated[tuple[Annotated[str, Meta(max_length=24)], ...], Meta(max_length=60)]
_MOST: Final = Decimal(10) ** 15
_Days = Annotated[int, Meta(ge=1, le=3650)]
LONGEST_NAME: Final = 80


class Conditions(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """All of them must hold; within a list, any. Amounts are in the tenant's base currency.

    `trade`: `older` is no trade for `trade_days` (or ever), `newer` one since, `never` none at all.
    `partner` is a code and means everyone in the tree below it.
    """

    deposits_min: Decimal | None = None
    deposits_max: Decimal | None = None
    trade: Literal["older", "newer", "never"] | None = None
    trade_days: _Days | None = None
    partner: Annotated[str, Meta(max_length=24)] | None = None
    states: _Words = ()
    levels: _Words = ()
    countries: _Words = ()
    risks: _Words = ()
    languages: _Words = ()
    registered_from: date | None = None
    registered_to: date | None = None
    registered_days: _Days | None = None
    tag: Annotated[str, Meta(max_length=40)] | None = None

    @property
    def empty(self) -> bool:
        return self == Conditions()


def tidy(conditions: Conditions) -> Conditions:
    """Raises Invalid for what contradicts itself."""
    least, most = conditions.deposits_min, conditions.deposits_max
    for field, amount in (("deposits_min", least), ("deposits_max", most)):
        if amount is not None and not (amount.is_finite() and 0 <= amount <= _MOST):
            raise Invalid("Write a number in digits.", field=field)
    if least is not None and most is not None and least > most:
        raise Invalid("The least is more than the most.", field="deposits_max")
    if conditions.trade in {"older", "newer"} and conditions.trade_days is None:
        raise Invalid("Say how many days.", field="trade_days")
    since, until = conditions.registered_from, conditions.registered_to
    if since is not None and until is not None and since > until:
        raise Invalid("The first day is after the last one.", field="registered_to")
    if conditions.partner:
        conditions = msgspec.structs.replace(conditions, partner=conditions.partner.strip().lower())
    if conditions.tag:
        conditions = msgspec.structs.replace(conditions, tag=conditions.tag.strip().casefold())
    return conditions


def stored(conditions: Conditions) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(conditions)
    return body


def read(body: dict[str, Any]) -> Conditions:
    return msgspec.convert(body, Conditions, strict=False)


def statement(work: Work, conditions: Conditions) -> Select[UUID]:
    """Ids of the clients all conditions hold for, within the actor's scope."""
    return select(Client.id).where(clients.visible(work), *where(work, conditions))


def where(work: Work, conditions: Conditions) -> list[ColumnElement[bool]]:
    """The conditions on `Client`, each over a column of its own or the partners' tree."""
    c, found = conditions, list[ColumnElement[bool]]()
    if c.partner:
        found.append(Client.partner.in_(_tree(work, c.partner)))
    if c.deposits_min is not None:
        found.append(Client.deposits_total >= c.deposits_min)
    if c.deposits_max is not None:
        found.append(Client.deposits_total <= c.deposits_max)
    if c.trade == "never":
        found.append(Client.last_trade_at.is_(None))
    elif c.trade and c.trade_days:
        since = work.now - timedelta(days=c.trade_days)
        newer = Client.last_trade_at >= since
        older = Client.last_trade_at.is_(None) | (Client.last_trade_at < since)
        found.append(newer if c.trade == "newer" else older)
    for column, wanted in (
        (Client.state, c.states),
        (Client.level, c.levels),
        (Client.country, c.countries),
        (Client.risk, c.risks),
        (Client.language, c.languages),
    ):
        if wanted:
            found.append(column.in_(wanted))
    if c.tag:
        found.append(Client.tags.contains([c.tag]))
    return [*found, *_registered(work, c)]


def _tree(work: Work, code: str) -> Select[UUID]:
    """The partner of this code and everyone below, as the tree stands now."""
    top = select(Partner.id).where(Partner.code == code).scalar_subquery()
    return select(PartnerLine.partner).where(PartnerLine.above == top, *placing.holds(work.now))


def _registered(work: Work, c: Conditions) -> list[ColumnElement[bool]]:
    zone = work.settings(TenantFacts).time_zone
    found: list[ColumnElement[bool]] = []
    if c.registered_from is not None:
        found.append(Client.registered_at >= day_bounds(c.registered_from, zone)[0])
    if c.registered_to is not None:
        found.append(Client.registered_at < day_bounds(c.registered_to, zone)[1])
    if c.registered_days is not None:
        found.append(Client.registered_at >= work.now - timedelta(days=c.registered_days))
    return found


async def count(work: Work, conditions: Conditions) -> int:
    counted = select(func.count()).select_from(Client)
    found = await work.value(counted.where(clients.visible(work), *where(work, conditions)))
    return int(found or 0)


async def run(work: Work, segment: UUID) -> list[UUID]:
    """All clients of a saved segment, in the actor's scope."""
    row = await work.get(Segment, segment)
    return list(await work.rows(statement(work, read(row.conditions))))


async def save(
    work: Work, name: str, conditions: Conditions, *, segment: UUID | None = None
) -> Segment:
    """Keep conditions under a name, new or instead of what the segment had."""
    work.require(Crm.SEGMENTS_EDIT)
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise Invalid("Give it a name of up to 80 letters.", field="name")
    checked = tidy(conditions)
    if (
        checked.partner
        and await work.first(select(Partner.id).where(Partner.code == checked.partner)) is None
    ):
        raise Invalid("No partner has this code.", field="partner")
    same = await work.first(select(Segment.id).where(Segment.name == cleaned))
    if same is not None and same != segment:
        raise Conflict("There is a segment of this name already.", field="name")
    if segment is not None:
        row = await work.lock(Segment, segment)
        row.name, row.conditions, row.changed_at = cleaned, stored(checked), work.now
        return row
    row = Segment(
        id=work.new_id(),
        name=cleaned,
        conditions=stored(checked),
        made_at=work.now,
        made_by=work.actor.id,
        changed_at=work.now,
    )
    work.add(row)
    await work.flush()
    return row


async def archive(work: Work, segment: UUID) -> None:
    work.require(Crm.SEGMENTS_EDIT)
    row = await work.lock(Segment, segment)
    row.archived_at = row.archived_at or work.now
