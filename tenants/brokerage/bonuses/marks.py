"""By what one is known to have had a bonus: the person, the household, the device, the card.

The marks are blind digests, unique per campaign in the database, so that of any number of claims
at once one counts. The other's mark is the evidence; it names the grant, which staff may open.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from brokerage.bonuses.model import Grant, Mark
from brokerage.bonuses.terms import Terms
from brokerage.clients.model import Client
from brokerage.kyc.model import KycDocument
from brokerage.payments.model import Deposit
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

KINDS: Final = {
    "person": N_("The same person"),
    "document": N_("The same identity paper"),
    "phone": N_("The same telephone"),
    "household": N_("The same address"),
    "device": N_("The same device"),
    "instrument": N_("The same card"),
}
_PLACE: Final = "bonus_mark.mark"


async def of_client(work: Work, client: UUID, terms: Terms) -> list[tuple[str, bytes]]:
    """What marks this client, as far as it is known."""
    row = await work.get(Client, client)
    found: list[tuple[str, bytes]] = [("person", _blind(work, f"id:{client}"))]
    born = work.unseal(row.id, "client.birth_date", row.birth_date_sealed)
    if born:
        names = (
            work.unseal(row.id, f"client.{one}", getattr(row, f"{one}_sealed")) or ""
            for one in ("first_name", "last_name")
        )
        found.append(("person", _blind(work, f"{_plain(' '.join(names))}|{born}")))
    if row.phone_blind is not None:
        found.append(("phone", row.phone_blind))
    numbers = await work.rows(
        select(KycDocument.number_blind)
        .where(KycDocument.client == client, KycDocument.number_blind.is_not(None))
        .limit(10)
    )
    found += [("document", number) for number in numbers if number is not None]
    if "household" in terms.once_per:
        address = work.unseal(row.id, "client.address", row.address_sealed)
        if address:
            lines = msgspec.json.decode(address, type=dict[str, str])
            where = _plain(f"{lines.get('street', '')} {lines.get('postcode', '')}")
            found.append(("household", _blind(work, f"{where}|{row.country}")))
    if "device" in terms.once_per and row.visitor is not None:
        found.append(("device", _blind(work, f"device:{row.visitor}")))
    return found


def of_deposit(work: Work, deposit: Deposit, terms: Terms) -> list[tuple[str, bytes]]:
    """The card it was paid with, where the provider tells it apart from others."""
    told = (deposit.instrument or {}).get("mark")
    if "instrument" not in terms.once_per or not told:
        return []
    return [("instrument", _blind(work, f"instrument:{told}"))]


def _blind(work: Work, what: str) -> bytes:
    return work.blind(_PLACE, what)


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


async def claim(work: Work, row: Grant, marks: list[tuple[str, bytes]]) -> list[dict[str, Any]]:
    """Put this grant's marks down; the evidence of others who have one of them already.

    Under READ COMMITTED the insert waits for another's that is not committed yet, so the answer
    holds for claims made at once.
    """
    if not marks:
        return []
    unique = list(dict.fromkeys(marks))
    await work.run(
        insert(Mark)
        .values(
            [
                {
                    "campaign": row.campaign,
                    "kind": kind,
                    "mark": mark,
                    "bonus": row.id,
                    "client": row.client,
                    "at": work.now,
                }
                for kind, mark in sorted(unique)
            ]
        )
        .on_conflict_do_nothing()
    )
    others = await work.rows(
        select(Mark).where(
            Mark.campaign == row.campaign,
            Mark.mark.in_([mark for _, mark in unique]),
            Mark.bonus != row.id,
        )
    )
    mine = set(unique)
    return [
        {
            "kind": one.kind,
            "grant": str(one.bonus),
            "client": str(one.client),
            "at": one.at.isoformat(),
        }
        for one in others
        if (one.kind, one.mark) in mine
    ]
