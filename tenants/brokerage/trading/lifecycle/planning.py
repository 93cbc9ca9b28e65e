"""Planning one change of many accounts: every account with its effect, by one statement.

await plan_leverage(work, Choice(...), ratio, why)     every account with what it would do to it
await undo(work, batch, why)                           another batch, back to what was
"""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text

from brokerage.kyc.levels import leverage_cap
from brokerage.kyc.settings import KycSettings
from brokerage.trading import groups
from brokerage.trading.lifecycle import rules
from brokerage.trading.lifecycle.model import AccountBatch, AccountRequest, BatchState, RequestState
from brokerage.trading.lifecycle.writing import said
from brokerage.trading.model import TradingServer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.work import Work

MOST: Final = 50_000


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts: what is left out fits all. `above` are those with more leverage than it."""

    server: str = ""
    product: str = ""
    group: str = ""
    country: str = ""
    pack: str = ""
    above: int = 0


_PLAN: Final = """
insert into account_request (id, client, account, kind, state, wants, was, effect, answer, note,
    rule, batch, asked_by, asked_kind, asked_at, done_at, tries)
select gen_random_uuid(), z.client, z.id, 'leverage',
    case when z.capped then 'refused' else 'planned' end,
    jsonb_build_object('leverage', z.wanted), jsonb_build_object('leverage', z.leverage),
    jsonb_build_object('currency', z.currency, 'equity', trim_scale(z.equity)::text,
        'margin', trim_scale(z.margin)::text, 'margin_after', trim_scale(z.after)::text,
        'call', trim_scale(z.call)::text, 'stop', trim_scale(z.stop)::text, 'verdict', z.verdict,
        'level', coalesce(round(z.equity * 100 / nullif(z.margin, 0), 2)::text, ''),
        'level_after', coalesce(round(z.equity * 100 / nullif(z.after, 0), 2)::text, '')),
    case when z.capped then jsonb_build_object('text', cast(:capped as text), 'places',
        jsonb_build_object('cap', z.cap::text)) else cast('{{}}' as jsonb) end,
    :why, case when z.capped then 'pack ' || z.pack else 'batch' end, :batch, :by, 'staff', :now,
    case when z.capped then cast(:now as timestamptz) end, 0
