"""Where accounts of one server find their place on another: a dry run, by one statement.

What each combination of product, group, currency, leverage and jurisdiction becomes is worked out
once; every account then has its place there, or the reason why it stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from brokerage.kyc.levels import leverage_cap
from brokerage.kyc.settings import KycSettings
from brokerage.trading import groups, rules
from brokerage.trading.groups import Known
from brokerage.trading.lifecycle import planning
from brokerage.trading.lifecycle.asking import MOVING, POSITIONS
from brokerage.trading.lifecycle.model import AccountBatch
from brokerage.trading.lifecycle.writing import said
from brokerage.trading.model import AccountState, OpenPosition, TradingAccount, TradingServer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from brokerage.trading.symbols import canonical
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

NO_PRODUCT: Final = N_("Its kind of account has no place on the other server.")
NO_GROUP: Final = N_("No group of the other server fits it.")
NOT_THERE: Final = N_("The other server does not have the group {group}.")
NOT_OPEN: Final = N_("It is not in use.")
OTHER_PENDING: Final = N_("Something else is under way for it.")
HAS_CREDIT: Final = N_("There is credit on the account, which cannot be moved.")
_COMBINATIONS: Final = text(
    "select distinct a.product, a.server_group, a.currency, a.leverage, coalesce(k.pack, '') as pack "
    "from trading_account a left join kyc_standing k on k.client = a.client "
    "where a.server = :server and a.kind = 'live' and a.state in ('active', 'restricted') limit 5000"
)
_PLAN: Final = text("""
insert into account_request (id, client, account, kind, state, wants, was, effect, answer, note,
    rule, batch, asked_by, asked_kind, asked_at, done_at, tries)
select gen_random_uuid(), x.client, x.id, 'migrate',
    case when x.stays = '' then 'planned' else 'refused' end,
    jsonb_build_object('server', cast(:target as text), 'product', x.to_product,
        'group', x.to_group, 'leverage', x.to_leverage, 'from', x.server_group,
        'balance', trim_scale(x.balance)::text, 'currency', x.currency),
    cast('{}' as jsonb), cast('{}' as jsonb),
    jsonb_build_object('text', x.stays, 'places', jsonb_build_object('group', x.to_group)),
    :note, 'batch', :batch, :by, 'staff', :now,
    case when x.stays <> '' then cast(:now as timestamptz) end, 0
