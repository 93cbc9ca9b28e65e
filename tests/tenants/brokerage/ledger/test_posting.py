"""Postings: balanced, guarded, once."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from brokerage.ledger import accounts, posting, queries, statement, wallets
from brokerage.ledger.model import Entry, LedgerBalance
from brokerage.ledger.model import Leg as LegRow
from brokerage.ledger.posting import Leg, NotCovered, Posting, moving
from stoa.kernel.clock import Simulated
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from support.ledger import eur, funded, usd

AT_ONCE = 12
"""Fewer than the pool has connections: on a loaded machine the last of 200 would wait for one
longer than a request may, and the test would be of the pool."""


async def test_a_deposit_raises_the_wallet_and_lowers_the_bank(work):
    bank = accounts.house(work, "psp:alpha", "EUR")
    before = await wallets.as_of(work, bank, work.now)
    client = uuid7()

    posted = await wallets.credit(
        work, client, eur("100.00"), operation="d-1", kind="deposit", against=bank, fee=eur("2.00")
    )

    assert await wallets.available(work, client, "EUR") == eur("98")
    assert await wallets.as_of(work, bank, posted.at) == before - eur("100")
    legs = await posting.legs_of(work, posted.entry)
    assert sum(leg.money.amount for leg in legs) == 0


async def test_the_same_operation_answers_what_it_answered(work):
    client = await funded(work)
    bank = accounts.house(work, "bank", "EUR")
    first = await wallets.debit(work, client, eur("10"), operation="op-1", kind="fee", against=bank)

    again = await wallets.debit(
        work, client, eur("10.00"), operation="op-1", kind="fee", against=bank
    )

    assert again.replayed
    assert again.entry == first.entry
    assert await wallets.available(work, client, "EUR") == eur("990")


async def test_the_same_operation_with_another_amount_is_a_conflict(work):
    client = await funded(work)
    bank = accounts.house(work, "bank", "EUR")
    await wallets.debit(work, client, eur("10"), operation="op-2", kind="fee", against=bank)

    with pytest.raises(Conflict, match="other content"):
        await wallets.debit(work, client, eur("11"), operation="op-2", kind="fee", against=bank)

    assert await wallets.available(work, client, "EUR") == eur("990")


async def test_more_than_there_is_is_refused_and_nothing_is_left_behind(work):
    client = await funded(work, "5.00")

    with pytest.raises(NotCovered, match=r"5\.00 EUR is available"):
        await wallets.debit(
            work,
            client,
            eur("5.01"),
            operation="too-much",
            kind="fee",
            against=accounts.house(work, "bank", "EUR"),
        )

    assert await posting.found(work, "too-much") is None
    assert await wallets.available(work, client, "EUR") == eur("5")


async def test_legs_that_do_not_sum_to_zero_are_never_sent(work):
    client = uuid7()
    wallet = accounts.client_wallet(work, client, "EUR")
    bank = accounts.house(work, "bank", "EUR")

    with pytest.raises(ValueError, match="sum to zero"):
        await posting.post(
            work,
            operation="odd",
            kind="odd",
            legs=[Leg(bank, eur("-100")), Leg(wallet, eur("99.99"))],
        )


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.5", "JPY"), ("0.001", "EUR"), ("1.0001", "KWD"), ("0", "EUR")]
)
async def test_amounts_finer_than_the_currency_are_never_sent(work, amount, currency):
    wallet = accounts.client_wallet(work, uuid7(), currency)
    bank = accounts.house(work, "bank", currency)

    with pytest.raises(ValueError, match=r"finer|nothing"):
        await posting.post(
            work,
            operation="fine",
            kind="odd",
            legs=moving(bank, wallet, Money(Decimal(amount), currency)),
        )


async def test_an_entry_in_two_currencies_balances_in_each(work):
    client = await funded(work)
    fx_eur, fx_usd = (accounts.house(work, "fx", code) for code in ("EUR", "USD"))

    await posting.post(
        work,
        operation="x-1",
        kind="exchange",
        legs=[
            *moving(accounts.client_wallet(work, client, "EUR"), fx_eur, eur("100")),
            *moving(fx_usd, accounts.client_wallet(work, client, "USD"), usd("108.20")),
        ],
    )

    assert [(w.available, w.held) for w in await wallets.of(work, client)] == [
        (eur("900"), eur("0")),
        (usd("108.20"), usd("0")),
    ]


async def test_two_hundred_holds_of_a_hundred_on_a_thousand_leave_ten(house, aurora):
    async with house.door.open(aurora) as work:
        client = await funded(work)
    lines = asyncio.Semaphore(AT_ONCE)
    barrier = asyncio.Barrier(200)

    async def ask() -> bool:
        await barrier.wait()
        try:
            async with lines, house.door.open(aurora) as work:
                await wallets.hold(work, client, eur("100"), cause=("withdrawal", uuid7()))
        except NotCovered:
            return False
        return True

    held = sum(await asyncio.gather(*(ask() for _ in range(200))))

    assert held == 10
    async with house.door.open(aurora) as work:
        [wallet] = await wallets.of(work, client)
        assert (wallet.available, wallet.held) == (eur("0"), eur("1000"))


async def test_one_operation_sent_fifty_times_at_once_is_one_entry(house, aurora):
    async with house.door.open(aurora) as work:
        client = await funded(work, "100.00")
    lines = asyncio.Semaphore(AT_ONCE)
    barrier = asyncio.Barrier(50)

    async def send() -> UUID:
        await barrier.wait()
        async with lines, house.door.open(aurora) as work:
            posted = await wallets.debit(
                work,
                client,
                eur("100"),
                operation=f"fifty:{client}",
                kind="fee",
                against=accounts.house(work, "fees", "EUR"),
            )
        return posted.entry

    entries = set(await asyncio.gather(*(send() for _ in range(50))))

    assert len(entries) == 1
    async with house.door.open(aurora) as work:
        assert await work.count(select(Entry).where(Entry.operation == f"fifty:{client}")) == 1


async def test_the_sixth_hold_of_a_thousand_on_five_thousand_is_refused(work):
    client = await funded(work, "5000")
    for _ in range(5):
        await wallets.hold(work, client, eur("1000"), cause=("withdrawal", uuid7()))

    with pytest.raises(NotCovered):
        await wallets.hold(work, client, eur("1000"), cause=("withdrawal", uuid7()))


async def test_a_hold_is_used_up_once(work):
    client = await funded(work)
    payout = accounts.house(work, "payout:alpha", "EUR")
    held = await wallets.hold(work, client, eur("300"), cause=("withdrawal", uuid7()))
    await wallets.settle(work, held.id, against=payout, fee=eur("3"))

    with pytest.raises(Conflict, match="used up"):
        await wallets.release(work, held.id)

    again = await wallets.settle(work, held.id, against=payout, fee=eur("3"))
    assert again.replayed
    assert await wallets.available(work, client, "EUR") == eur("700")
    assert await wallets.holds(work, client) == []


async def test_a_released_hold_is_back_and_names_its_cause_until_then(work):
    client = await funded(work)
    cause = ("withdrawal", uuid7())
    held = await wallets.hold(work, client, eur("300"), cause=cause)
    assert [(h.cause, h.money) for h in await wallets.holds(work, client)] == [(cause, eur("300"))]

    await wallets.release(work, held.id)

    assert await wallets.available(work, client, "EUR") == eur("1000")


async def test_a_reversal_takes_back_exactly_what_was_done_and_only_once(house, aurora):
    async with house.door.open(aurora) as work:
        client = uuid7()
        posted = await wallets.credit(
            work,
            client,
            eur("70"),
            operation=f"r:{client}",
            kind="deposit",
            against=accounts.house(work, "bank", "EUR"),
        )
    barrier = asyncio.Barrier(20)

    async def undo(number: int) -> bool:
        await barrier.wait()
        try:
            async with house.door.open(aurora) as work:
                await posting.reverse(
                    work, posted.entry, operation=f"undo:{client}:{number}", reason="wrong client"
                )
        except (Conflict, NotCovered):
            return False
        return True

    assert sum(await asyncio.gather(*(undo(n) for n in range(20)))) == 1
    async with house.door.open(aurora) as work:
        assert await wallets.available(work, client, "EUR") == eur("0")


async def test_a_reversal_is_refused_a_second_time_even_where_the_money_is_there(work):
    client = await funded(work)
    entry = await work.value(select(Entry.id).where(Entry.operation.startswith(f"fund:{client}")))
    await posting.reverse(work, entry, operation="undo-1", reason="test")
    await wallets.credit(
        work,
        client,
        eur("1000"),
        operation="again",
        kind="deposit",
        against=accounts.house(work, "bank", "EUR"),
    )

    with pytest.raises(Conflict, match="reversed already"):
        await posting.reverse(work, entry, operation="undo-2", reason="test")

    assert await wallets.available(work, client, "EUR") == eur("1000")


async def test_a_batch_is_written_whole_and_repeats_add_nothing(work):
    clients = [uuid7() for _ in range(300)]
    partners = accounts.house(work, "partners", "USD")

    def batch(which):
        return [
            Posting(
                operation=f"reward:{client}",
                kind="reward",
                legs=moving(partners, accounts.client_wallet(work, client, "USD"), usd("1.25")),
            )
            for client in which
        ]

    first = await posting.post_many(work, batch(clients[:200]))
    second = await posting.post_many(work, batch(clients))

    assert [p.replayed for p in second] == [True] * 200 + [False] * 100
    assert [p.entry for p in second[:200]] == [p.entry for p in first]
    assert await wallets.available(work, clients[7], "USD") == usd("1.25")


async def test_a_batch_one_account_cannot_bear_leaves_nothing(work):
    rich, poor = await funded(work), await funded(work, "1.00")
    fees = accounts.house(work, "fees", "EUR")
    batch = [
        Posting(
            operation=f"inactivity:{client}",
            kind="fee",
            legs=moving(accounts.client_wallet(work, client, "EUR"), fees, eur("5")),
        )
        for client in (rich, poor)
    ]

    with pytest.raises(NotCovered):
        await posting.post_many(work, batch)

    assert await wallets.available(work, rich, "EUR") == eur("1000")


async def test_a_wallet_used_often_in_a_batch_keeps_an_unbroken_chain(work):
    client = await funded(work)
    wallet, fees = accounts.client_wallet(work, client, "EUR"), accounts.house(work, "fees", "EUR")

    await posting.post_many(
        work,
        [
            Posting(
                operation=f"chain:{n}",
                kind="fee",
                legs=moving(wallet, fees, eur("10")) if n % 2 else moving(fees, wallet, eur("3")),
            )
            for n in range(50)
        ],
    )

    rows = await work.table(
        select(LegRow.version, LegRow.amount, LegRow.balance)
        .where(LegRow.account == wallet.id)
        .order_by(LegRow.version)
    )
    assert [row.version for row in rows] == list(range(1, 52))
    running = Decimal(0)
    for row in rows:
        running += row.amount
        assert row.balance == running
    head = await work.value(select(LedgerBalance.balance).where(LedgerBalance.account == wallet.id))
    assert head == running == Decimal(825)


async def test_a_frozen_wallet_takes_money_and_gives_none(work):
    client = await funded(work)
    held = await wallets.hold(work, client, eur("100"), cause=("withdrawal", uuid7()))
    await accounts.freeze(work, client, "court order")

    with pytest.raises(Conflict, match="cannot leave"):
        await wallets.hold(work, client, eur("1"), cause=("withdrawal", uuid7()))

    await wallets.release(work, held.id)
    await accounts.unfreeze(work, client)
    await wallets.hold(work, client, eur("1000"), cause=("withdrawal", uuid7()))


async def test_a_wallet_opened_while_frozen_is_frozen(work):
    client = await funded(work)
    await accounts.freeze(work, client, "court order")
    await wallets.credit(
        work,
        client,
        usd("50"),
        operation="late",
        kind="deposit",
        against=accounts.house(work, "bank", "USD"),
    )

    with pytest.raises(Conflict, match="cannot leave"):
        await wallets.hold(work, client, usd("1"), cause=("withdrawal", uuid7()))


async def test_the_balance_at_any_past_instant_is_the_sum_of_what_came_before(house):
    tenant = await house.tenant()
    start = datetime(2026, 3, 1, tzinfo=UTC)
    chance = random.Random(11)
    door, saved = house.door, house.door.clock
    client = uuid7()
    try:
        for hour in range(60):
            # Clocks of transactions do not agree on the order; the ledger's own order must hold.
            door.clock = Simulated(start + timedelta(hours=hour + chance.choice((0, 0, -3, 2))))
            async with door.open(tenant) as work:
                amount = Money.of_minor(chance.randrange(1, 10_000), "EUR")
                against = accounts.house(work, "bank", "EUR")
                verb = wallets.credit
                if chance.random() < 0.4 and await wallets.available(work, client, "EUR") >= amount:
                    verb = wallets.debit
                await verb(
                    work, client, amount, operation=f"h{hour}", kind="deposit", against=against
                )
    finally:
        door.clock = saved

    async with door.open(tenant) as work:
        wallet = accounts.client_wallet(work, client, "EUR")
        bank = accounts.house(work, "bank", "EUR")
        for account in (wallet, bank):
            legs = await work.table(
                select(LegRow.posted_at, LegRow.amount).where(LegRow.account == account.id)
            )
            for _ in range(40):
                instant = start + timedelta(minutes=chance.randrange(-100, 70 * 60))
                told = sum(leg.amount for leg in legs if leg.posted_at <= instant)
                assert (await wallets.as_of(work, account, instant)).amount == told


async def test_two_postings_of_one_transaction_keep_their_order(work):
    client = await funded(work)
    for n in range(5):
        await wallets.debit(
            work,
            client,
            eur("1"),
            operation=f"{client}:{n}",
            kind="fee",
            against=accounts.house(work, "fees", "EUR"),
        )

    shown = await queries.movements(work, client)

    assert [one.balance.amount for one in shown] == [995, 996, 997, 998, 999, 1000]


@pytest.mark.parametrize("amount", ["40", "4000"])
async def test_one_line_is_written_and_refused_as_any_number_of_lines_would_be(work, amount):
    """The short texts and the one for all shapes: the same answer, legs, entry and balances."""
    wallet, other = [
        accounts.client_wallet(work, await funded(work, "100"), "EUR") for _ in range(2)
    ]
    bank = accounts.house(work, "bank", "EUR")
    for source, target, wanted in (
        (wallet, other, statement.PAIR),
        (bank, wallet, statement.WITH_HOUSE),
        (wallet, bank, statement.WITH_HOUSE),
    ):
        one = statement.made_ready(
            work,
            Posting(
                operation=f"same:{uuid7()}", kind="fee", legs=moving(source, target, eur(amount))
            ),
        )
        short, values = statement.asked(work, [one])
        assert short is wanted
        arrays = {**values, **statement._arrays([one])}

        first, second = [
            await written(work, text, given, one.id)
            for text, given in ((short, values), (statement.POST, arrays))
        ]

        assert first == second
        assert bool(first[1]) == (source is bank or amount == "40")


async def written(work, text, values, entry):
    """What the text answers about accounts with a balance and what it wrote, and undo it."""
    step = await work.session.begin_nested()
    answer = {tuple(row) for row in await work.table(text, values) if not row.good or row.account}
    legs = await work.table(select(LegRow.__table__).where(LegRow.entry == entry))
    entries = await work.table(select(Entry.__table__).where(Entry.id == entry))
    balances = await work.table(
        select(LedgerBalance.__table__).where(LedgerBalance.moved_at == entries[0].posted_at)
        if entries
        else select(LedgerBalance.account).where(LedgerBalance.moved_at > work.now)
    )
    await step.rollback()
    return answer, *({tuple(row) for row in rows} for rows in (legs, entries, balances))
