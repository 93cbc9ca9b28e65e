"""Trading accounts, what is open on them, and the money that moved to and from them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import select

from brokerage.api.offer import changes, reads
from brokerage.api.values import Amount, Asked, Currency, Listing, Page, digits, page, plain
from brokerage.clients import queries as clients
from brokerage.trading import accounts, queries
from brokerage.trading.model import OpenPosition, TradingAccount, Transfer
from brokerage.trading.permissions import Trading
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work

TAG = "Trading"
Code = Annotated[str, Meta(min_length=1, max_length=40)]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """A trading account. Figures are what the server told at `told_at`."""

    id: UUID
    client: UUID
    server: str
    login: Annotated[int | None, Meta(description="Null until the server has made it.")]
    kind: Literal["live", "demo"]
    product: str
    state: Literal["opening", "active", "restricted", "archived", "failed"]
    currency: Currency
    leverage: int
    balance: Amount
    credit: Amount
    equity: Amount
    margin: Amount
    margin_free: Amount
    floating: Amount
    opened_at: datetime
    told_at: datetime | None
    why: str | None


class AccountListing(Listing, frozen=True, kw_only=True):
    """Trading accounts, newest first; every filter narrows."""

    client: UUID | None = None
    kind: Literal["live", "demo"] | None = None
    state: Literal["opening", "active", "restricted", "archived", "failed"] | None = None
    login: Annotated[int, Meta(ge=1)] | None = None


class NewAccount(Asked, frozen=True, kw_only=True):
    """An account of one of your products. Leverage is capped by the client's country."""

    client: UUID
    product: Code
    currency: Annotated[str, Meta(min_length=3, max_length=8)]
    leverage: Annotated[int, Meta(ge=1, le=2000)] | None = None


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """An open position as the server last told it."""

    server: str
    number: int
    symbol: str
    side: Literal["buy", "sell"]
    lots: Amount
    price_open: Amount
    price_now: Amount
    profit: Amount
    swap: Amount
    opened_at: datetime


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """Money between a wallet and a trading account: both sides once, or neither."""

    id: UUID
    client: UUID
    account: UUID
    direction: Literal["to-account", "to-wallet", "cover", "credit-in", "credit-out"]
    amount: Amount
    currency: Currency
    state: Literal["waiting", "held", "sending", "done", "refused", "cancelled"]
    asked_at: datetime
    done_at: datetime | None
    why: str | None


class TransferListing(Listing, frozen=True, kw_only=True):
    """Transfers, newest first; every filter narrows."""

    client: UUID | None = None
    account: UUID | None = None
    state: Literal["waiting", "held", "sending", "done", "refused", "cancelled"] | None = None


def _account(row: TradingAccount) -> AccountView:
    return AccountView(
        id=row.id,
        client=row.client,
        server=row.server,
        login=row.login,
        kind=row.kind,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        product=row.product,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        currency=row.currency,
        leverage=row.leverage,
        balance=digits(row.balance, row.currency),
        credit=digits(row.credit, row.currency),
        equity=digits(row.equity, row.currency),
        margin=digits(row.margin, row.currency),
        margin_free=digits(row.margin_free, row.currency),
        floating=digits(row.floating, row.currency),
        opened_at=row.opened_at,
        told_at=row.told_at,
        why=row.why,
    )


@reads("/trading-accounts", Trading.VIEW, TAG)
async def listed(work: Work, wanted: AccountListing) -> Page[AccountView]:
    """List trading accounts."""
    statement = select(TradingAccount).where(clients.within(work, TradingAccount.client))
    for column, value in (
        (TradingAccount.client, wanted.client),
        (TradingAccount.kind, wanted.kind),
        (TradingAccount.state, wanted.state),
        (TradingAccount.login, wanted.login),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return await page(work, statement, TradingAccount.id, wanted, _account)


async def _seen(work: Work, account: UUID) -> TradingAccount:
    row = await work.first(
        select(TradingAccount).where(
            TradingAccount.id == account, clients.within(work, TradingAccount.client)
        )
    )
    if row is None:
        raise NotFound
    return row


@reads("/trading-accounts/{account}", Trading.VIEW, TAG)
async def one(work: Work, account: UUID) -> AccountView:
    """Read one trading account."""
    return _account(await _seen(work, account))


@changes("/trading-accounts", Trading.EDIT, TAG, status=201)
async def open_one(work: Work, asked: NewAccount) -> AccountView:
    """Open a trading account.

    It is asked for here and made on the server seconds later: the state goes from `opening` to
    `active` and the event `account.opened` is told. A live account wants a verified client.
    """
    await clients.seen(work, asked.client)
    row = await accounts.open_account(
        work,
        asked.client,
        product=asked.product,
        currency=asked.currency,
        leverage=asked.leverage,
    )
    return _account(row)


@reads("/trading-accounts/{account}/positions", Trading.VIEW, TAG)
async def positions(work: Work, account: UUID) -> list[PositionView]:
    """Read what is open on an account."""
    row = await _seen(work, account)
    return [_position(one, row.currency) for one in await queries.positions(work, account)]


def _position(row: OpenPosition, currency: str) -> PositionView:
    return PositionView(
        server=row.server,
        number=row.number,
        symbol=row.symbol,
        side=row.side,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lots=plain(row.lots),
        price_open=plain(row.price_open),
        price_now=plain(row.price_now),
        profit=digits(row.profit, currency),
        swap=digits(row.swap, currency),
        opened_at=row.opened_at,
    )


def _transfer(row: Transfer) -> TransferView:
    return TransferView(
        id=row.id,
        client=row.client,
        account=row.account,
        direction=row.direction,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        amount=digits(row.amount, row.currency),
        currency=row.currency,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        asked_at=row.asked_at,
        done_at=row.done_at,
        why=row.why,
    )


@reads("/transfers", Trading.VIEW, TAG)
async def transfers(work: Work, wanted: TransferListing) -> Page[TransferView]:
    """List transfers between wallets and trading accounts."""
    statement = select(Transfer).where(clients.within(work, Transfer.client))
    for column, value in (
        (Transfer.client, wanted.client),
        (Transfer.account, wanted.account),
        (Transfer.state, wanted.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return await page(work, statement, Transfer.id, wanted, _transfer)


@reads("/transfers/{transfer}", Trading.VIEW, TAG)
async def transfer(work: Work, transfer: UUID) -> TransferView:
    """Read one transfer."""
    row = await work.first(
        select(Transfer).where(Transfer.id == transfer, clients.within(work, Transfer.client))
    )
    if row is None:
        raise NotFound
    return _transfer(row)
