"""J3 on one broker: money out with four eyes, and a provider that is silent after it has paid."""

import asyncio
import time
from decimal import Decimal
from typing import Any

from support.patience import LONGEST_S
from support.walk import paying, withdrawing
from support.walk.broker import Broker
from support.walk.connecting import lever
from support.walk.plain import Read
from support.walk.second_journey import Customers
from support.walk.withdrawing import approve, stands

GIVEN = Decimal(2_500)
ASKED = Decimal(2_500)


async def walk(broker: Broker, customers: Customers) -> None:
    client = customers.client
    await corrected(broker, customers)
    await withdrawing.second_factor(client)
    bank = await withdrawing.add_bank(client)
    withdrawal = await asked(broker, customers, bank)
    await two_people_agree(broker, withdrawal)
    await paid_once(broker, customers, withdrawal)
    await taken_back(broker, customers, bank)


async def corrected(broker: Broker, customers: Customers) -> None:
    """The owner gives 2,500 by hand and the head of finance approves: nobody does both."""
    client, owner, head = customers.client, broker.owner, broker.desks["head"]
    before, _ = await paying.wallet(broker, client)
    here = f"/desk/clients/{client.id}/money"
    path = f"{here}/adjust"
    await owner.open_tab(client.id, "money", here, path)
    form = next(one for one in Read(await owner.html()).forms if one.action == path)
    category = min(form.offered["category"] - {""})
    await owner.submit(
        path,
        direction="credit",
        currency=broker.currency,
        amount=str(GIVEN),
        category=category,
        reason="A wire that came without a reference",
        evidence="Ticket 4711",
    )
    await owner.open(f"/desk/clients/{client.id}/money")
    adjustment = (await owner.found(r"/desk/ledger/adjustments/([0-9a-f-]{36})"))[0]
    await owner.open(f"/desk/ledger/adjustments/{adjustment}")
    assert f'action="/desk/ledger/adjustments/{adjustment}/approve"' not in await owner.html()
    await head.open(f"/desk/ledger/adjustments/{adjustment}")
    await head.submit(f"/desk/ledger/adjustments/{adjustment}/approve")
    assert (await paying.wallet(broker, client))[0] == before + GIVEN


async def asked(broker: Broker, customers: Customers, bank: str) -> str:
    """Preview first: the card part goes back to the card; then it is held at once."""
    client = customers.client
    before, _ = await paying.wallet(broker, client)
    said = await withdrawing.preview(broker, client, str(ASKED), bank)
    assert "Nothing has moved yet" in said
    assert "Back to" in said, said
    assert "500.00" in said and "2,000.00" in said, said
    assert await paying.wallet(broker, client) == (before, Decimal(0))

    withdrawal = await withdrawing.ask(broker, client, str(ASKED), bank)

    assert await paying.wallet(broker, client) == (before - ASKED, ASKED)
    told = await stands(broker, withdrawal, "review")
    assert told["approvals_needed"] == 2
    hand = broker.desks["finance"]
    await hand.open(f"/desk/withdrawals/{withdrawal}")
    await hand.sees("Checks", "In their fixed order", "0 of 2")
    return withdrawal


async def two_people_agree(broker: Broker, withdrawal: str) -> None:
    """One twice is one; a token is nobody; who corrected the balance is not asked."""
    path = f"/desk/withdrawals/{withdrawal}"
    form = f"{path}/approve"
    finance = broker.desks["finance"]
    await finance.open(path)
    payload = await finance.one(r'name="payload" value="([^"]+)"')
    await finance.submit(form)
    await finance.open(path)
    await finance.sees("1 of 2", "Another person must agree now")
    assert f'action="{form}"' not in await finance.html()
    status, said = await finance.post_beside(form, {"payload": payload})
    assert status == 409, said

    token = {"authorization": f"Bearer {broker.api.token}"}
    by_token = await broker.api.http.post(form, data={"payload": payload}, headers=token)
    assert by_token.status_code in {302, 303, 401, 403}, by_token.text
    by_rest = await broker.api.post(f"/withdrawals/{withdrawal}/approve", "approve-by-key", {})
    assert by_rest.status_code in {404, 405}

    status, said = await broker.owner.post_beside(form, {"payload": payload})
    assert status == 403
    assert "corrected" in said, said
    assert (await broker.api.get(f"/withdrawals/{withdrawal}"))["state"] == "review"

    await paying.fault(broker, "beta", "timeout_after_apply", count=1, on="payouts", seconds=60)
    await approve(broker, "head", withdrawal)


async def paid_once(broker: Broker, customers: Customers, withdrawal: str) -> None:
    """The bank's provider applied it and was silent: unknown, asked about, and paid once."""
    await stands(broker, withdrawal, "approved", "sending", "paid")
    await stands(broker, withdrawal, "paid", within_s=2 * LONGEST_S)
    truth: dict[str, Any] = await lever(
        broker, "beta", f"/truth?merchant={broker.merchants['beta']}", method="GET"
    )
    payouts = truth["payouts"]
    assert len(payouts) == 1, payouts
    assert await paying.wallet(broker, customers.client) == (
        Decimal(100) + GIVEN - ASKED,
        Decimal(0),
    )
    await customers.client.at.until(f"/withdrawals/{withdrawal}", "It has left us")


async def taken_back(broker: Broker, customers: Customers, bank: str) -> None:
    """A second one is asked for and taken back before anybody agreed: the hold is set free."""
    client = customers.client
    before, held = await paying.wallet(broker, client)
    withdrawal = await withdrawing.ask(broker, client, "60", bank)
    ends = time.monotonic() + LONGEST_S
    while (await paying.wallet(broker, client))[1] != held + 60:
        assert time.monotonic() < ends
        await asyncio.sleep(0.2)
    await client.at.open(f"/withdrawals/{withdrawal}")
    await client.at.submit(f"/withdrawals/{withdrawal}/cancel")
    await stands(broker, withdrawal, "cancelled")
    assert await paying.wallet(broker, client) == (before, held)
    await client.at.sees("Cancelled")
