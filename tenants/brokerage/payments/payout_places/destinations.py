"""Where a client is paid: sealed, checked, and waiting a while when new."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.payments import rules
from brokerage.payments.addresses import networks
from brokerage.payments.connector import Destination as Paid
from brokerage.payments.connector import ToBank, ToCrypto, ToWallet
from brokerage.payments.model import Destination
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

DETAILS: Final = "payout_destination.details"
HOLDER: Final = "payout_destination.holder"
_MOST: Final = 10


async def add(
    work: Work, client: UUID, to: ToBank | ToCrypto | ToWallet, *, holder: str = "", label: str = ""
) -> Destination:
    """Keep a new destination; it can be used after the waiting time, and the client is told.

    The telling goes to where the client was reached before, so a thief cannot keep it quiet. A bank
    account in another name is kept, and a person looks before money goes there.
    """
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own(client)
    await work.lock(Client, client)
    held = await of(work, client)
    number = _number(to)
    blind = work.blind(DETAILS, number)
    if any(one.blind == blind for one in held):
        raise Conflict("You have this destination already.")
    if len(held) >= _MOST:
        raise Conflict("{n} destinations are the most. Remove one first.", n=_MOST)
    row = work.new_id()
    wait = work.settings(PaymentsSettings).withdrawals.new_destination_wait_h
    sealed = work.seal(row, DETAILS, msgspec.json.encode(to).decode())
    assert sealed is not None  # noqa: S101 - only None seals to None
    whose = " ".join(holder.split())[:120]
    own_name = (await clients.names(work, [client])).get(client, "")
    made = Destination(
        id=row,
        client=client,
        method=_method(to),
        tail=_shown(to)[-4:],
        country=to.country or None if not isinstance(to, ToCrypto) else None,
        details_sealed=sealed,
        holder_sealed=work.seal(row, HOLDER, whose or None),
        named=rules.same_name(whose, own_name) if whose else None,
        label=" ".join(label.split())[:40],
        blind=blind,
        added_at=work.now,
        usable_at=work.now + timedelta(hours=wait),
    )
    work.add(made)
    await work.flush()
    await notices.mail(
        work, client, "destination_added", link="/withdraw", about=row, tail=made.tail
    )
    await notices.tell(work, client, N_("A new place to be paid to was added"), path="/withdraw")
    return made


def _number(to: ToBank | ToCrypto | ToWallet) -> str:
    match to:
        case ToBank():
            return to.iban or to.pix_key or f"{to.sort_code}{to.routing_number}{to.account_number}"
        case ToCrypto():
            return f"{to.address}:{to.memo}" if to.memo else to.address
        case ToWallet():
            return to.account


def _shown(to: ToBank | ToCrypto | ToWallet) -> str:
    return to.address if isinstance(to, ToCrypto) else _number(to)


def _method(to: ToBank | ToCrypto | ToWallet) -> Method:
    match to:
        case ToBank():
            return Method.BANK
        case ToCrypto():
            return Method.CRYPTO
        case ToWallet():
            return to.method


async def remove(work: Work, destination: UUID) -> None:
    """Withdrawals that go there already stay as they are."""
    row = await work.lock(Destination, destination)
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own(row.client)
    row.move("removed")


async def of(work: Work, client: UUID) -> Sequence[Destination]:
    """Those in use, the oldest first."""
    return await work.rows(
        select(Destination)
        .where(Destination.client == client, Destination.state == "active")
        .order_by(Destination.id)
    )


async def own(work: Work, client: UUID, destination: UUID) -> Destination:
    """One of the client's that is in use. Raises NotFound for any other."""
    row = await work.get(Destination, destination)
    if row.client != client or row.state != "active":
        raise NotFound
    return row


async def shared(work: Work, row: Destination) -> bool:
    """Whether another client is paid to the same place."""
    other = await work.first(
        select(Destination.id).where(
            Destination.blind == row.blind, Destination.client != row.client
        )
    )
    return other is not None


def opened(work: Work, row: Destination) -> Paid:
    """The details themselves, for a provider's call."""
    text = work.unseal(row.id, DETAILS, row.details_sealed)
    if not text:
        raise NotFound
    kinds: dict[str, Any] = {Method.BANK: ToBank, Method.CRYPTO: ToCrypto}
    kind = kinds.get(row.method, ToWallet)
    found: Paid = msgspec.json.decode(text, type=kind)
    return found


def proven(work: Work, row: Destination) -> bool:
    """Whether a kept address still passes its check digits; true for places that have none."""
    to = opened(work, row) if row.method == Method.CRYPTO and row.details_sealed else None
    if not isinstance(to, ToCrypto):
        return True
    try:
        networks.checked(to.network, to.asset, to.address, to.memo)
    except Invalid:
        return False
    return True


def label(row: Destination) -> str:
    """What may be shown: the last four signs."""
    return f"•••• {row.tail}"
