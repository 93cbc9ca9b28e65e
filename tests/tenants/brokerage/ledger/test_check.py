"""`stoa check money`, tested by planting each kind of corruption and seeing it named."""

import asyncpg
import pytest
from sqlalchemy import text

from brokerage.ledger import (
    accounts,
    adjustments,
    check,
    exchange,
    hooks,
    invariants,
    posting,
    wallets,
)
from brokerage.ledger.permissions import Ledger
from stoa.kernel.config import Role
from stoa.kernel.ids import uuid7
from support.fixtures import staff
from support.ledger import as_client, eur, funded

WHY = {"reason": "Bank fee returned to the client", "evidence": "ticket 4711"}


async def lived_in(house):
    """A tenant with one of everything the ledger writes."""
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        client, other = await funded(work), await funded(work, "1")
        held = await wallets.hold(work, client, eur("50"), cause=("reserve", uuid7()))
        kept = await wallets.hold(work, client, eur("20"), cause=("reserve", uuid7()))
        await wallets.settle(
            work, held.id, against=accounts.house(work, "payout:alpha", "EUR"), fee=eur("1")
        )
        await wallets.move(work, client, eur("5"), other, operation=f"m:{client}")
        moved = await posting.found(work, f"m:{client}")
        await posting.reverse(work, moved.entry, operation=f"r:{client}", reason="mistake")
    async with house.door.open(tenant, actor=as_client(client)) as work:
        quote = await exchange.quote(work, client, eur("10"), "USD")
        await exchange.accept(work, quote.id)
    async with house.door.open(tenant, actor=staff(Ledger.ADJUST)) as work:
        row = await adjustments.ask(
            work, client, eur("3"), direction="credit", category="goodwill", **WHY
        )
    async with house.door.open(tenant, actor=staff(Ledger.APPROVE)) as work:
        await adjustments.approve(work, row.id)
    return tenant, client, kept


@pytest.fixture(scope="module")
async def place(house):
    tenant, client, kept = await lived_in(house)
    owner = await asyncpg.connect(house.config.dsn(Role.ADMIN))
    await owner.execute(f'set search_path = "{tenant.schema}"')
    yield house, tenant, owner, client, kept
    await owner.close()


async def examined(work):
    return {v.invariant for v in (await check.examine(work)).violations}


async def test_a_ledger_that_lived_breaks_no_law(place):
    house, tenant, _, _, _ = place
    async with house.door.open(tenant) as work:
        found = await check.examine(work, tenant.slug)
    assert found.violations == []
    assert found.entries == 9


# Keys and triggers are off for each of these, as after a restore by hand; checks are dropped.
NO_CHECKS = (
    "do $$ declare r record; begin for r in select conrelid::regclass t, conname n "
    "from pg_constraint where connamespace = current_schema()::regnamespace and contype in ('c') "
    "and conrelid in ('leg'::regclass, 'entry'::regclass, 'ledger_account'::regclass, 'ledger_balance'::regclass, "
    "'adjustment'::regclass, 'fx_quote'::regclass) loop "
    "execute format('alter table %s drop constraint %I', r.t, r.n); end loop; end $$"
)
WALLET = (
    "(select a.id from ledger_account a join ledger_balance b on b.account = a.id "
    "where a.kind = 'wallet' order by b.balance desc limit 1)"
)
LEG = "(select ctid from leg order by entry, line, amount limit 1)"
ENTRY = "(select id from entry where kind = 'deposit' order by id limit 1)"

