"""What the database refuses by itself, whoever asks: raw SQL with the tenant's own role."""

from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from brokerage.ledger import accounts, wallets
from stoa.kernel.currencies import exponent
from stoa.kernel.ids import uuid7
from support.ledger import eur, funded


@asynccontextmanager
async def refused(work, by: str):
    """The statement inside fails by the constraint or grant of this name."""
    with pytest.raises(DBAPIError, match=by):
        async with work.session.begin_nested():
            yield


async def entry(work, *legs, amount="100"):
    """An entry written by hand: legs are (line, account, amount, version, balance)."""
    made = uuid7()
    values = ", ".join(
        f"('{made}', {line}, {much}, '{account.currency}', {exponent(account.currency)}, "
        f"'{account.id}', '{account.guard}', {version or 'null'}, {'null' if balance is None else balance}, now())"
        for line, account, much, version, balance in legs
    )
    legs_sql = (
        "insert into leg (entry, line, amount, currency, places, account, guard, version, balance, "
        f"posted_at) values {values}"
    )
    await work.run(
        text(
            (f"with l as ({legs_sql} returning 1) " if legs else "")
            + "insert into entry (id, operation, asked_hash, kind, amount, currency, posted_at, "
            f"effective_at, posted_by_kind) values ('{made}', '{made}', '\\x00', 'test', {amount}, "
            "'EUR', now(), now(), 'system')"
        )
    )


@pytest.fixture
async def places(work):
    """Two house accounts and a funded wallet with one leg."""
    client = await funded(work, "1000")
    bank, fees = (accounts.house(work, code, "EUR") for code in ("bank", "fees"))
    await accounts.ensure(work, [bank, fees])
    return bank, fees, accounts.client_wallet(work, client, "EUR")


async def test_a_balanced_entry_by_hand_is_taken(work, places):
    bank, fees, _ = places
    await entry(work, (1, bank, -100, None, None), (1, fees, 100, None, None))


async def test_legs_that_do_not_sum_to_zero(work, places):
    bank, fees, _ = places
    async with refused(work, "fk_leg_opposite"):
        await entry(
            work, (1, bank, -100, None, None), (1, fees, 100, None, None), (2, fees, 5, None, None)
        )
    async with refused(work, "fk_leg_opposite"):
        await entry(work, (1, bank, "-99.99", None, None), (1, fees, 100, None, None))
    async with refused(work, "fk_leg_opposite"):
        await entry(work, (1, fees, 100, None, None))


async def test_legs_that_balance_only_across_currencies(work, places):
    bank, _, _ = places
    dollars = accounts.house(work, "fees", "USD")
    await accounts.ensure(work, [dollars])
    async with refused(work, "fk_leg_opposite|fk_entry_first_leg"):
        await entry(work, (1, bank, -100, None, None), (1, dollars, 100, None, None))


async def test_an_entry_without_legs(work, places):
    async with refused(work, "fk_entry_first_leg"):
        await entry(work)


async def test_a_leg_added_to_an_entry_later(work, places):
    bank, fees, _ = places
    await entry(work, (1, bank, -100, None, None), (1, fees, 100, None, None))
    known = await work.value(text("select id from entry order by id desc limit 1"))
    async with refused(work, "fk_leg_opposite"):
        await work.run(
            text(
                "insert into leg (entry, line, amount, currency, places, account, guard, "
                f"posted_at) values ('{known}', 9, 1, 'EUR', 2, '{fees.id}', 'none', now())"
            )
        )


async def test_digits_the_currency_does_not_have(work, places):
    yen_bank, yen_fees = (accounts.house(work, code, "JPY") for code in ("bank", "fees"))
    await accounts.ensure(work, [yen_bank, yen_fees])
    bank, fees, _ = places
    async with refused(work, "ck_leg_digits"):
        await entry(work, (1, yen_bank, "-1.5", None, None), (1, yen_fees, "1.5", None, None))
    async with refused(work, "ck_leg_digits"):
        await entry(work, (1, bank, "-0.001", None, None), (1, fees, "0.001", None, None))