from (
    select a.*, m.to_product, m.to_group, m.to_leverage, case
        when m.stays <> '' then m.stays
        when a.margin > 0 or a.floating <> 0 or exists (
            select from open_position o where o.account = a.id) then cast(:positions as text)
        when a.credit <> 0 then cast(:credit as text)
        when exists (select from transfer t where t.account = a.id
            and t.state in ('waiting', 'held', 'sending')) then cast(:moving as text)
        when exists (select from account_request r where r.account = a.id
            and r.state in ('asked', 'approved', 'sending')) then cast(:pending as text)
        else '' end as stays
    from trading_account a
    left join kyc_standing k on k.client = a.client
    join unnest(cast(:products as varchar[]), cast(:groups as varchar[]),
        cast(:currencies as varchar[]), cast(:leverages as int[]), cast(:packs as varchar[]),
        cast(:to_products as varchar[]), cast(:to_groups as varchar[]),
        cast(:to_leverages as int[]), cast(:whys as text[])) as
        m(product, grp, currency, leverage, pack, to_product, to_group, to_leverage, stays)
        on m.product = a.product and m.grp = a.server_group and m.currency = a.currency
        and m.leverage = a.leverage and m.pack = coalesce(k.pack, '')
    where a.server = :source and a.kind = 'live' and a.login is not null
        and a.state in ('active', 'restricted')
) x order by x.opened_at, x.id limit :most
""")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """From which server to which, and what each product becomes there."""

    source: str
    target: str
    products: dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """What one combination becomes: its place on the other server, or the reason why it has none."""

    product: str
    group: str
    currency: str
    leverage: int
    pack: str
    to_product: str = ""
    to_group: str = ""
    to_leverage: int = 0
    why: str = ""


async def plan(work: Work, route: Route, why: str) -> AccountBatch:
    """A dry run: every live account of the server with its place on the other one. Nothing moves."""
    work.require(Trading.BULK)
    planning.of_all(work)
    reason = said(why)
    settings = work.settings(TradingSettings)
    source, target = settings.server(route.source), settings.server(route.target)
    if source is None or target is None or source.code == target.code or target.kind != "live":
        raise Invalid("Choose two servers that are not the same.", field="target")
    there = await groups.known(work, target.code)
    if not there:
        raise Conflict(
            "The other server was never asked for its groups. Compare with it first; nothing was "
            "changed."
        )
    places = await mapped(work, route, there)
    batch = await planning.new(work, "migrate", msgspec.to_builtins(route), reason)
    done = await work.run(
        _PLAN,
        {
            "source": route.source,
            "target": route.target,
            "batch": batch.id,
            "by": work.actor.id,
            "now": work.now,
            "note": reason[:400],
            "most": planning.MOST,
            "positions": POSITIONS,
            "credit": HAS_CREDIT,
            "moving": MOVING,
            "pending": OTHER_PENDING,
            "products": [one.product for one in places],
            "groups": [one.group for one in places],
            "currencies": [one.currency for one in places],
            "leverages": [one.leverage for one in places],
            "packs": [one.pack for one in places],
            "to_products": [one.to_product for one in places],
            "to_groups": [one.to_group for one in places],
            "to_leverages": [one.to_leverage for one in places],
            "whys": [one.why for one in places],
        },
    )
    work.record("accounts planned", batch=str(batch.id), accounts=done.rowcount)  # type: ignore[attr-defined]
    batch.report = {
        "states": await planning.counts(work, batch.id),
        "symbols": await strangers(work, route),
    }
    work.announce("desk|batches")
    return batch


async def mapped(work: Work, route: Route, there: Mapping[str, Known]) -> list[Place]:
    """Every combination of the source with its place, worked out once each."""
    rows = await work.table(_COMBINATIONS, {"server": route.source})
    return [_place(work, route, there, row) for row in rows]


def _place(work: Work, route: Route, there: Mapping[str, Known], row: Any) -> Place:
    settings = work.settings(TradingSettings)
    place = Place(row.product, row.server_group, row.currency, row.leverage, row.pack)
    product = settings.product(route.products.get(row.product, ""))
    server = settings.server(route.target)
    assert server is not None  # noqa: S101 - looked up by who plans
    if product is None or product.server != route.target or row.currency not in product.currencies:
        return replace(place, why=NO_PRODUCT)
    entity = work.settings(TenantFacts).legal_entity
    try:
        group = rules.group_for(
            server, pack=row.pack, currency=row.currency, product=product.code, entity=entity
        )
    except Conflict:
        return replace(place, why=NO_GROUP)
    if group.lower() not in there or there[group.lower()].currency not in {"", row.currency}:
        return replace(place, to_group=group, why=NOT_THERE)
    pack = work.settings(KycSettings).pack(row.pack)
    caps = [
        cap.leverage
        for one in (product.classes or (None,))
        if pack is not None and (cap := leverage_cap(pack, group=one)) is not None
    ]
    ratio = rules.nearest(product, row.leverage, max(caps, default=None))
    return replace(place, to_product=product.code, to_group=group, to_leverage=ratio)


async def strangers(work: Work, route: Route) -> list[str]:
    """Symbols with open positions on the source that the other server does not trade at all."""
    symbols = work.settings(TradingSettings).symbols
    row = await work.session.get(TradingServer, route.target)
    traded = (
        {canonical(symbols, str(one.get("symbol", ""))).symbol for one in row.symbols}
        if row
        else set()
    )
    held = await work.rows(
        select(OpenPosition.symbol).where(OpenPosition.server == route.source).distinct().limit(500)
    )
    return sorted(name for name in held if canonical(symbols, name).symbol not in traded)


def successor(
    work: Work, new: UUID, old: TradingAccount, wants: Mapping[str, Any]
) -> TradingAccount:
    """The row of the account that takes an old one's place, to be made on its server."""
    return TradingAccount(
        id=new,
        client=old.client,
        server=str(wants["server"]),
        kind=old.kind,
        product=str(wants["product"]),
        server_group=str(wants["group"]),
        currency=old.currency,
        leverage=int(wants["leverage"]),
        state=AccountState.OPENING,
        opened_at=work.now,
        predecessor=old.id,
    )
