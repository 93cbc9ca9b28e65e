"""What executions come to: deals, positions and balances, in the transaction of their message."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import and_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.ledger import rates
from brokerage.trading import deals, rules
from brokerage.trading.connectors.fix.executions import Execution
from brokerage.trading.connectors.fix.settings import Settings
from brokerage.trading.deals import Owner
from brokerage.trading.dropcopy import netting
from brokerage.trading.dropcopy.filed import Filed
from brokerage.trading.dropcopy.model import FixSession
from brokerage.trading.dropcopy.netting import Fill, Held, Leg
from brokerage.trading.model import OpenPosition, TradingAccount, TradingServer
from brokerage.trading.settings import TradingSettings
from brokerage.trading.symbols import Instrument, canonical
from brokerage.trading.values import Deal, DealKind
from stoa.kernel import currencies
from stoa.kernel.money import EXACT, Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_GRAIN: Final = Decimal(1).scaleb(-18)
_BALANCE: Final = text(
    "update trading_account set balance = balance + x.result, equity = equity + x.result, "
    "deals_at = greatest(deals_at, x.at), deals_last = x.number, told_at = :now "
    "from unnest(cast(:accounts as uuid[]), cast(:results as numeric[]), "
    "cast(:ats as timestamptz[]), cast(:numbers as bigint[])) as x(account, result, at, number) "
    "where id = x.account"
)


class Waits(Exception):
    """This account cannot take this execution yet; `why` is a message id with its `places`."""

    def __init__(self, why: str, **places: str) -> None:
        super().__init__(why)
        self.why = why
        self.places = places


class Terms(msgspec.Struct, frozen=True):
    """How a symbol counts in one account: lots, and its profit's currency."""

    instrument: Instrument
    profit_in: str


