"""Reads of addresses: what a client has, what may be asked for, what came to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.ledger import rates
from brokerage.payments.addresses.networks import NETWORKS
from brokerage.payments.depositing import deposits
from brokerage.payments.model import Deposit, PaymentAttempt
from brokerage.payments.queries import costs_told
from brokerage.payments.receiving import giving
from brokerage.payments.receiving.arriving import BY
from brokerage.payments.receiving.model import AddressState, DepositAddress
from brokerage.payments.receiving.port import Coin
from brokerage.payments.settings import DepositMethod
from brokerage.payments.values import Method
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, Invalid
from stoa.tenancy.work import Work

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Offered:
    """A coin an address may be asked for, with what a payment to it must be."""

    coin: str
    asset: str
    label: str
    least: Money | None
    most: Money | None
    fee: str
    """What it costs, in words; empty for nothing."""
    memo: bool


@dataclass(frozen=True, slots=True)
class Held:
    """An address of a client's that may be paid to."""

    row: DepositAddress
    coin: str
    terms: Offered


async def offered(work: Work, client: UUID) -> list[Offered]:
    """The coins this client may be given an address for; none where the way is not open to them."""
    found: list[Offered] = []
    priced = await rates.table(work)
    for coin in giving.givers(work):
        try:
            method = await deposits.allowed(work, client, Method.CRYPTO, coin.asset)
        except (Denied, Invalid):
            continue
        fee = await costs_told(work, client, method, coin.asset)
        found.append(_terms(coin, method, priced, fee))
    return found


def _terms(coin: Coin, method: DepositMethod, priced: rates.Rates, fee: str) -> Offered:
    limits = [
        priced.convert(one.money, coin.asset) if priced.knows(one.currency, coin.asset) else None
        for one in (method.least, method.most)
    ]
    network = NETWORKS.get(coin.network)
    return Offered(
        coin=coin.code,
        asset=coin.asset,
        label=network.label if network is not None else coin.network,
        least=limits[0],
        most=limits[1],
        fee=fee,
        memo=network is not None and network.memo,
    )


async def of_client(work: Work, client: UUID) -> list[Held]:
    """Those that may still be paid to, the oldest first."""
    rows = await work.rows(
        select(DepositAddress)
        .where(DepositAddress.client == client, DepositAddress.state == AddressState.OPEN)
        .order_by(DepositAddress.id)
    )
    terms = {one.coin: one for one in await offered(work, client)}
    codes = [(row, Coin(row.asset, row.network).code) for row in rows]
    return [
        Held(row, code, terms[code])
        for row, code in codes
        if code in terms and giving.usable(work, row)
    ]


async def all_of(work: Work, client: UUID) -> Sequence[DepositAddress]:
    """Every address that was ever given to a client, for staff and for their own data."""
    return await work.rows(
        select(DepositAddress)
        .where(DepositAddress.client == client, DepositAddress.address.is_not(None))
        .order_by(DepositAddress.id)
        .limit(100)
    )


async def came(work: Work, client: UUID) -> Sequence[Deposit]:
    """The newest payments that came to addresses."""
    return await work.rows(
        select(Deposit)
        .join(PaymentAttempt, PaymentAttempt.deposit == Deposit.id)
        .where(
            Deposit.client == client,
            Deposit.method == Method.CRYPTO,
            PaymentAttempt.decision["by"].astext == BY,
        )
        .order_by(Deposit.started_at.desc())
        .limit(_SHOWN)
    )


async def owner(work: Work, address: str) -> DepositAddress | None:
    """Whose an address is, where the actor may see that client."""
    return await work.first(
        select(DepositAddress).where(
            DepositAddress.network.in_(list(NETWORKS)),
            DepositAddress.address == address,
            clients.within(work, DepositAddress.client),
        )
    )
