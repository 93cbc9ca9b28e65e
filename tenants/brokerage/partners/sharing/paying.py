"""Shares paid with a period of payouts: a line takes it from the partner, an entry gives it to the client.

Both are written in one transaction, once for each agreement and period: the line's name is unique. What
a partner has yet to be paid is less by it, so that all that is paid on a deal stays what was earned on it.
Where rewards were taken back, so is the client's part of them, as far as their wallet has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.clients.model import Client
from brokerage.ledger import accounts, kinds, posting
from brokerage.ledger import hooks as ledger
from brokerage.ledger.model import LedgerAccount, LedgerBalance
from brokerage.ledger.statement import Posting
from brokerage.partners.model import Attribution, Partner, Reward
from brokerage.partners.paying import drawing, signs
from brokerage.partners.paying.periods import Period
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import rules
from brokerage.partners.sharing.rules import Term
from stoa.kernel.money import Money
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

KIND: Final = "shared"
AT_ONCE: Final = 20
"""Partners in one transaction."""
_ROUNDS: Final = 5_000
kinds.learn(
    "partner-share",
    N_("Share of your partner"),
    "gift",
    N_("The partner who introduced you gives you a part of what they earn from your trading."),
)
ledger.paths["partner-share"] = "/desk/partners/rewards/{id}"
NET: Final = text("""
with terms as (
    select a.partner, a.client, a.valid_from, t.term ->> 'key' as key,
           greatest(cast(t.term ->> 'since' as timestamptz), a.valid_from) as since,
           least(cast(t.term ->> 'until' as timestamptz), a.valid_to, cast(:end as timestamptz)) as until
    from attribution a cross join lateral jsonb_array_elements(a.share) t(term)
    where a.share is not null and a.partner = any(:partners) and t.term ->> 'state' = 'active'
)
select x.partner, x.client, x.valid_from, x.key, coalesce(sum(r.amount), 0) as net
from terms x
left join reward r on r.partner = x.partner and r.client = x.client and r.kind <> 'shared'
     and r.deal_at >= x.since and r.deal_at < x.until
where x.since < x.until
group by 1, 2, 3, 4 order by 1, 2, 3, 4
""")
GIVEN: Final = text("""
select partner, client, split_part(server, ':', 2) as key, -sum(amount) as given,
       (array_agg(together order by deal_at desc, accrued_at desc))[1] as forgone,
       bool_or(split_part(server, ':', 3) = :period) as done
from reward where partner = any(:partners) and kind = 'shared' and deal = 0 group by 1, 2, 3
""")


@dataclass(slots=True)
class _Before:
    given: Decimal = Decimal(0)
    forgone: Decimal = Decimal(0)
    done: bool = False


async def run(open_work: OpenWork, period: Period) -> int:
    """All partners who share, batch by batch; how many lines were written. Again, none."""
    after: UUID | None = None
    count = 0
    for _ in range(_ROUNDS):
        async with open_work() as work:
            written, after = await share(work, period, after=after)
        count += written
        if after is None:
            break
    return count


async def share(
    work: Work, period: Period, *, after: UUID | None = None
) -> tuple[int, UUID | None]:
    """One batch by the partners' ids, and where to go on."""
    work.require(Partners.PAY)
    if work.settings(PartnerSettings).sharing.mode == "off":
        return 0, None
    sharing = select(Attribution.partner).where(Attribution.share.is_not(None))
    wanted = select(Partner).where(Partner.id.in_(sharing))
    if after is not None:
        wanted = wanted.where(Partner.id > after)
    partners = await work.rows(wanted.order_by(Partner.id).limit(AT_ONCE).with_for_update())
    written = await _batch(work, partners, period) if partners else 0
    return written, partners[-1].id if len(partners) == AT_ONCE else None


async def _batch(work: Work, partners: Sequence[Partner], period: Period) -> int:
    ids = [row.id for row in partners]
    nets = await work.table(NET, {"partners": ids, "end": period.end})
    if not nets:
        return 0
    before = {
        (row.partner, row.client, row.key): _Before(row.given, row.forgone or Decimal(0), row.done)
        for row in await work.table(GIVEN, {"partners": ids, "period": period.code})
    }
    unpaid = await _unpaid(work, ids, period)
    against = await signs.of(work, partners)
    terms = await _terms(work, ids)
    state = await _clients(work, [row.client for row in nets])
    by_id = {row.id: row for row in partners}
    lines: list[Reward] = []
    for row in nets:
        known = before.get((row.partner, row.client, row.key), _Before())
        partner = by_id[row.partner]
        suspect = any(one["client"] == str(row.client) for one in against.get(row.partner, []))
        term = terms.get((row.client, row.valid_from, row.key))
        if known.done or suspect or term is None or not state.open(row.client):
            continue
        wallet = (row.client, partner.currency)
        found = rules.due(
            term,
            partner.currency,
            net=row.net,
            given=known.given,
            forgone=known.forgone,
            unpaid=unpaid[partner.id],
            wallet=state.wallets.get(wallet, Decimal(0)),
        )
        if not found.pay and found.forgone == known.forgone:
            continue
        unpaid[partner.id] -= found.pay
        state.wallets[wallet] = state.wallets.get(wallet, Decimal(0)) + found.pay
        lines.append(_line(work, partner, row, term, found, period))
    return await _write(work, lines, period)


