"""Margin watch: live accounts by how near they are to being stopped out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal_column, select

from brokerage.clients import queries as clients
from brokerage.risk import book
from brokerage.risk.ground import Ground
from brokerage.risk.permissions import Risk
from brokerage.trading.model import TradingAccount, TradingServer
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import tables

LEVEL: Final[ColumnElement[Any]] = literal_column(
    "(trading_account.equity * 100 / trading_account.margin)"
)
"""As the index has it: reading it in order sorts nothing."""
_IN_USE: Final[ColumnElement[bool]] = literal_column(
    "(trading_account.margin > 0 and trading_account.kind = 'live')"
)
_WHOLE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Watched:
    """How many are under the call, and how many within reach of it."""

    under: int
    near: int
    margin: Decimal


def _reach(ground: Ground) -> int:
    """The highest level at which any account is near, so that the index may bound the search."""
    said = ground.settings
    outs = [said.stop_out, *(one.percent for one in said.stop_outs)]
    return max([*outs, *(int(one) + 1 for one in ground.stops.values())]) + said.near


def _query(work: Work, ground: Ground) -> Any:
    out = book.stop_out_of(ground)
    return (
        select(
            TradingAccount,
            LEVEL.label("level"),
            out.label("out"),
            (LEVEL - out).label("apart"),
            TradingServer.ok_at,
        )
        .outerjoin(TradingServer, TradingServer.code == TradingAccount.server)
        .where(
            _IN_USE,
            _reach(ground) > LEVEL,
            LEVEL - out < ground.settings.near,
            clients.within(work, TradingAccount.client),
        )
    )


async def watched(work: Work, ground: Ground) -> Watched:
    found = _query(work, ground).subquery()
    row = (
        await work.table(
            select(
                func.count().filter(found.c.apart <= 0),
                func.count(),
                func.coalesce(func.sum(found.c.margin), 0),
            ).select_from(found)
        )
    )[0]
    return Watched(int(row[0]), int(row[1]), Decimal(row[2]))


def table(ground: Ground) -> tables.Table:
    """The list, nearest to stop-out first."""
    out = book.stop_out_of(ground)

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        names = await clients.names(work, [row.TradingAccount.client for row in rows])
        return [_shown(ground, row, names.get(row.TradingAccount.client, "")) for row in rows]

    return tables.Table(
        name="margin",
        title=N_("Margin watch"),
        columns=(
            tables.Column("login", N_("Login"), "code", fixed=True),
            tables.Column("client", N_("Client")),
            tables.Column("level", N_("Margin level, %"), "num", sort=LEVEL),
            tables.Column("out", N_("Stop-out at, %"), "num"),
            tables.Column("equity", N_("Equity"), "money"),
            tables.Column("margin", N_("Margin"), "money"),
            tables.Column("floating", N_("Open result"), "pnl"),
            tables.Column("group", N_("Group"), "code", hidden=True),
            tables.Column("told", N_("Told"), "when"),
        ),
        query=lambda work: _query(work, ground),
        view=view,
        id=TradingAccount.id,
        order="level",
        descending=False,
        filters=(
            tables.Filter(
                "server",
                N_("Server"),
                lambda _work, value: TradingAccount.server == value,
                "select",
                tuple((one.code, one.code) for one in ground.servers),
            ),
            tables.Filter(
                "under",
                N_("Distance"),
                lambda _work, _value: out >= LEVEL,
                "select",
                (("yes", N_("At or under stop-out")),),
            ),
        ),
        export_permission=Risk.EXPORT,
        live="exposure",
        empty_title=N_("Nobody is near a margin call."),
        empty_text=N_("Accounts appear here before their server closes positions for them."),
        empty_icon="shield-check",
    )


def _shown(ground: Ground, row: Any, name: str) -> tables.Shown:
    account = row.TradingAccount
    old = account.told_at is None or account.told_at < ground.fresh_from
    return tables.Shown(
        key=str(account.id),
        href=f"/desk/accounts/{account.id}",
        tone="stopped" if row.apart <= 0 else "needs",
        cells=(
            str(account.login or "–"),
            name,
            Decimal(row.level).quantize(_WHOLE),
            Decimal(row.out).quantize(_WHOLE),
            Money(account.equity, account.currency).rounded(),
            Money(account.margin, account.currency).rounded(),
            Money(account.floating, account.currency).rounded(),
            account.server_group,
            account.told_at if old or account.told_at else row.ok_at,
        ),
    )
