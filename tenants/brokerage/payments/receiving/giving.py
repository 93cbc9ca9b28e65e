"""Giving a client an address: claim, call, conclude. One per coin and network, asked for once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.ledger.settings import LedgerSettings
from brokerage.payments import connectors
from brokerage.payments.addresses import networks
from brokerage.payments.depositing import crediting, deposits
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import providers
from brokerage.payments.receiving.model import AddressState, DepositAddress
from brokerage.payments.receiving.port import Coin, GivesAddresses, Place, Wanted
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.settings import PaymentsSettings, Psp
from brokerage.payments.values import Method
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, technical
from stoa.connectors.outside import outside
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.refusals import Conflict, Invalid, Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

FIRST_POLL: Final = timedelta(minutes=1)
_ENDS_SOON: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """One address that is being asked for, committed, and what its call needs."""

    row: UUID
    connector: GivesAddresses
    wanted: Wanted


def coins_of(psp: Psp) -> tuple[Coin, ...]:
    """The coins a provider keeps addresses for, by its settings."""
    try:
        kind = connectors.named(psp.connector)
        settings = outside().settings(kind.settings_type, psp.settings)
    except Refusal:
        return ()
    made = kind(settings, Keyring({}), Line(outside().egress))
    return made.coins if isinstance(made, GivesAddresses) else ()


def givers(work: Work) -> dict[Coin, str]:
    """By coin the provider that gives addresses for it: the first that is on, for wallets held here."""
    held = set(work.settings(LedgerSettings).offered(work.settings(TenantFacts)))
    found: dict[Coin, str] = {}
    for psp in work.settings(PaymentsSettings).psps:
        for coin in coins_of(psp) if psp.on else ():
            if coin.asset in held:
                found.setdefault(coin, psp.code)
    return found


async def address_for(open_work: OpenWork, client: UUID, coin: Coin) -> UUID:
    """The client's address for a coin: the one there is, or a new one.

    Raises Denied, Invalid or Conflict; then no address was given and no money has moved.
    """
    async with open_work() as work:
        work.require(Payments.DEPOSIT_OWN)
        work.actor.own(client)
        await work.lock(Client, client)
        await deposits.allowed(work, client, Method.CRYPTO, coin.asset)
        row, asked = await _claim(work, client, coin)
    if asked is None:
        return row
    faultpoint("address.claimed")
    try:
        answer = await asked.connector.give_address(asked.wanted)
    except Unavailable as why:
        answer = technical(why.code)
    faultpoint("address.answered")
    async with open_work() as work:
        told = await _conclude(work, asked, answer)
    if told:
        raise Conflict(
            "The provider gave no address just now ({code}). No money has moved. Try again in a "
            "moment.",
            code=told,
        )
    return row


async def _claim(work: Work, client: UUID, coin: Coin) -> tuple[UUID, Asked | None]:
    psp = givers(work).get(coin)
    if psp is None:
        raise Invalid("No provider keeps an address for {coin}.", field="coin", coin=coin.asset)
    row = await work.first(
        select(DepositAddress)
        .where(
            DepositAddress.client == client,
            DepositAddress.asset == coin.asset,
            DepositAddress.network == coin.network,
            DepositAddress.state.in_((AddressState.ASKING, AddressState.OPEN)),
        )
        .with_for_update()
    )
    if row is not None and row.state == AddressState.OPEN:
        if usable(work, row):
            return row.id, None
        row.move(AddressState.CLOSED)
        await work.flush()
        row = None
    if row is not None and row.psp != psp:
        # Nobody was ever shown what the other provider may have made.
        row.move(AddressState.REFUSED)
        row.code = "another-provider"
        await work.flush()
        row = None
    state = await work.session.get(ProviderState, psp)
    if state is not None and (state.paused_at or state.operator_paused_at):
        raise Conflict(
            "This provider is paused just now. No address was given and no money has moved."
        )
    if row is None:
        row = DepositAddress(
            id=work.new_id(),
            client=client,
            psp=psp,
            asset=coin.asset,
            network=coin.network,
            state=AddressState.ASKING,
            asked_at=work.now,
        )
        work.add(row)
        await work.flush()
    connector = await providers.connected(work, psp)
    if not isinstance(connector, GivesAddresses):
        raise Invalid("No provider keeps an address for {coin}.", field="coin", coin=coin.asset)
    return row.id, Asked(row.id, connector, await wanted(work, row))


async def wanted(work: Work, row: DepositAddress) -> Wanted:
    """The address as its provider is told of it."""
    brief = await clients.brief(work, row.client)
    return Wanted(
        id=row.id,
        reference=brief.reference,
        coin=Coin(row.asset, row.network),
        email=brief.email,
    )


def usable(work: Work, row: DepositAddress) -> bool:
    """Whether it may still be shown: its provider is on, and goes on telling us what comes."""
    psp = work.settings(PaymentsSettings).psp(row.psp)
    lasts = row.ends_at is None or row.ends_at > work.now + _ENDS_SOON
    return psp is not None and psp.on and lasts


async def _conclude(work: Work, asked: Asked, answer: Place | Refused) -> str:
    """Write down what was answered; the code of a refusal, or nothing."""
    row = await work.lock(DepositAddress, asked.row)
    if row.state != AddressState.ASKING:
        return ""
    if isinstance(answer, Refused):
        if not answer.technical:
            row.move(AddressState.REFUSED)
        row.code = answer.code[:80]
        return answer.code[:80]
    try:
        address, memo = networks.checked(row.network, row.asset, answer.address, answer.memo)
    except Invalid:
        return await _not_given(work, row, "bad-address", answer.address)
    other = await work.first(
        select(DepositAddress.id).where(
            DepositAddress.network == row.network,
            DepositAddress.address == address,
            DepositAddress.memo == memo,
        )
    )
    if other is not None:
        return await _not_given(work, row, "address-taken", address)
    row.reference, row.address, row.memo = answer.reference[:80], address, memo
    row.move(AddressState.OPEN)
    row.opened_at, row.ends_at, row.code = work.now, answer.ends, None
    row.seen_at, row.next_poll_at = work.now, work.now + FIRST_POLL
    return ""


async def _not_given(work: Work, row: DepositAddress, code: str, address: str) -> str:
    """An address that cannot be theirs alone is shown to nobody; a person asks the provider why."""
    row.move(AddressState.REFUSED)
    row.code = code
    await crediting.note(
        work, psp=row.psp, problem=code, reference=address or str(row.id), proposed="look"
    )
    return code
