"""`stoa check money` between disputes, claims and the ledger: each planted corruption is named."""

from brokerage.payments.disputes import deciding
from support.planting import misnamed

from .disputed import Disputing, usd
from .people import finance

PLANTS = {
    "a dispute asks for more than is held for it": (
        "update dispute set secured = secured + 1 where standing = 'secured'",
        {"dispute-unbooked"},
    ),
    "one that is over still holds": (
        "update dispute set standing = 'none' where standing = 'secured'",
        {"dispute-unbooked", "dispute-standing"},
    ),
    "one that was lost is said to be won": (
        "update dispute set stage = 'won' where stage = 'lost'",
        {"dispute-standing"},
    ),
    "a claim is turned into a debt of ours": (
        (
            "update ledger_balance b set balance = 5 from ledger_account a "
            "where a.id = b.account and a.kind = 'receivable' and b.balance < 0"
        ),
        {"receivable-positive", "balance-differs"},
    ),
    "a claim belongs to no dispute": (
        "delete from dispute where standing = 'lost'",
        {"receivable-positive", "dispute-invented"},
    ),
    "a claim is against somebody else": (
        "update dispute set client = gen_random_uuid() where standing = 'lost'",
        {"receivable-positive"},
    ),
    "a provider is said to have taken less": (
        "update dispute set debited = debited - 1 where debited > 0",
        {"dispute-debited"},
    ),
    "a provider's debit loses its dispute": (
        (
            "update entry set operation = 'x' where operation like 'dispute:%:debit:%' and id = "
            "(select min(cast(id as text))::uuid from entry where operation like '%:debit:%')"
        ),
        {"dispute-debited"},
    ),
    "a claim was given up by who asked": (
        "update dispute set decided_by = asked_by where written_off > 0",
        {"dispute-given-up-alone"},
    ),
    "more was given up than is written": (
        "update dispute set written_off = written_off - 1 where written_off > 0",
        {"dispute-given-up-alone"},
    ),
    "a deposit is asked for twice": (
        "update dispute set secured = 9000 where standing = 'secured'",
        {"deposit-disputed-twice"},
    ),
    "held money outlives its dispute": (
        "update dispute set stage = 'won', standing = 'none' where stage = 'chargeback'",
        {"hold-outlived", "dispute-unbooked"},
    ),
}


async def test_each_corruption_between_disputes_and_ledger_is_named(market, customer):
    disputes = Disputing(market)
    kept = await customer.paid("300.00")
    gone = await customer.paid("200.00")
    await disputes.spend(customer, "250.00")
    await disputes.told(kept, "chargeback", money=usd("100.00"), debited=usd("100.00"))
    row = await disputes.told(gone, "lost", case="du_2", money=usd("200.00"), debited=usd("200.00"))
    await customer.paid("20.00")
    async with market.opener(finance())() as work:
        await deciding.collect(work, row.id)
    async with market.opener(finance())() as work:
        await deciding.ask(work, row.id, "write-off", "nobody is there")
    async with market.opener(finance())() as work:
        await deciding.agree(work, row.id)
    other = await market.client()
    third = await other.paid("90.00")
    await disputes.spend(other, "60.00")
    await disputes.told(third, "lost", case="du_3", money=usd("90.00"))

    assert await misnamed(market.house, market.tenant, PLANTS) == {}
