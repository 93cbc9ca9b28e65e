"""Strategy providers and who copies them: their followers' exposure together.

The copying itself is another system's. Who follows whom is told by the desk, or by the comments of
deals where the copy engine writes the provider's login there (`follower_mark`).
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Text, cast, func, select, update
from sqlalchemy.orm import aliased

from brokerage.clients import queries as clients
from brokerage.risk import book
from brokerage.risk.ground import Ground
from brokerage.risk.permissions import Risk
from brokerage.risk.settings import RiskSettings
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import tables

_MOST_AT_ONCE: Final = 500
_LOOK_BACK: Final = timedelta(minutes=30)
_PROVIDER: Final = aliased(TradingAccount)
_FOLLOWER: Final = aliased(TradingAccount)


def logins(text: str) -> list[int]:
    """Logins as a person pastes them, in lines or with commas. Raises Invalid."""
    words = [word for word in re.split(r"[\s,;]+", text.strip()) if word]
    if not words:
        raise Invalid("Please fill this in.", field="logins")
    if len(words) > _MOST_AT_ONCE:
        raise Invalid("At most {n} at once.", field="logins", n=_MOST_AT_ONCE)
    wrong = [word for word in words if not (word.isascii() and word.isdecimal() and len(word) < 19)]
    if wrong:
        raise Invalid("“{word}” is no login.", field="logins", word=wrong[0][:30])
    return list(dict.fromkeys(int(word) for word in words))


async def follow(work: Work, provider: UUID, followers: Sequence[int]) -> int:
    """Say that live accounts copy a provider's. All of them or none: an unknown login, one that is
    copied itself, or the provider's own is refused and named.
    """
    work.require(Risk.FOLLOWERS)
    own = await _seen(work, provider)
    if own.follows is not None:
        raise Conflict("This account copies another one and cannot be a provider.")
    rows = await work.rows(
        select(TradingAccount)
        .where(
            TradingAccount.server == own.server,
            TradingAccount.login.in_(followers),
            TradingAccount.kind == "live",
            clients.within(work, TradingAccount.client),
        )
        .with_for_update()
    )
    known = {row.login for row in rows}
    missing = [str(login) for login in followers if login not in known]
    if missing:
        raise Invalid(
            "Not a live account of this server: {logins}. Nothing was changed.",
            field="logins",
            logins=", ".join(missing[:5]),
        )
    if own.id in {row.id for row in rows}:
        raise Invalid("A provider does not copy itself. Nothing was changed.", field="logins")
    copied = await work.rows(
        select(TradingAccount.follows)
        .where(TradingAccount.follows.in_([row.id for row in rows]))
        .distinct()
    )
    if copied:
        raise Invalid("One of these is a provider itself. Nothing was changed.", field="logins")
    for row in rows:
        row.follows = own.id
    work.announce("risk|exposure")
    return len(rows)


async def unfollow(work: Work, provider: UUID, follower: UUID) -> None:
    work.require(Risk.FOLLOWERS)
    await _seen(work, follower)
    row = await work.lock(TradingAccount, follower)
    if row.follows != provider:
        raise Conflict("This account does not copy that provider. Nothing was changed.")
    row.follows = None
    work.announce("risk|exposure")


async def _seen(work: Work, account: UUID) -> TradingAccount:
    row = await work.get(TradingAccount, account)
    await clients.seen(work, row.client)
    if row.kind != "live":
        raise Invalid("Only live accounts count here.")
    return row


async def learn(open_work: OpenWork) -> None:
    """Links that deals of the last half hour tell of, where the copy engine marks its deals."""
    async with open_work() as work:
        mark = work.settings(RiskSettings).follower_mark
        if not mark:
            return
        login = func.substring(Deal.comment, f"^{re.escape(mark)}([0-9]{{1,18}})")
        told = (
            select(Deal.account, func.max(cast(login, BigInteger)).label("login"))
            .where(Deal.imported_at > work.now - _LOOK_BACK, login.is_not(None))
            .group_by(Deal.account)
            .subquery("told")
        )
        new = (
            update(TradingAccount)
            .where(
                TradingAccount.id == told.c.account,
                TradingAccount.kind == "live",
                _PROVIDER.server == TradingAccount.server,
                _PROVIDER.login == told.c.login,
                _PROVIDER.kind == "live",
                _PROVIDER.id != TradingAccount.id,
                _PROVIDER.follows.is_(None),
                TradingAccount.follows.is_distinct_from(_PROVIDER.id),
                ~select(_FOLLOWER.id).where(_FOLLOWER.follows == TradingAccount.id).exists(),
            )
            .values(follows=_PROVIDER.id)
            .returning(TradingAccount.id)
            .execution_options(synchronize_session=False)
        )
        linked = (await work.run(new)).scalars().all()
        if linked:
            work.record("followers learnt from deals", count=len(linked))
            work.announce("risk|exposure")


def table(ground: Ground, within: Any) -> tables.Table:
    """Providers with what their followers hold open together, the largest first."""
    top = book.grouped(ground, "provider", within=within)
    count = (
        select(_FOLLOWER.follows.label("id"), func.count().label("followers"))
        .where(_FOLLOWER.follows.is_not(None))
        .group_by(_FOLLOWER.follows)
        .subquery("count")
    )
    t = TradingAccount
    open_now = func.coalesce(top.c.open, 0)

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        named = await clients.names(work, [row.client for row in rows])
        return [
            tables.Shown(
                key=str(row.id),
                href=f"/desk/providers/{row.id}",
                tone="stopped" if row.stale else "",
                cells=(
                    str(row.login or "–"),
                    named.get(row.client, ""),
                    int(row.followers),
                    int(row.positions or 0),
                    Money(Decimal(row.open_now), ground.house).rounded(),
                    Money(Decimal(row.result or 0), ground.house).rounded(),
                    row.oldest,
                ),
            )
            for row in rows
        ]

    return tables.Table(
        name="providers",
        title=N_("Strategy providers"),
        columns=(
            tables.Column("login", N_("Login"), "code", fixed=True),
            tables.Column("client", N_("Client")),
            tables.Column("followers", N_("Followers"), "num", sort=count.c.followers),
            tables.Column("positions", N_("Their positions"), "num"),
            tables.Column("open", N_("Open by symbol"), "money", note=ground.house, sort=open_now),
            tables.Column("result", N_("Their result"), "pnl", note=ground.house),
            tables.Column("oldest", N_("Oldest figure"), "when"),
        ),
        query=lambda _work: (
            select(
                t.id,
                t.login,
                t.client,
                count.c.followers,
                top.c.positions,
                open_now.label("open_now"),
                top.c.result,
                top.c.stale,
                top.c.oldest,
            )
            .join(count, count.c.id == t.id)
            .outerjoin(top, top.c.key == cast(t.id, Text))
            .where(within)
        ),
        view=view,
        id=t.id,
        order="open",
        export_permission=Risk.EXPORT,
        live="exposure",
        empty_title=N_("No provider has followers yet"),
        empty_text=N_(
            "Open an account that others copy and name its followers: what they hold together "
            "is added up here."
        ),
        empty_icon="users",
    )