async def _unpaid(work: Work, ids: Sequence[UUID], period: Period) -> dict[UUID, Decimal]:
    """The less of what is unpaid by the period's end and by now: nothing is shared from a hole."""
    then = await drawing.unpaid(work, ids, upto=period.end)
    now = await drawing.unpaid(work, ids)
    return {one: min(then[one].exact, now[one].exact) for one in ids}


async def _terms(work: Work, partners: Sequence[UUID]) -> dict[tuple[UUID, Any, str], Term]:
    rows = await work.table(
        select(Attribution.client, Attribution.valid_from, Attribution.share).where(
            Attribution.partner.in_(partners), Attribution.share.is_not(None)
        )
    )
    return {
        (row.client, row.valid_from, term.key): term
        for row in rows
        for term in rules.read(row.share)
    }


@dataclass(frozen=True, slots=True)
class _Clients:
    states: dict[UUID, str]
    frozen: set[UUID]
    wallets: dict[tuple[UUID, str], Decimal]

    def open(self, client: UUID) -> bool:
        """Whether money may come and go: not of who has left, nor while a wallet is frozen."""
        return self.states.get(client) != "closed" and client not in self.frozen


async def _clients(work: Work, ids: Sequence[UUID]) -> _Clients:
    states = await work.table(select(Client.id, Client.state).where(Client.id.in_(ids)))
    held = await work.table(
        select(
            LedgerAccount.owner,
            LedgerAccount.currency,
            LedgerBalance.balance,
            LedgerBalance.frozen_at,
        )
        .join(LedgerBalance, LedgerBalance.account == LedgerAccount.id)
        .where(LedgerAccount.owner.in_(ids), LedgerAccount.kind == "wallet")
    )
    return _Clients(
        {row.id: row.state for row in states},
        {row.owner for row in held if row.frozen_at is not None},
        {(row.owner, row.currency): row.balance for row in held},
    )


def _line(
    work: Work, partner: Partner, row: Any, term: Term, found: rules.Due, period: Period
) -> Reward:
    plan = work.settings(PartnerSettings).plan(partner.plan)
    net = Money(row.net, partner.currency).rounded()
    return Reward(
        id=work.new_id(),
        server=f"share:{term.key}:{period.code}",
        deal=0,
        partner=partner.id,
        kind=KIND,
        turn=0,
        client=row.client,
        depth=0,
        deal_at=period.end - timedelta(microseconds=1),
        symbol="",
        symbol_group="",
        lots=Decimal(0),
        base=-found.pay,
        rate=Decimal(1),
        below=Decimal(0),
        income=row.net,
        together=found.forgone or None,
        fx_rate=Decimal(1),
        found_by=f"{term.percent.normalize():f} % of {net}",
        amount=-found.pay,
        currency=partner.currency,
        plan=plan.code,
        plan_version=plan.version,
        accrued_at=work.now,
    )


async def _write(work: Work, lines: Sequence[Reward], period: Period) -> int:
    for one in lines:
        work.add(one)
    await work.flush()
    postings = [_posting(work, one, period) for one in lines if one.amount]
    for at in range(0, len(postings), posting.MOST_AT_ONCE):
        await posting.post_many(work, postings[at : at + posting.MOST_AT_ONCE])
    if lines:
        work.record("rewards.shared", period=period.code, lines=len(lines))
        work.announce(*{f"client:{one.partner}|rewards" for one in lines})
    return len(lines)


def _posting(work: Work, line: Reward, period: Period) -> Posting:
    """From the house's partners account into the wallet, or what is too much back."""
    money = Money(abs(line.amount), line.currency)
    house = accounts.house(work, "partners", line.currency)
    wallet = accounts.client_wallet(work, line.client, line.currency)
    given = line.amount < 0
    return Posting(
        operation=f"partner-share:{line.id}",
        kind="partner-share",
        legs=posting.moving(house, wallet, money)
        if given
        else posting.moving(wallet, house, money),
        ref=("partner-share", line.id),
        reason=f"{line.found_by}, {period.code}",
    )