@pytest.mark.parametrize("figure", ["0", "NaN", "Infinity", "1e16"])
async def test_amounts_that_are_none(work, places, figure):
    bank, fees, _ = places
    amount = f"cast('{figure}' as numeric)"
    async with refused(work, "ck_leg_amount|pk_leg|numeric field overflow"):
        await entry(work, (1, bank, f"-{amount}", None, None), (1, fees, amount, None, None))
    async with refused(work, "ck_leg_amount|fk_leg_opposite|numeric field overflow"):
        await entry(work, (1, fees, amount, None, None))


async def test_digits_claimed_that_the_currency_does_not_have(work, places):
    bank, fees, _ = places
    made = uuid7()
    async with refused(work, "fk_leg_account"):
        await work.run(
            text(
                "with l as (insert into leg (entry, line, amount, currency, places, account, guard, "
                f"posted_at) values ('{made}', 1, -0.001, 'EUR', 3, '{bank.id}', 'none', now()), "
                f"('{made}', 1, 0.001, 'EUR', 3, '{fees.id}', 'none', now())) "
                "insert into entry (id, operation, asked_hash, kind, amount, currency, posted_at, "
                f"effective_at, posted_by_kind) values ('{made}', 'x', '\\x00', 'test', 0.001, "
                "'EUR', now(), now(), 'system')"
            )
        )


async def test_a_wallet_below_zero(work, places):
    bank, _, wallet = places
    async with refused(work, "ck_leg_never_negative"):
        await entry(work, (1, bank, 1001, None, None), (1, wallet, -1001, 2, -1))
    async with refused(work, "ck_ledger_balance_explained"):
        await work.run(
            text(
                "update ledger_balance set balance = -1, version = null "
                f"where account = '{wallet.id}'"
            )
        )


async def test_a_balance_that_no_leg_explains(work, places):
    _, _, wallet = places
    async with refused(work, "fk_ledger_balance_newest_leg"):
        await work.run(
            text(f"update ledger_balance set balance = balance + 1 where account = '{wallet.id}'")
        )
    async with refused(work, "ck_ledger_balance_explained"):
        await work.run(
            text(f"update ledger_balance set version = null where account = '{wallet.id}'")
        )


async def test_a_leg_that_lies_about_the_balance_before_it(work, places):
    bank, _, wallet = places
    async with refused(work, "fk_leg_previous"):
        await entry(work, (1, bank, -100, None, None), (1, wallet, 100, 2, 9100))
    async with refused(work, "fk_leg_previous"):
        await entry(work, (1, bank, -100, None, None), (1, wallet, 100, 7, 1100))
    async with refused(work, "ix_leg_version|uq_leg_chain|ck_leg_first"):
        await entry(work, (1, bank, -100, None, None), (1, wallet, 100, 1, 1100))
    async with refused(work, "ck_leg_chained_when_guarded"):
        await entry(work, (1, bank, -100, None, None), (1, wallet, 100, None, None))


@pytest.mark.parametrize(
    ("claimed", "actual"), [("guard", "'running'"), ("places", "3"), ("currency", "'USD'")]
)
async def test_a_leg_that_goes_on_with_another_nature_than_its_account(
    work, places, claimed, actual
):
    """Its account's row is not asked for it: the leg before it is of that account's nature."""
    _, fees, wallet = places
    made = uuid7()
    legs = [
        {"account": f"'{fees.id}'", "amount": "-5", "guard": "'none'"},
        {"account": f"'{wallet.id}'", "amount": "5", "guard": "'floor'", claimed: actual},
    ]
    if claimed == "currency":
        dollars = accounts.house(work, "fees", "USD")
        await accounts.ensure(work, [dollars])
        legs[0] |= {"account": f"'{dollars.id}'", "currency": "'USD'"}
    values = [
        ", ".join((leg["amount"], leg.get("currency", "'EUR'"), leg.get("places", "2")))
        + f", {leg['account']}, {leg['guard']}, {tail}"
        for leg, tail in zip(legs, ("null, null", "2, 1005"), strict=True)
    ]
    currency = legs[1].get("currency", "'EUR'")
    async with refused(work, "fk_leg_previous"):
        await work.run(
            text(
                "with l as (insert into leg (line, amount, currency, places, account, guard, "
                "version, balance, entry, posted_at) values "
                + ", ".join(f"(1, {value}, '{made}', now())" for value in values)
                + ") insert into entry (id, operation, asked_hash, kind, amount, currency, "
                f"posted_at, effective_at, posted_by_kind) values ('{made}', '{made}', '\\x00', "
                f"'test', 5, {currency}, now(), now(), 'system')"
            )
        )


