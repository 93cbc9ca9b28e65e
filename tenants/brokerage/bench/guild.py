"""Ten thousand partners five deep, and clients of the lowest who trade: ground for rewards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from brokerage.bench.ground import Ground
from brokerage.trading import deals

LEVELS: Final = (10, 90, 900, 3_000, 6_000)
"""Partners on each level, the top first: ten thousand."""
RATES: Final = ("8.00", "7.00", "6.00", "5.50", "5.00")
CLIENTS: Final = 10_000
SERVER: Final = "mt5-live"
_ID: Final = "cast(md5('{0}' || {1}) as uuid)"
_PARTNER: Final = _ID.format("bench-partner-", "{0}")
_CLIENT: Final = _ID.format("bench-client-", "{0}")
PEOPLE: Final = text("""
insert into person (kind, email_blind, email_sealed, name_sealed, id, created_at)
select 'client', decode(md5('mail' || x.id), 'hex'), '\\x00', '\\x00', x.id, :now
from unnest(cast(:ids as uuid[])) x(id)
""")
CLIENTS_OF: Final = text("""
insert into client (id, reference, state, client_type, country, language, level, risk, tags, partner,
    registered_at, deposits_total, deposits_count, withdrawals_total, volume_lots, first_name_sealed,
    last_name_sealed, search)
select x.id, 'B' || x.n, 'active', 'individual', 'ES', 'en', 'verified', 'low', '{}', x.partner, :now,
    0, 0, 0, 0, '\\x00', '\\x00', '{}'
from unnest(cast(:ids as uuid[]), cast(:partners as uuid[])) with ordinality x(id, partner, n)
""")
PARTNERS: Final = text("""
insert into partner (id, code, parent, plan, rates, currency, state, agreement, joined_at)
select x.id, 'bench' || x.n, x.parent, 'standard', '{}', 'USD', 'active', 1, :since
from unnest(cast(:ids as uuid[]), cast(:parents as uuid[])) with ordinality x(id, parent, n)
""")
STANDINGS: Final = text("""
insert into partner_standing (partner, valid_from, plan, tier, own, ratio, master, because)
select x.id, :since, 'standard', '', jsonb_build_object('rates', jsonb_build_object('per-lot', x.rate)),
    1, 1, '{}' from unnest(cast(:ids as uuid[]), cast(:rates as varchar[])) x(id, rate)
""")
LINES: Final = text("""
with recursive up as (
    select id as partner, id as above, 0 as depth from partner
    union all
    select u.partner, p.parent, u.depth + 1 from up u join partner p on p.id = u.above
    where p.parent is not null
)
insert into partner_line (partner, above, valid_from, depth) select partner, above, :since, depth from up
""")
ATTRIBUTIONS: Final = text("""
insert into attribution (client, valid_from, partner, rule, touches)
select id, :since, partner, 'bench', '[]' from client where partner is not null
""")
ACCOUNTS: Final = text("""
insert into trading_account (id, client, server, kind, product, state, login, server_group, currency,
    leverage, balance, credit, equity, margin, margin_free, floating, opened_at)
select id, id, :server, 'live', 'standard', 'active', 700000 + row_number() over (order by id), 'g',
    'USD', 100, 0, 0, 0, 0, 0, 0, :since
from client where partner is not null returning id, client, login
""")


@dataclass(frozen=True, slots=True)
class Guild:
    """Accounts by login, and the time of the ground."""

    owners: dict[int, deals.Owner]
    now: datetime


async def gather(ground: Ground) -> Guild:
    """Written by SQL as it stands afterwards: how people join is measured elsewhere."""
    ids = [[_uuid(1, level, at) for at in range(many)] for level, many in enumerate(LEVELS)]
    every = [one for level in ids for one in level]
    parents: list[UUID | None] = [
        ids[level - 1][at % LEVELS[level - 1]] if level else None
        for level, many in enumerate(LEVELS)
        for at in range(many)
    ]
    rates = [RATES[level] for level, many in enumerate(LEVELS) for _ in range(many)]
    clients = [_uuid(2, 0, at) for at in range(CLIENTS)]
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        since = work.now.replace(year=work.now.year - 1, day=1)
        people = [*every, *clients]
        of: list[UUID | None] = [
            *[None] * len(every),
            *[ids[-1][at % LEVELS[-1]] for at in range(CLIENTS)],
        ]
        await work.run(PEOPLE, {"ids": people, "now": since})
        await work.run(CLIENTS_OF, {"ids": people, "partners": of, "now": since})
        await work.run(PARTNERS, {"ids": every, "parents": parents, "since": since})
        await work.run(STANDINGS, {"ids": every, "rates": rates, "since": since})
        await work.run(LINES, {"since": since})
        await work.run(ATTRIBUTIONS, {"since": since})
        rows = await work.table(ACCOUNTS, {"server": SERVER, "since": since})
        for name in ("client", "partner", "partner_line", "partner_standing", "attribution"):
            await work.run(text(f"analyze {name}"))
        now = work.now
    owners = {row.login: deals.Owner(row.id, row.client, "USD", True) for row in rows}
    return Guild(owners, now)


def _uuid(kind: int, level: int, at: int) -> UUID:
    return UUID(int=(0xBE << 120) | (kind << 64) | (level << 32) | at)
