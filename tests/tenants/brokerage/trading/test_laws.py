"""`stoa check money` between transfers and the ledger: each planted corruption is named."""

from support.planting import misnamed

PLANTS = {
    "a finished transfer is said to be cancelled": (
        "update transfer set state = 'cancelled' where state = 'done'",
        {"transfer-unbooked"},
    ),
    "a transfer that waits is said to be done": (
        "update transfer set state = 'done' where state = 'held'",
        {"transfer-unbooked", "transfer-hold"},
    ),
    "a transfer claims another amount": (
        "update transfer set amount = amount + 1 where state = 'done'",
        {"transfer-unbooked"},
    ),
    "a transfer goes the other way": (
        (
            "update transfer set direction = 'to-wallet' where state = 'done' "
            "and direction = 'to-account'"
        ),
        {"transfer-unbooked"},
    ),
    "a hold is emptied beside its transfer": (
        (
            "update ledger_balance b set balance = 0 from ledger_account a "
            "where a.id = b.account and a.kind = 'hold' and b.balance > 0"
        ),
        {"transfer-hold"},
    ),
    "an entry belongs to no transfer": (
        "update entry set ref = gen_random_uuid() where kind = 'transfer'",
        {"transfer-unbooked", "transfer-invented"},
    ),
}


async def test_each_corruption_between_transfers_and_ledger_is_named(broker):
    customer = await broker.customer()
    await customer.move("in", "200.00")
    await customer.move("out", "50.00")
    await customer.ask("in", "30.00")

    assert await misnamed(broker.house, broker.tenant, PLANTS) == {}