async def test_legs_of_an_account_or_an_entry_that_is_not_there(work, places):
    bank, fees, _ = places
    nowhere = accounts.house(work, "costs", "EUR")
    async with refused(work, "fk_leg_account"):
        await entry(work, (1, bank, -100, None, None), (1, nowhere, 100, None, None))
    stranger, made = accounts.client_wallet(work, uuid7(), "EUR"), uuid7()
    async with refused(work, "fk_leg_account"):
        await entry(work, (1, bank, -100, None, None), (1, stranger, 100, 1, 100))
    async with refused(work, "fk_leg_entry"):
        await work.run(
            text(
                "insert into leg (entry, line, amount, currency, places, account, guard, "
                f"posted_at) values ('{made}', 1, -1, 'EUR', 2, '{bank.id}', 'none', now()), "
                f"('{made}', 1, 1, 'EUR', 2, '{fees.id}', 'none', now())"
            )
        )


async def test_a_balance_of_another_nature_than_its_account(work, places):
    _, _, wallet = places
    by = "fk_ledger_balance_account|fk_ledger_balance_newest_leg"
    for change in ("guard = 'running'", "places = 3", "currency = 'USD'"):
        async with refused(work, by):
            await work.run(
                text(f"update ledger_balance set {change} where account = '{wallet.id}'")
            )


async def test_a_second_history_of_the_same_account(work, places):
    bank, fees, wallet = places
    await wallets.debit(
        work, wallet.owner, eur("100"), operation=str(uuid7()), kind="fee", against=fees
    )
    async with refused(work, "ix_leg_version"):
        await entry(work, (1, bank, -50, None, None), (1, wallet, 50, 2, 1050))


@pytest.mark.parametrize("table", ["entry", "leg", "ledger_account"])
async def test_what_is_written_is_neither_altered_nor_deleted(work, places, table):
    async with refused(work, f"permission denied for table {table}"):
        await work.run(text(f"update {table} set currency = currency"))
    async with refused(work, f"permission denied for table {table}"):
        await work.run(text(f"delete from {table}"))
    async with refused(work, f"permission denied for table {table}"):
        await work.run(text(f"truncate {table} cascade"))


async def test_an_account_under_a_made_up_id(work):
    async with refused(work, "ck_ledger_account_identity"):
        await work.run(
            text(
                "insert into ledger_account (id, code, kind, tree, guard, currency, places, owner, "
                f"opened_at) values ('{uuid7()}', 'wallet', 'wallet', 'client-money', 'floor', "
                f"'EUR', 2, '{UUID(int=7)}', now())"
            )
        )


async def test_the_maker_as_checker(work):
    person, client = uuid7(), uuid7()
    async with refused(work, "ck_adjustment_another_decides"):
        await work.run(
            text(
                "insert into adjustment (id, reference, client, direction, amount, currency, "
                "category, reason, evidence, state, asked_by, asked_at, decided_by, decided_at) "
                f"values ('{uuid7()}', 'A-1', '{client}', 'credit', 1, 'EUR', 'goodwill', 'why', "
                f"'x', 'rejected', '{person}', now(), '{person}', now())"
            )
        )
