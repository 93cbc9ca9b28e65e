"""Lists of trading: a client's deals, and the desk's accounts and deals."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.trading.model import Deal, TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from brokerage.trading.values import DealKind
from stoa.kernel.money import Money
from stoa.theming import words
from stoa.theming.texts import N_
from stoa.web import tables

_KINDS = (("live", N_("Live")), ("demo", N_("Demo")))
_STATES = (
    ("active", N_("Active")),
    ("opening", N_("Opening")),
    ("restricted", N_("Restricted")),
    ("archived", N_("Archived")),
    ("failed", N_("Failed")),
)


def _accounts_query(work: Any) -> Any:
    return select(TradingAccount).where(clients.within(work, TradingAccount.client))


async def _servers(work: Any) -> list[tuple[str, str]]:
    return [(one.code, one.label) for one in work.settings(TradingSettings).servers]


async def _accounts_view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found = [row[0] for row in rows]
    servers = dict(await _servers(work))
    products = {one.code: one.label for one in work.settings(TradingSettings).products}
    names = await clients.names(work, [row.client for row in found])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/accounts/{row.id}",
            cells=(
                str(row.login or "–"),
                {"name": names.get(row.client, ""), "note": products.get(row.product, row.product)},
                row.kind,
                servers.get(row.server, row.server),
                row.state,
                row.server_group,
                f"1:{row.leverage}",
                Money(row.balance, row.currency).rounded(),
                Money(row.equity, row.currency).rounded(),
                Money(row.margin, row.currency).rounded(),
                row.deals_at,
                row.opened_at,
            ),
        )
        for row in found
    ]


ACCOUNTS = tables.Table(
    name="accounts",
    title=N_("Trading accounts"),
    page_size=30,
    columns=(
        tables.Column("login", N_("Login"), "code", fixed=True),
        tables.Column("client", N_("Client"), "person", beside=N_("Product")),
        tables.Column("kind", N_("Kind"), "word", coded=True),
        tables.Column("server", N_("Server")),
        tables.Column("state", N_("State"), "status", coded=True, sort=TradingAccount.state),
        tables.Column("group", N_("Group"), "code", hidden=True),
        tables.Column("leverage", N_("Leverage"), hidden=True),
        tables.Column("balance", N_("Balance"), "money", sort=TradingAccount.balance),
        tables.Column("equity", N_("Equity"), "money", sort=TradingAccount.equity),
        tables.Column("margin", N_("Margin"), "money", sort=TradingAccount.margin),
        tables.Column("traded", N_("Last deal"), "when"),
        tables.Column("opened", N_("Opened"), "when", sort=TradingAccount.opened_at),
    ),
    query=_accounts_query,
    view=_accounts_view,
    id=TradingAccount.id,
    order="opened",
    filters=(
        tables.choice("kind", N_("Kind"), TradingAccount.kind, _KINDS),
        tables.choice("server", N_("Server"), TradingAccount.server, _servers),
        tables.choice("state", N_("State"), TradingAccount.state, _STATES),
        tables.Filter(
            "missing",
            N_("Unknown to its server"),
            lambda _w, v: (
                TradingAccount.missing_since.is_not(None)
                if v == "yes"
                else TradingAccount.missing_since.is_(None)
            ),
            options=(("yes", N_("Yes")), ("no", N_("No"))),
        ),
        *tables.amounts("equity", N_("Equity from"), N_("Equity to"), TradingAccount.equity),
    ),
    search=lambda _work, typed: (
        TradingAccount.login == (int(typed) if typed.isdecimal() and len(typed) < 18 else -1)
    ),
    search_label=N_("Find a login"),
    export_permission=Trading.EXPORT,
    live="accounts",
    empty_title=N_("No trading accounts yet"),
    empty_text=N_("They open by themselves when a client is verified."),
)


MOVED: Final = {
    DealKind.CHARGE: N_("Charge"),
    DealKind.CORRECTION: N_("Correction"),
    DealKind.BONUS: N_("Bonus"),
    DealKind.COMMISSION: N_("Commission"),
    DealKind.INTEREST: N_("Interest"),
    DealKind.DIVIDEND: N_("Dividend"),
    DealKind.TAX: N_("Tax"),
    DealKind.AGENT: N_("Agent commission"),
    DealKind.CANCELLED: N_("Cancelled"),
    DealKind.COMPENSATION: N_("Compensation"),
    DealKind.OTHER: N_("Other"),
}
"""What moved money on the platform without a trade."""
words.learn(
    {
        "live": N_("Live"),
        "demo": N_("Demo"),
        "buy": N_("Buy"),
        "sell": N_("Sell"),
        "balance": N_("Balance"),
        "credit": N_("Credit"),
        **{str(kind): label for kind, label in MOVED.items()},
        "in": N_("Opening"),
        "out": N_("Closing"),
        "reversal": N_("Reversal"),
        "out-by": N_("Close by"),
        "none": "–",
    }
)


def deal_table(*, desk: bool, account: Any = None) -> tables.Table:
    """Deals as a list: of one account for its owner, or of everyone in scope for the desk."""

    def query(work: Any) -> Any:
        statement = select(Deal)
        if account is not None:
            of = select(TradingAccount.client).where(TradingAccount.id == account)
            statement = statement.where(
                Deal.client == of.scalar_subquery(), Deal.account == account
            )
        if desk:
            return statement.where(clients.within(work, Deal.client))
        return statement.where(Deal.client == work.actor.id)

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        found = [row[0] for row in rows]
        names = await clients.names(work, [row.client for row in found]) if desk else {}
        shown: list[tables.Shown] = []
        for row in found:
            profit = Money(row.profit, row.currency).rounded()
            trade = DealKind(row.kind).trade
            cells: list[Any] = [
                row.at,
                f"#{row.number}",
                row.symbol,
                row.kind,
                row.entry,
                row.lots or None,
                row.price or None,
                profit if trade else None,
                None if trade else profit,
                Money(row.swap, row.currency).rounded(),
                Money(row.commission, row.currency).rounded(),
            ]
            if desk and account is None:
                cells[2:2] = [str(row.login), names.get(row.client, "")]
            shown.append(
                tables.Shown(
                    key=str(row.id),
                    cells=cells,
                    href=f"/desk/accounts/{row.account}" if desk else "",
                )
            )
        return shown

    columns = [
        tables.Column("at", N_("When"), "when", sort=Deal.at, fixed=True),
        tables.Column("deal", N_("Deal"), "code"),
        tables.Column("symbol", N_("Symbol"), "strong"),
        tables.Column("kind", N_("Side"), "word", coded=desk),
        tables.Column("entry", N_("Entry"), "word", coded=desk),
        tables.Column("lots", N_("Lots"), "num"),
        tables.Column("price", N_("Price"), "num"),
        tables.Column("profit", N_("Profit"), "pnl"),
        tables.Column("moved", N_("Money moved"), "money"),
        tables.Column("swap", N_("Swap"), "pnl", hidden=True),
        tables.Column("commission", N_("Commission"), "pnl", hidden=True),
    ]
    if desk and account is None:
        columns[2:2] = [
            tables.Column("login", N_("Login"), "code"),
            tables.Column("client", N_("Client")),
        ]
    return tables.Table(
        name="deals" if desk else "my-deals",
        title=N_("Deals"),
        columns=columns,
        query=query,
        view=view,
        id=Deal.id,
        order="at",
        filters=(
            *tables.dates("at", N_("From"), N_("To"), Deal.at),
            tables.Filter("symbol", N_("Symbol"), lambda _w, v: Deal.symbol == v.upper(), "text"),
            tables.choice(
                "kind",
                N_("Kind"),
                Deal.kind,
                (("buy", N_("Buy")), ("sell", N_("Sell")), ("balance", N_("Balance"))),
            ),
        ),
        export_permission=Trading.EXPORT if desk else None,
        empty_title=N_("No deals yet"),
        empty_text=N_("Deals appear within seconds of being made on the server."),
    )


DEALS = deal_table(desk=True)