class Books:
    """The accounts, positions and rates of one transaction, and the deals it comes to."""

    def __init__(self, work: Work, session: FixSession, settings: Settings) -> None:
        self.work = work
        self.session = session
        self.settings = settings
        self.owners: dict[str, tuple[int, Owner]] = {}
        self.held: dict[tuple[UUID, str], Held | None] = {}
        self.touched: set[tuple[UUID, str]] = set()
        self.told: list[Deal] = []
        self.prices: dict[tuple[UUID, str], Decimal] = {}
        self._rates: rates.Rates | None = None

    async def know(self, accounts: Sequence[str]) -> None:
        """Whose accounts these are, and what they hold."""
        work, server = self.work, self.session.server
        rows = await work.rows(
            select(TradingAccount).where(
                TradingAccount.server == server,
                TradingAccount.server_account.in_(accounts),
                TradingAccount.state.in_(("active", "restricted")),
            )
        )
        for row in rows:
            owner = Owner(row.id, row.client, row.currency, row.kind == "live")
            self.owners[row.server_account or ""] = (row.login or 0, owner)
        positions = await work.rows(
            select(OpenPosition).where(
                OpenPosition.server == server, OpenPosition.account.in_([one.id for one in rows])
            )
        )
        for one in positions:
            self.held[one.account, one.symbol] = Held(
                side=DealKind(one.side),
                lots=one.lots,
                price=one.price_open,
                position=one.number,
                opened=one.opened_at,
            )

    def terms(self, name: str) -> Terms:
        """Raises Waits for a symbol that nobody told us about."""
        one = canonical(self.work.settings(TradingSettings).symbols, name)
        profit_in = self.settings.profit_in.get(one.symbol, one.symbol[3:])
        if not one.known and one.group == "other":
            raise Waits(N_("the symbol {name} is not in the map of symbols"), name=name)
        if not currencies.known(profit_in):
            raise Waits(N_("the currency of the profit of {name} is not known"), name=name)
        return Terms(one, profit_in)

    def fill(self, root: int, one: Execution, terms: Terms) -> Fill:
        lots = one.quantity
        if self.settings.quantity == "units":
            lots = EXACT.divide(lots, terms.instrument.contract_size)
        lots = lots.quantize(_GRAIN, context=EXACT)
        if not lots:
            raise Waits(N_("a quantity of {name} is too little to count"), name=one.symbol)
        return Fill(root=root, side=one.side, lots=lots, price=one.price, at=one.at)

    async def rate(self, sell: str, buy: str) -> Decimal:
        """Raises Waits while there is none."""
        if sell == buy:
            return Decimal(1)
        if self._rates is None:
            self._rates = await rates.table(self.work)
        try:
            return self._rates.rate(sell, buy)
        except rates.NoRate:
            raise Waits(
                N_("there is no rate from {sell} to {buy} yet"), sell=sell, buy=buy
            ) from None

    async def trade(self, one: Filed) -> None:
        """One new fill. Raises Waits; nothing is changed then."""
        login, owner = self.owners[one.execution.account]
        terms = self.terms(one.execution.symbol)
        rate = await self.rate(terms.profit_in, owner.currency)
        symbol = terms.instrument.symbol
        place = (owner.account, symbol)
        legs, held = netting.take(self.held.get(place), self.fill(one.id, one.execution, terms))
        for at, leg in enumerate(legs):
            number = one.id * netting.DEALS_OF_ONE + at
            fee = one.execution.commission if at == 0 else Decimal(0)
            self.told.append(
                deal_of(leg, terms, owner, login, number, rate, fee, one.execution.exec_id)
            )
        self.put(place, held, one.execution.price)

    def put(self, place: tuple[UUID, str], held: Held | None, price: Decimal) -> None:
        self.held[place] = held
        self.prices[place] = price
        self.touched.add(place)

    async def flush(self) -> list[Deal]:
        """Store what it came to: deals with what follows from them, positions, balances."""
        told, self.told = self.told, []
        if told:
            by_login = dict(self.owners.values())
            await deals.store(self.work, self.session.server, told, by_login)
            await self._balances(told, by_login)
        if self.touched:
            await self._positions()
            self.touched.clear()
        return told

    async def _balances(self, told: Sequence[Deal], owners: dict[int, Owner]) -> None:
        sums: dict[UUID, Decimal] = {}
        last: dict[UUID, Deal] = {}
        for deal in told:
            account = owners[deal.login].account
            result = rules.result_of(deal.profit, deal.swap, deal.commission)
            sums[account] = sums.get(account, Decimal(0)) + result
            if account not in last or deal.at >= last[account].at:
                last[account] = deal
        accounts = sorted(sums)
        await self.work.run(
            _BALANCE,
            {
                "accounts": accounts,
                "results": [sums[one] for one in accounts],
                "ats": [last[one].at for one in accounts],
                "numbers": [last[one].deal for one in accounts],
                "now": self.work.now,
            },
        )

    async def _positions(self) -> None:
        """Replace the positions that moved by what they are now."""
        work, server = self.work, self.session.server
        places = sorted(self.touched, key=str)
        await work.run(
            OpenPosition.__table__.delete().where(  # type: ignore[attr-defined]
                OpenPosition.server == server,
                or_(
                    *(
                        and_(OpenPosition.account == account, OpenPosition.symbol == symbol)
                        for account, symbol in places
                    )
                ),
            )
        )
        owners = {owner.account: owner for _, owner in self.owners.values()}
        rows: list[dict[str, Any]] = []
        for place in places:
            held = self.held.get(place)
            if held is None:
                continue
            account, symbol = place
            terms = self.terms(symbol)
            rows.append(
                {
                    "server": server,
                    "number": held.position,
                    "account": account,
                    "client": owners[account].client,
                    "symbol": symbol,
                    "side": str(held.side),
                    "lots": held.lots,
                    "contract_size": terms.instrument.contract_size,
                    "price_open": held.price,
                    "price_now": self.prices.get(place, held.price),
                    "profit": Decimal(0),
                    "swap": Decimal(0),
                    "opened_at": held.opened,
                    "told_at": work.now,
                }
            )
        if rows:
            await work.run(insert(OpenPosition), rows)
            await self._listed({row["symbol"] for row in rows})

    async def _listed(self, names: set[str]) -> None:
        """A drop copy has no list of symbols: those that came are kept as one, to be valued by."""
        mine = TradingServer.code == self.session.server
        told = await self.work.first(select(TradingServer.symbols).where(mine)) or []
        fresh = names - {one["symbol"] for one in told}
        if not fresh:
            return
        rows = [self.terms(name) for name in sorted(fresh)]
        listed = [
            {
                "symbol": one.instrument.symbol,
                "digits": one.instrument.digits,
                "contract_size": str(one.instrument.contract_size),
                "base": "",
                "profit": one.profit_in,
                "path": "",
            }
            for one in rows
        ]
        await self.work.run(update(TradingServer).where(mine).values(symbols=[*told, *listed]))


def deal_of(
    leg: Leg,
    terms: Terms,
    owner: Owner,
    login: int,
    number: int,
    rate: Decimal,
    fee: Decimal,
    exec_id: str,
) -> Deal:
    """A leg as a deal of the platform's journal, its money in the account's currency."""
    size = terms.instrument.contract_size
    gain = EXACT.multiply(EXACT.multiply(leg.gain, size), rate)
    return Deal(
        deal=number,
        login=login,
        kind=leg.side,
        entry=leg.entry,
        at=leg.at,
        symbol=terms.instrument.symbol,
        lots=leg.lots,
        lots_closed=leg.lots if leg.entry in rules.CLOSING else Decimal(0),
        contract_size=size,
        price=leg.price,
        profit=Money(gain, owner.currency).rounded().amount,
        swap=Decimal(0),
        commission=Money(-fee, owner.currency).rounded().amount,
        position=leg.position,
        order=0,
        rate_profit=rate,
        comment=exec_id[:64],
    )