CORRUPTIONS = {
    "a leg is changed": (
        f"update leg set amount = amount - 1 where ctid = {LEG}",
        {"entry-unbalanced", "ledger-unbalanced"},
    ),
    "a leg is deleted": (f"delete from leg where ctid = {LEG}", {"entry-unbalanced"}),
    "both legs are deleted": (
        f"delete from leg where entry = {ENTRY}",
        {"entry-without-legs", "balance-differs"},
    ),
    "an entry is deleted": (f"delete from entry where id = {ENTRY}", {"leg-without-entry"}),
    "an account is deleted": (
        f"delete from ledger_account where id = {WALLET}",
        {"leg-without-account"},
    ),
    "a balance is raised": (
        f"update ledger_balance set balance = balance + 100 where account = {WALLET}",
        {"balance-differs"},
    ),
    "a balance is lost": (
        f"delete from ledger_balance where account = {WALLET}",
        {"balance-missing"},
    ),
    "a balance changes its currency": (
        f"update ledger_balance set currency = 'USD' where account = {WALLET}",
        {"balance-missing"},
    ),
    "a balance loses its floor": (
        f"update ledger_balance set guard = 'running' where account = {WALLET}",
        {"balance-missing"},
    ),
    "a leg in the middle of a chain changes its currency": (
        f"update leg set currency = 'USD' where account = {WALLET} and version = 2",
        {"leg-without-account", "entry-unbalanced"},
    ),
    "a leg in the middle of a chain loses its floor": (
        f"update leg set guard = 'running' where account = {WALLET} and version = 2",
        {"leg-without-account"},
    ),
    "a currency is given more digits": (
        f"update leg set places = 3 where ctid = {LEG}",
        {"not-an-amount", "leg-without-account"},
    ),
    "a version is lost": (
        f"update ledger_balance set version = version - 1 where account = {WALLET}",
        {"balance-differs"},
    ),
    "a running balance is changed in the middle": (
        f"update leg set balance = balance + 1 where account = {WALLET} and version = 1",
        {"chain-broken"},
    ),
    "history is put in another order": (
        f"update leg set posted_at = posted_at + interval '1 h' where account = {WALLET} and version = 1",
        {"chain-broken", "leg-without-entry"},
    ),
    "a wallet falls below zero": (
        f"update ledger_balance set balance = -1 where account = {WALLET}",
        {"negative-balance", "balance-differs"},
    ),
    "an amount becomes finer than its currency": (
        f"update leg set amount = amount + 0.001 where ctid = {LEG}",
        {"not-an-amount"},
    ),
    "an amount is not a number": (
        f"update leg set amount = 'NaN' where ctid = {LEG}",
        {"not-an-amount"},
    ),
    "a wallet gets another owner": (
        f"update ledger_account set owner = gen_random_uuid() where id = {WALLET}",
        {"account-altered"},
    ),
    "a wallet changes its currency": (
        f"update ledger_account set currency = 'USD' where id = {WALLET}",
        {"account-altered", "leg-without-account"},
    ),
    "a wallet loses its floor": (
        f"update ledger_account set guard = 'running' where id = {WALLET}",
        {"account-misplaced"},
    ),
    "client money is booked as the house's": (
        f"update ledger_account set tree = 'house' where id = {WALLET}",
        {"account-misplaced"},
    ),
    "an operation is written twice": (
        """alter table entry drop constraint uq_entry_operation;
        update entry set operation = (select min(operation) from entry)""",
        {"operation-twice", "constraint-missing"},
    ),
    "a reversal undoes another entry": (
        f"update entry set reverses = {ENTRY} where reverses is not null",
        {"reversal-wrong"},
    ),
    "an entry is dated after its posting": (
        f"update entry set effective_at = posted_at + interval '2 days' where id = {ENTRY}",
        {"dated-ahead"},
    ),
    "an entry claims another amount": (
        f"update entry set amount = amount + 1 where id = {ENTRY}",
        {"entry-headline"},
    ),
    "a hold forgets its cause": (
        "update ledger_account set ref = null where kind = 'hold'",
        {"hold-without-cause", "account-altered"},
    ),
    "a quote promised something else": (
        "update fx_quote set buy_amount = buy_amount + 1 where entry is not null",
        {"quote-mismatch"},
    ),
    "an exchange loses its quote": (
        "delete from fx_quote where entry is not null",
        {"exchange-unpromised"},
    ),
    "a correction loses its approval": (
        "update adjustment set state = 'asked', entry = null",
        {"adjustment-unapproved"},
    ),
    "a correction was decided by who asked": (
        "update adjustment set decided_by = asked_by",
        {"adjustment-unapproved"},
    ),
    "a row of another tenant": (
        f"update entry set tenant = gen_random_uuid() where id = {ENTRY}",
        {"wrong-tenant"},
    ),
    "history may be rewritten": (
        "do $$ begin execute format('grant update on leg to %I', current_schema()); end $$",
        {"history-writable"},
    ),
    "a constraint is dropped": (
        "alter table leg drop constraint fk_leg_opposite",
        {"constraint-missing"},
    ),
}


@pytest.mark.parametrize("what", CORRUPTIONS)
async def test_a_planted_corruption_is_named(place, what):
    house, tenant, owner, _, _ = place
    sql, named = CORRUPTIONS[what]
    change = owner.transaction()
    await change.start()
    try:
        await owner.execute("set local session_replication_role = replica")
        await owner.execute(NO_CHECKS)
        await owner.execute(sql)
        found = await by_owner(house, tenant, owner)
    finally:
        await change.rollback()

    assert named <= found


async def by_owner(house, tenant, owner):
    """The laws asked in the corrupting transaction itself, so that it never commits."""
    found = set()
    await owner.execute(f'set local role "{tenant.schema}"')
    for law in invariants.every():
        if await owner.fetch(law.sql):
            found.add(law.name)
    await owner.execute("reset role")
    return found


async def test_held_money_whose_cause_is_over_is_named(place, monkeypatch):
    house, tenant, _, _, kept = place
    monkeypatch.setitem(hooks.causes, "reserve", f"select '{uuid7()}'::uuid")
    async with house.door.open(tenant) as work:
        assert await examined(work) == {"hold-outlived"}
    monkeypatch.setitem(hooks.causes, "reserve", f"select '{kept.cause[1]}'::uuid")
    async with house.door.open(tenant) as work:
        assert await examined(work) == set()


async def test_every_tenant_is_looked_at(place):
    house, tenant, _, _, _ = place
    slugs = [one.tenant async for one in check.fleet(house.door)]
    assert tenant.slug in slugs
    assert [one.tenant async for one in check.fleet(house.door, tenant.slug)] == [tenant.slug]


async def test_looking_changes_nothing(place):
    house, tenant, _, _, _ = place
    async with house.door.open(tenant) as work:
        before = await work.value(text("select count(*) from audit_entry"))
        await check.examine(work)
    async with house.door.open(tenant) as work:
        assert await work.value(text("select count(*) from audit_entry")) == before


def test_the_report_names_tenant_law_and_subject(capsys):
    violation = invariants.Violation("balance-differs", "an-account", "holds 1, its legs say 2")
    examined = [
        check.Examined("aurora", 10, 5, 23, 0.1, [violation]),
        check.Examined("borealis", 4, 2, 23, 0.1),
    ]

    check._report(examined, 1)
    told = capsys.readouterr().out

    for word in ("aurora", "balance-differs", "an-account", "its legs say 2", "1 breaches"):
        assert word in told
    assert check._summary(examined, 1)["found"][0]["law"] == "balance-differs"
    assert check._summary(examined, 1)["entries"] == 14