from (
    select y.*, y.wanted > y.leverage and y.wanted > y.cap as capped,
        case when y.after <= y.margin then 'none'
            when y.equity * 100 <= y.after * y.stop then 'stop-out'
            when y.equity * 100 <= y.after * y.call then 'margin-call' else 'none' end as verdict
    from (
        select x.*, case when x.margin > 0
            then ceil(x.margin * x.leverage * 100 / x.wanted) / 100 else 0 end as after
        from (
            select a.id, a.client, a.leverage, a.currency, a.equity, a.margin, a.opened_at,
                {wanted} as wanted, coalesce(g.call, 100) as call, coalesce(g.stop, 50) as stop,
                coalesce(k.pack, '') as pack,
                least(p.cap, case when k.test_cap > 0 and k.category = 'retail'
                    then k.test_cap end) as cap
            from trading_account a
            join client c on c.id = a.client
            {source}
            left join kyc_standing k on k.client = a.client
            left join unnest(cast(:packs as varchar[]), cast(:products as varchar[]),
                cast(:caps as int[])) as p(pack, product, cap)
                on a.kind = 'live' and p.pack = k.pack and p.product = a.product
            left join unnest(cast(:servers as varchar[]), cast(:groups as varchar[]),
                cast(:calls as numeric[]), cast(:stops as numeric[])) as g(server, name, call, stop)
                on g.server = a.server and g.name = lower(a.server_group)
            where a.login is not null and a.state in ('active', 'restricted') and {chosen}
        ) x where x.wanted <> x.leverage
    ) y
) z order by z.opened_at, z.id limit :most
"""
_BY_CHOICE: Final = text(
    _PLAN.format(
        wanted="cast(:ratio as int)",
        source="",
        chosen="(:server = '' or a.server = :server) and (:product = '' or a.product = :product) "
        "and (:grp = '' or a.server_group = :grp) and (:country = '' or c.country = :country) "
        "and (:pack = '' or k.pack = :pack) and a.leverage > :above",
    )
)
_BACK: Final = text(
    _PLAN.format(
        wanted="cast(r.was ->> 'leverage' as int)",
        source="join account_request r on r.account = a.id and r.batch = :undone and r.state = 'done'",
        chosen="a.leverage = cast(r.wants ->> 'leverage' as int)",
    )
)


async def plan_leverage(work: Work, choice: Choice, ratio: int, why: str) -> AccountBatch:
    """Write down every account that is chosen with what the change would do to it; nothing runs."""
    work.require(Trading.BULK)
    of_all(work)
    reason = said(why)
    if not 1 <= ratio <= 5_000:
        raise Invalid("Choose one of the offered leverages.", field="leverage")
    params = {"leverage": ratio, **msgspec.to_builtins(choice)}
    batch = await new(work, "leverage", params, reason)
    asked = {key: value for key, value in msgspec.to_builtins(choice).items() if key != "group"}
    await _write(work, batch, _BY_CHOICE, {**asked, "grp": choice.group, "ratio": ratio})
    return batch


async def undo(work: Work, batch: UUID, why: str) -> AccountBatch:
    """Plan the way back of all accounts that still have what the batch gave them."""
    work.require(Trading.BULK)
    of_all(work)
    reason = said(why)
    row = await work.lock(AccountBatch, batch)
    if row.kind != "leverage" or row.state not in {BatchState.DONE, BatchState.CANCELLED}:
        raise Conflict("Only what has ended can be undone. Nothing was changed.")
    if await work.first(select(AccountBatch.id).where(AccountBatch.undoes == batch)) is not None:
        raise Conflict("The way back is planned already. Nothing was changed.")
    back = await new(work, "leverage", {**row.params, "back": True}, reason, undoes=batch)
    await _write(work, back, _BACK, {"undone": batch})
    return back


def of_all(work: Work) -> None:
    """A batch reaches accounts of every client: it is for who may see them all."""
    if not work.actor.sees_all:
        raise Denied("A change of many accounts is for who may see all clients.")


async def new(
    work: Work, kind: str, params: dict[str, Any], why: str, undoes: UUID | None = None
) -> AccountBatch:
    row = AccountBatch(
        id=work.new_id(),
        kind=kind,
        state=BatchState.PLANNED,
        params=params,
        report={},
        why=why[:400],
        undoes=undoes,
        asked_by=work.actor.id,
        asked_at=work.now,
    )
    work.add(row)
    await work.flush()
    return row


async def _write(work: Work, batch: AccountBatch, plan: Any, asked: dict[str, Any]) -> None:
    caps, levels = await _caps(work), await _levels(work)
    done = await work.run(
        plan,
        {
            **asked,
            "batch": batch.id,
            "by": work.actor.id,
            "now": work.now,
            "why": batch.why,
            "capped": rules.CAPPED,
            "most": MOST,
            "packs": [one[0] for one in caps],
            "products": [one[1] for one in caps],
            "caps": [one[2] for one in caps],
            "servers": [one[0] for one in levels],
            "groups": [one[1] for one in levels],
            "calls": [one[2] for one in levels],
            "stops": [one[3] for one in levels],
        },
    )
    work.record("accounts planned", batch=str(batch.id), accounts=done.rowcount)  # type: ignore[attr-defined]
    batch.report = {
        "states": await counts(work, batch.id),
        "effects": await dangers(work, batch.id),
    }
    work.announce("desk|batches")


async def _caps(work: Work) -> list[tuple[str, str, int]]:
    """The cap of each jurisdiction on each product's accounts, where there is one."""
    found: list[tuple[str, str, int]] = []
    for pack in work.settings(KycSettings).packs:
        for product in work.settings(TradingSettings).products:
            caps = [
                cap
                for group in (product.classes or (None,))
                if (cap := leverage_cap(pack, group=group)) is not None
            ]
            if caps:
                found.append((pack.code, product.code, max(cap.leverage for cap in caps)))
    return found


async def _levels(work: Work) -> list[tuple[str, str, Decimal, Decimal]]:
    rows = await work.rows(select(TradingServer).limit(100))
    return [
        (row.code, name, one.call, one.stop)
        for row in rows
        for name, one in groups.read(row.groups).items()
        if one.stop > 0
    ]


async def counts(work: Work, batch: UUID) -> dict[str, int]:
    """How many of a batch are in which state."""
    rows = await work.table(
        select(AccountRequest.state, func.count())
        .where(AccountRequest.batch == batch)
        .group_by(AccountRequest.state)
    )
    return {str(state): int(count) for state, count in rows}


async def dangers(work: Work, batch: UUID) -> dict[str, int]:
    """How many of what is planned would cause what."""
    verdict = AccountRequest.effect["verdict"].astext
    rows = await work.table(
        select(verdict, func.count())
        .where(AccountRequest.batch == batch, AccountRequest.state == RequestState.PLANNED)
        .group_by(verdict)
    )
    return {str(effect): int(count) for effect, count in rows if effect}
