"""`stoa check money` between payments and the ledger: each planted corruption is named."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from brokerage.payments.model import PayoutAttempt
from stoa.kernel.ids import uuid7
from support.patience import until
from support.planting import misnamed

from .people import finance
from .test_callbacks import at_alpha
from .test_withdrawals import _all_ended, a_place, approve, asked, funded, parts, send_all

PLANTS = {
    "a credited deposit loses its entry": (
        "update deposit set entry = null where state = 'credited'",
        {"deposit-uncredited", "deposit-invented"},
    ),
    "an entry is of another deposit": (
        (
            "update entry set operation = 'deposit:' || gen_random_uuid() "
            "where operation like 'deposit:%'"
        ),
        {"deposit-uncredited"},
    ),
    "a deposit claims another amount": (
        "update deposit set amount = amount + 1 where state = 'credited'",
        {"deposit-differs"},
    ),
    "more goes back along a deposit than came": (
        "update deposit set amount = amount - 1 where state = 'credited'",
        {"refund-beyond", "deposit-differs"},
    ),
    "money goes back in another currency than it came": (
        "update payout_attempt set currency = 'EUR' where way = 'refund'",
        {"refund-beyond"},
    ),
    "money goes back along a payment that was declined": (
        "update deposit set state = 'failed' where state = 'credited'",
        {"refund-beyond"},
    ),
    "a credited deposit is said to have failed": (
        "update deposit set state = 'failed' where state = 'credited'",
        {"deposit-invented"},
    ),
    "a deposit is given to another client": (
        "update deposit set client = gen_random_uuid() where state = 'credited'",
        {"deposit-uncredited"},
    ),
    "a paid attempt is opened again": (
        "update payment_attempt set state = 'open' where state = 'paid'",
        {"deposit-twice-paid"},
    ),
    "a hold is emptied beside its withdrawal": (
        (
            "update ledger_balance b set balance = 0 from ledger_account a "
            "where a.id = b.account and a.kind = 'hold' and b.balance > 0"
        ),
        {"withdrawal-hold", "balance-differs"},
    ),
    "a payout grows after it was planned": (
        "update payout_attempt set amount = amount + 1 where state = 'waiting'",
        {"withdrawal-parts", "withdrawal-hold"},
    ),
    "a payout is said to be paid and never was": (
        "update payout_attempt set state = 'paid' where state = 'waiting'",
        {"payout-unbooked", "withdrawal-hold"},
    ),
    "a paid payout loses its entry": (
        (
            "update entry set operation = 'x' where operation like 'payout:%' and id = "
            "(select min(cast(id as text))::uuid from entry where operation like 'payout:%')"
        ),
        {"payout-unbooked"},
    ),
    "a paid payout is said to have come back": (
        "update payout_attempt set state = 'returned' where state = 'paid'",
        {"payout-returned-twice"},
    ),
    "a yes is taken away afterwards": (
        "delete from withdrawal_approval",
        {"withdrawal-unapproved"},
    ),
    "a yes was to something else": (
        "update withdrawal_approval set payload_hash = 'x'",
        {"withdrawal-unapproved"},
    ),
    "who asked said yes": (
        "update withdrawal_approval set approver = maker",
        {"withdrawal-unapproved"},
    ),
    "money waits for a person and lies nowhere": (
        (
            "insert into unresolved_payment (id, psp, problem, reference, amount, currency, "
            "proposed, entry, state, opened_at) values (gen_random_uuid(), 'alpha', 'late', 'r', "
            "5, 'USD', 'look', gen_random_uuid(), 'open', now())"
        ),
        {"suspense-unexplained"},
    ),
    "a client's count of deposits is changed": (
        "update client set deposits_count = deposits_count + 1 where deposits_count > 0",
        {"totals-differ"},
    ),
    "a withdrawal that ended still holds": (
        "update withdrawal set state = 'cancelled' where state = 'review'",
        {"hold-outlived"},
    ),
}


async def test_each_corruption_between_payments_and_ledger_is_named(market, customer):
    await customer.paid("500.00")
    await funded(customer, "500.00")
    place = await a_place(customer)
    row = await asked(customer, "700.00", destination=place)
    await approve(market, row, finance())
    await send_all(market, row.id)
    await until(lambda: _all_ended(market, row.id))
    await asked(customer, "60.00", destination=place, key=uuid7())

    assert await misnamed(market.house, market.tenant, PLANTS) == {}


async def test_nothing_goes_back_along_a_payment_that_never_came(market, customer):
    """T61: not by a law that looks afterwards, but by the key: the database refuses the row."""
    await funded(customer, "500.00")
    row = await asked(customer, "100.00", destination=await a_place(customer))
    waiting, _ = await at_alpha(customer, "40.00")
    paid = await customer.paid("60.00")
    (part, *_) = await parts(market, row.id)

    async def along(deposit) -> None:
        async with market.opener()() as work:
            change = update(PayoutAttempt).where(PayoutAttempt.id == part.id)
            await work.run(change.values(source=deposit))

    with pytest.raises(IntegrityError, match="fk_payout_attempt_source"):
        await along(waiting.deposit)
    await along(paid)
