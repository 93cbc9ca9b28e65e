"""What speaks against paying a partner: that they and a client of theirs are one person, device,
payment place or household. Each sign names the client and the evidence; nothing is decided here.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from brokerage.clients.model import Client
from brokerage.partners.model import Partner
from brokerage.partners.settings import PartnerSettings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

WORDS: Final = {
    "phone": N_("The same telephone"),
    "document": N_("The same identity paper"),
    "browser": N_("Registered in the partner's own browser"),
    "device": N_("The same device at the same address of the network"),
    "card": N_("Paid in with the same card"),
    "destination": N_("Paid out to the same place"),
    "household": N_("The same home address"),
}
_GROUP: Final = {
    "phone": "person",
    "document": "person",
    "browser": "device",
    "device": "device",
    "card": "instrument",
    "destination": "instrument",
    "household": "household",
}
_MOST: Final = 20_000
_EACH: Final = 25
"""Signs shown of one partner; one is enough to hold a payout."""

_PAIRS: Final = (
    "from client o join client c on c.partner = o.id and c.id <> o.id where o.id = any(:partners)"
)
FIND: Final = text(f"""
select o.id as partner, c.id as client, 'phone' as kind, '' as told, c.registered_at as at
{_PAIRS} and c.phone_blind = o.phone_blind
union all
select o.id, c.id, 'browser', '', c.registered_at {_PAIRS} and c.visitor = o.visitor
union all
select distinct o.id, c.id, 'document', '', c.registered_at
from client o join client c on c.partner = o.id and c.id <> o.id
join kyc_document mine on mine.client = o.id and mine.number_blind is not null
join kyc_document theirs on theirs.client = c.id and theirs.number_blind = mine.number_blind
where o.id = any(:partners)
union all
select o.id, c.id, 'device', max(theirs.ip || ' · ' || theirs.device), max(theirs.seen_at)
from client o join client c on c.partner = o.id and c.id <> o.id
join session mine on mine.person = o.id and mine.ip is not null and mine.device is not null
join session theirs on theirs.person = c.id and theirs.ip = mine.ip and theirs.device = mine.device
where o.id = any(:partners) and mine.seen_at > :since and theirs.seen_at > :since
  and mine.support is null and theirs.support is null
group by 1, 2
union all
select o.id, c.id, 'card', max('•••• ' || coalesce(theirs.instrument->>'last4', '')),
       max(theirs.started_at)
from client o join client c on c.partner = o.id and c.id <> o.id
join deposit mine on mine.client = o.id and mine.instrument->>'mark' <> ''
join deposit theirs on theirs.client = c.id
     and theirs.instrument->>'mark' = mine.instrument->>'mark'
where o.id = any(:partners) group by 1, 2
union all
select o.id, c.id, 'destination', max('•••• ' || theirs.tail), max(theirs.added_at)
from client o join client c on c.partner = o.id and c.id <> o.id
join payout_destination mine on mine.client = o.id
join payout_destination theirs on theirs.client = c.id and theirs.blind = mine.blind
where o.id = any(:partners) group by 1, 2
limit :most
""")  # noqa: S608 - no value is put in but ours


async def of(work: Work, partners: Sequence[Partner]) -> dict[UUID, list[dict[str, Any]]]:
    """By partner what speaks against a payout now, without what somebody cleared before."""
    wanted = work.settings(PartnerSettings).payouts
    ids = [row.id for row in partners]
    if not ids or not wanted.signs:
        return {}
    rows: list[Any] = list(
        await work.table(
            FIND,
            {
                "partners": ids,
                "since": work.now - timedelta(days=wanted.signs_days),
                "most": _MOST,
            },
        )
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    told = [(row.partner, row.client, row.kind, row.told, row.at) for row in rows]
    if "household" in wanted.signs:
        told += await _households(work, ids)
    cleared = {row.id: set(row.cleared) for row in partners}
    for partner, client, kind, evidence, at in told:
        sign = {"kind": kind, "client": str(client), "told": evidence, "at": at.isoformat()}
        if _GROUP[kind] not in wanted.signs or key(sign) in cleared[partner]:
            continue
        mine = found.setdefault(partner, [])
        if len(mine) < _EACH and key(sign) not in {key(one) for one in mine}:
            mine.append(sign)
    return found


def key(sign: Mapping[str, Any]) -> str:
    """By what a sign is known again after somebody has cleared it."""
    return f"{sign['kind']}:{sign['client']}"


async def _households(work: Work, partners: Sequence[UUID]) -> list[tuple[Any, ...]]:
    """Addresses are sealed, so that they are compared here and not in the database."""
    rows = await work.table(
        select(
            Client.id, Client.partner, Client.address_sealed, Client.country, Client.registered_at
        )
        .where(
            Client.id.in_(partners) | Client.partner.in_(partners),
            Client.address_sealed.is_not(None),
        )
        .order_by(Client.id.in_(partners).desc(), Client.id.desc())
        .limit(_MOST)
    )
    wanted = set(partners)
    owners = {
        row.id: _place(work, row.id, row.address_sealed, row.country)
        for row in rows
        if row.id in wanted
    }
    return [
        (row.partner, row.id, "household", "", row.registered_at)
        for row in rows
        if row.partner in owners
        and row.id != row.partner
        and (place := _place(work, row.id, row.address_sealed, row.country))
        and place == owners[row.partner]
    ]


def _place(work: Work, client: UUID, sealed: bytes | None, country: str) -> str:
    told = work.unseal(client, "client.address", sealed)
    if not told:
        return ""
    lines = msgspec.json.decode(told, type=dict[str, str])
    where = f"{lines.get('street', '')} {lines.get('postcode', '')}".casefold()
    plain = "".join(sign for sign in where if sign.isalnum())
    return f"{plain}|{country}" if plain else ""
