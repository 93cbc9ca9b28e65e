"""What must be true of every ledger, each as one set-based query that answers what is not.

The constraints of `model` refuse most of this already; here it is looked at again from outside,
for the day a constraint was dropped, a backup was mended by hand or a disk lied.
"""

# ruff: noqa: S608 - every piece of SQL here is a constant of ours, none is input

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, text

from brokerage.ledger import hooks
from brokerage.ledger.accounts import CLIENT_GUARDS, CLIENT_TREES, HOUSE
from brokerage.ledger.fx import FxQuote
from brokerage.ledger.hooks import Invariant
from brokerage.ledger.model import (
    ACCOUNT_ID_SQL,
    Adjustment,
    Entry,
    LedgerAccount,
    LedgerBalance,
    Leg,
    places_sql,
)
from stoa.kernel.money import LARGEST
from stoa.tenancy.work import Work

MOST_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks a law."""

    invariant: str
    subject: str
    detail: str


def _kinds() -> str:
    """VALUES of kind, tree and whether clients own it, for comparison with what is stored."""
    rows = [f"('{kind}', '{tree}', 'none')" for kind, tree in HOUSE.items()]
    rows += [
        f"('{kind}', '{CLIENT_TREES[kind]}', '{guard}')" for kind, guard in CLIENT_GUARDS.items()
    ]
    return ", ".join(rows)


ALWAYS: Final = (
    Invariant(
        "entry-unbalanced",
        "The legs of an entry sum to zero in each currency.",
        "select entry as subject, 'sums to ' || sum(amount) || ' ' || currency as detail "
        "from leg group by entry, currency having sum(amount) <> 0",
    ),
    Invariant(
        "ledger-unbalanced",
        "All legs of a tenant sum to zero in each currency.",
        "select currency as subject, 'all legs sum to ' || sum(amount) as detail "
        "from leg group by currency having sum(amount) <> 0",
    ),
    Invariant(
        "entry-without-legs",
        "An entry has two legs or more.",
        "select e.id as subject, 'has ' || count(l.entry) || ' legs' as detail "
        "from entry e left join leg l on l.entry = e.id group by e.id having count(l.entry) < 2",
    ),
    Invariant(
        "entry-headline",
        "An entry shows the amount and currency of its first line.",
        "select e.id as subject, 'says ' || e.amount || ' ' || e.currency as detail from entry e "
        "where not exists (select from leg l where l.entry = e.id and l.line = 1 "
        "and l.amount = e.amount and l.currency = e.currency) "
        "and exists (select from leg l where l.entry = e.id)",
    ),
    Invariant(
        "leg-without-entry",
        "A leg belongs to an entry and was posted with it.",
        "select l.entry as subject, case when e.id is null then 'no such entry' "
        "else 'leg of ' || l.posted_at || ' in an entry of ' || e.posted_at end as detail "
        "from leg l left join entry e on e.id = l.entry "
        "where e.id is null or e.posted_at <> l.posted_at",
    ),
    Invariant(
        "leg-without-account",
        "A leg belongs to an account of its own currency and kind of balance.",
        "select l.entry as subject, case when a.id is null then 'no account ' || l.account "
        "else l.currency || ' on an account in ' || a.currency end as detail "
        "from leg l left join ledger_account a on a.id = l.account "
        "where a.id is null or a.currency <> l.currency or a.guard <> l.guard "
        "or a.places <> l.places",
    ),
    Invariant(
        "balance-differs",
        "An account's balance and version are the sum and the count of its legs.",
        "select b.account as subject, 'holds ' || b.balance || ' in version ' "
        "|| coalesce(b.version, 0) || ', its legs say ' || coalesce(s.total, 0) || ' in ' "
        "|| coalesce(s.legs, 0) as detail "
        "from ledger_balance b left join (select account, sum(amount) as total, "
        "count(*) as legs, max(version) as newest from leg where guard <> 'none' group by account"
        ") s on s.account = b.account where b.balance <> coalesce(s.total, 0) "
        "or coalesce(b.version, 0) <> coalesce(s.legs, 0) "
        "or coalesce(b.version, 0) <> coalesce(s.newest, 0)",
    ),
    Invariant(
        "balance-missing",
        "Every account of a client has a balance of its own kind, and no other account has one.",
        "select coalesce(a.id, b.account) as subject, case when b.account is null "
        "then a.code || ' has no balance' when a.id is null or a.owner is null "
        "then 'a balance of no client' else a.code || ' in ' || a.currency || ' has a balance in ' "
        "|| b.currency || ' with guard ' || b.guard end as detail "
        "from ledger_account a full join ledger_balance b on b.account = a.id "
        "where (a.id is null or (a.owner is not null) <> (b.account is not null) "
        "or (b.currency, b.places, b.guard) <> (a.currency, a.places, a.guard))",
    ),
    Invariant(
        "chain-broken",
        "Each leg of an account follows the one before: version, balance and time.",
        "select account as subject, 'version ' || version || ' does not follow' as detail from ("
        "select account, version, balance, amount, posted_at, "
        "lag(version, 1, cast(0 as bigint)) over w as v, lag(balance, 1, cast(0 as numeric)) over w as b, "
        "lag(posted_at, 1, posted_at) over w as t from leg where version is not null "
        "window w as (partition by account order by version)) x "
        "where version <> v + 1 or balance <> b + amount or posted_at < t",
    ),
    Invariant(
        "negative-balance",
        "Clients' wallets and holds never fall below zero.",
        "select a.id as subject, a.code || ' is at ' || b.balance || ' ' || a.currency as detail "
        "from ledger_account a join ledger_balance b on b.account = a.id "
        "where a.kind in ('wallet', 'hold') and b.balance < 0 union all "
        "select l.account, 'was at ' || l.balance || ' after entry ' || l.entry from leg l "
        "join ledger_account a on a.id = l.account "
        "where a.kind in ('wallet', 'hold') and l.balance < 0",
    ),
    Invariant(
        "not-an-amount",
        "Amounts are numbers, not zero, not finer than their currency.",
        "select entry as subject, amount || ' ' || currency as detail from leg "
        f"where not (amount <> 0 and abs(amount) <= {LARGEST:f} "
        f"and amount = round(amount, {places_sql()})) or places <> {places_sql()}",
    ),
    Invariant(
        "account-altered",
        "An account is what its id says: tenant, code, owner, currency, cause.",
        "select id as subject, code || ' ' || currency || ' is not this account' as detail "
        f"from ledger_account where id <> {ACCOUNT_ID_SQL}",
    ),
    Invariant(
        "account-misplaced",
        "An account's tree and guard are those of its kind; clients own theirs.",
        "select a.id as subject, a.code || ' in ' || a.tree || ' with guard ' || a.guard "
        f"as detail from ledger_account a left join (values {_kinds()}) as k (kind, tree, guard) "
        "on k.kind = a.kind where k.kind is null or k.tree <> a.tree or k.guard <> a.guard "
        "or split_part(a.code, ':', 1) <> a.kind or (a.owner is null) <> (a.guard = 'none')",
    ),
    Invariant(
        "operation-twice",
        "An operation is written once.",
        "select min(cast(id as text)) as subject, operation || ' has ' || count(*) || ' entries' as detail "
        "from entry group by operation having count(*) > 1",
    ),
    Invariant(
        "reversal-wrong",
        "A reversal is the exact opposite of one entry, once, and of no reversal.",
        "select r.id as subject, 'does not undo ' || r.reverses as detail from entry r "
        "where r.reverses is not null and exists (select from leg l "
        "where l.entry in (r.id, r.reverses) group by l.account having sum(l.amount) <> 0) "
        "union all select cast(min(cast(id as text)) as uuid), 'reverses ' || reverses || ' as another does' "
        "from entry where reverses is not null group by reverses having count(*) > 1 "
        "union all select r.id, 'reverses a reversal' from entry r "
        "join entry e on e.id = r.reverses where e.reverses is not null",
    ),
    Invariant(
        "hold-without-cause",
        "Held money names its cause.",
        "select a.id as subject, b.balance || ' ' || a.currency || ' held for nothing' as detail "
        "from ledger_account a join ledger_balance b on b.account = a.id "
        "where a.kind = 'hold' and b.balance <> 0 and (a.ref is null or a.ref_kind is null)",
    ),
    Invariant(
        "quote-mismatch",
        "A used quote moved exactly what it promised, for its client.",
        "select q.id as subject, 'entry ' || q.entry || ' is not what was promised' as detail "
        "from fx_quote q where q.entry is not null and not exists (select from entry e "
        "join leg s on s.entry = e.id and s.amount = -q.sell_amount "
        "and s.currency = q.sell_currency join ledger_account a on a.id = s.account "
        "and a.owner = q.client join leg b on b.entry = e.id and b.amount = q.buy_amount "
        "and b.currency = q.buy_currency join ledger_account c on c.id = b.account "
        "and c.owner = q.client where e.id = q.entry and e.ref = q.id)",
    ),
    Invariant(
        "exchange-unpromised",
        "Every exchange has its quote.",
        "select e.id as subject, 'no quote names this exchange' as detail from entry e "
        "left join fx_quote q on q.entry = e.id "
        "where e.kind = 'exchange' and e.reverses is null and q.id is null",
    ),
    Invariant(
        "adjustment-unapproved",
        "A correction by hand was asked by one person and decided by another.",
        "select e.id as subject, 'no adjustment allows this entry' as detail from entry e "
        "left join adjustment a on a.entry = e.id and a.state = 'posted' "
        "where e.kind = 'adjustment' and a.id is null union all "
        "select id, reference || ' was decided by who asked for it' from adjustment "
        "where state in ('posted', 'rejected') and decided_by = asked_by union all "
        "select a.id, a.reference || ' differs from its entry' from adjustment a "
        "join entry e on e.id = a.entry where a.reverses is null "
        "and (e.amount <> a.amount or e.currency <> a.currency or e.ref is distinct from a.id) "
        "union all select a.id, a.reference || ' is posted without an entry' from adjustment a "
        "where a.state = 'posted' and a.entry is null",
    ),
    Invariant(
        "wrong-tenant",
        "Every row belongs to the tenant of its schema.",
        "select e.id as subject, 'entry of tenant ' || e.tenant as detail from entry e "
        "where e.tenant <> (select tenant from tenant_identity) union all "
        "select a.id, 'account of tenant ' || a.tenant from ledger_account a "
        "where a.tenant <> (select tenant from tenant_identity)",
    ),
    Invariant(
        "dated-ahead",
        "Nothing takes effect after it was posted, or was posted in the future.",
        "select id as subject, 'effective ' || effective_at || ', posted ' || posted_at as detail "
        "from entry where effective_at > posted_at or posted_at > now() + interval '1 day'",
    ),
    Invariant(
        "closed-month-entered",
        "A closed month took no entry after it was closed.",
        "select e.id as subject, 'effective ' || e.effective_at || ' in ' || p.month "
        "|| ', closed ' || p.closed_at as detail from ledger_period p join entry e "
        "on e.effective_at < p.until and e.posted_at > p.closed_at "
        "and e.effective_at <> e.posted_at",
    ),
    Invariant(
        "history-writable",
        "Nobody may alter or delete what is written.",
        "select t as subject, 'the tenant role may ' || p as detail "
        "from unnest(array['ledger_account', 'entry', 'leg']) t, unnest(array['UPDATE', 'DELETE', 'TRUNCATE']) p "
        "where has_table_privilege(current_user, t, p)",
    ),
)


def _guards() -> Invariant:
    """The constraints themselves: a ledger whose keys were dropped is one nobody guards."""
    names: list[str] = []
    for model in (LedgerAccount, LedgerBalance, Entry, Leg, FxQuote, Adjustment):
        table = model.__table__
        assert isinstance(table, Table)  # noqa: S101 - declarative rows have tables
        names += [f"('{table.name}', '{one.name}')" for one in table.constraints]
        names += [f"('{table.name}', '{index.name}')" for index in table.indexes if index.unique]
    wanted = ", ".join(sorted(names))
    return Invariant(
        "constraint-missing",
        "Every constraint that guards the ledger is there and was proved on all rows.",
        f"select w.tab || '.' || w.name as subject, 'is missing or not enforced' as detail "
        f"from (values {wanted}) as w (tab, name) "
        "where not exists (select from pg_constraint c join pg_class r on r.oid = c.conrelid "
        "where r.relnamespace = cast(current_schema() as regnamespace) and r.relname = w.tab "
        "and c.conname = w.name and c.convalidated) "
        "and not exists (select from pg_index i join pg_class x on x.oid = i.indexrelid "
        "join pg_class r on r.oid = i.indrelid where r.relnamespace = "
        "cast(current_schema() as regnamespace) and r.relname = w.tab and x.relname = w.name "
        "and i.indisunique and i.indisvalid)",
    )


def _causes() -> list[Invariant]:
    """Holds whose cause is known to be over, for each kind of cause a module registered."""
    return [
        Invariant(
            "hold-outlived",
            "Held money is released or used when its cause ends.",
            "select a.id as subject, b.balance || ' ' || a.currency || ' is held for a "
            f"{kind} that is over' as detail from ledger_account a "
            "join ledger_balance b on b.account = a.id "
            f"where a.kind = 'hold' and b.balance <> 0 and a.ref_kind = '{kind}' "
            f"and a.ref not in ({sql})",
        )
        for kind, sql in sorted(hooks.causes.items())
    ]


def every() -> list[Invariant]:
    """All laws, in the order they are reported."""
    return [*ALWAYS, _guards(), *_causes(), *hooks.laws]


async def broken(work: Work, invariant: Invariant) -> list[Violation]:
    """What breaks one law in the tenant of this work; at most MOST_EXAMPLES of it."""
    limited = f"select subject, detail from ({invariant.sql}) v limit {MOST_EXAMPLES}"
    rows: Any = await work.table(text(limited))
    return [Violation(invariant.name, str(row.subject), str(row.detail)) for row in rows]
