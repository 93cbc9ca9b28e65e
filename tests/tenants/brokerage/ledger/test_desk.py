"""The books as staff see them, over HTTP."""

import pytest

from brokerage.ledger import accounts, posting, shared, wallets
from brokerage.ledger.permissions import Ledger
from stoa.kernel.ids import uuid7
from support.ledger import eur, funded

WHY = {"reason": "Bank fee returned to the client", "evidence": "ticket 4711"}


async def an_entry(house, bank, client):
    async with house.door.open(bank) as work:
        found = await wallets.debit(
            work,
            client,
            eur("12.34"),
            operation=f"fee:{uuid7()}",
            kind="fee",
            against=accounts.house(work, "fees", "EUR"),
            reason="Inactivity in May",
        )
    return found.entry


async def test_every_page_opens_for_the_owner(house, bank, client_of, staff_of):
    anna = await client_of(EUR="1000.00", USD="5.00")
    entry = await an_entry(house, bank, anna.id)
    async with house.door.open(bank) as work:
        wallet = accounts.client_wallet(work, anna.id, "EUR").id
        fees = accounts.house(work, "fees", "EUR").id
    owner = await staff_of()

    for path, word in {
        f"/desk/clients/{anna.id}/money": "987.66",
        f"/desk/clients/{anna.id}/money/history": "Movements of Anna Schmidt",
        "/desk/ledger": "The books balance to the last digit",
        "/desk/ledger?currency=EUR": "Owed to clients",
        "/desk/ledger/explain/EUR": "Why this figure",
        "/desk/ledger/entries": "Entries",
        f"/desk/ledger/entries/{entry}": "Inactivity in May",
        f"/desk/ledger/accounts/{wallet}": "Anna Schmidt",
        f"/desk/ledger/accounts/{fees}": "Fees earned",
        f"/desk/ledger/accounts/{wallet}?as_of=2020-01-01T00:00": "Balance at",
        "/desk/ledger/adjustments": "Corrections",
    }.items():
        page = await owner.get(path)
        assert page.status_code == 200, path
        assert word in page.text, path
        assert len(page.content) < 100_000, path


async def test_the_balance_at_an_earlier_instant_is_what_it_was(house, bank, client_of, staff_of):
    anna = await client_of(EUR="1000.00")
    async with house.door.open(bank) as work:
        before = work.now
        wallet = accounts.client_wallet(work, anna.id, "EUR")
    await an_entry(house, bank, anna.id)

    async with house.door.open(bank) as work:
        assert await wallets.as_of(work, wallet, before) == eur("1000")
        assert await wallets.as_of(work, wallet, work.now) == eur("987.66")


async def test_entries_are_found_filtered_and_exported(house, bank, client_of, staff_of):
    anna = await client_of()
    await an_entry(house, bank, anna.id)
    owner = await staff_of()

    fees = await owner.get("/desk/ledger/entries?kind=fee")
    none = await owner.get("/desk/ledger/entries?amount_min=99999999")
    file = await owner.get("/desk/ledger/entries?kind=fee&format=csv")

    assert "wallet → fees" in fees.text
    assert "Nothing fits these filters" in none.text
    assert "Inactivity in May" in file.text


async def test_a_correction_from_asking_to_posting(house, bank, client_of, staff_of):
    anna = await client_of()
    maker, checker = await staff_of("Finance"), await staff_of("Head of finance")
    asked = await maker.post(
        f"/desk/clients/{anna.id}/money/adjust",
        WHY
        | {"direction": "credit", "currency": "EUR", "amount": "7.50", "category": "fee-refund"},
    )
    where = asked.headers["hx-redirect"]
    assert "somebody else decides" in (await maker.get(where)).text
    assert "Approve and post" in (await checker.get(where)).text
    assert (await maker.post(f"{where}/approve")).status_code == 403

    done = await checker.post(f"{where}/approve", {"reason": "seen"})

    assert done.status_code == 204
    async with house.door.open(bank) as work:
        assert await wallets.available(work, anna.id, "EUR") == eur("1007.50")
    assert "Posted" in (await checker.get(where)).text
    assert (await checker.post(f"{where}/approve")).status_code == 409


async def test_who_asked_does_not_decide_even_with_every_permission(bank, client_of, staff_of):
    anna, owner = await client_of(), await staff_of()
    asked = await owner.post(
        f"/desk/clients/{anna.id}/money/adjust",
        WHY | {"direction": "debit", "currency": "EUR", "amount": "1", "category": "correction"},
    )
    where = asked.headers["hx-redirect"]

    answer = await owner.post(f"{where}/approve")

    assert answer.status_code == 403
    assert answer.json()["code"] == "own-work"
    assert (await owner.post(f"{where}/cancel")).status_code == 204


async def test_an_entry_is_reversed_by_two_people(house, bank, client_of, staff_of):
    anna = await client_of()
    entry = await an_entry(house, bank, anna.id)
    maker, checker = await staff_of("Finance"), await staff_of("Head of finance")
    asked = await maker.post(f"/desk/ledger/entries/{entry}/reverse", WHY)

    await checker.post(f"{asked.headers['hx-redirect']}/approve")

    async with house.door.open(bank) as work:
        assert await wallets.available(work, anna.id, "EUR") == eur("1000")
    assert "This entry was reversed" in (await checker.get(f"/desk/ledger/entries/{entry}")).text


async def test_frozen_wallets_say_so_to_both_sides(house, bank, client_of, staff_of):
    anna, officer = await client_of(), await staff_of("Compliance")
    await officer.post(f"/desk/clients/{anna.id}/money/freeze", {"reason": "Court order 17"})

    tab = await officer.get(f"/desk/clients/{anna.id}/money")
    hers = await anna.browser.get("/money")
    asked = await anna.browser.post(
        "/money/exchange", {"sell": "EUR", "buy": "USD", "amount": "10.00"}
    )
    taken = await anna.browser.post(asked.headers["hx-redirect"])

    assert "Court order 17" in tab.text
    assert "On hold by us" in hers.text
    assert "Court order" not in hers.text
    assert (taken.status_code, taken.json()["code"]) == (409, "account-frozen")
    await officer.post(f"/desk/clients/{anna.id}/money/unfreeze", {"reason": "lifted"})
    assert "On hold by us" not in (await anna.browser.get("/money")).text


@pytest.mark.parametrize("role", ["Sales", "Support", "Auditor", "Dealing"])
async def test_roles_without_the_permission_correct_nothing(bank, client_of, staff_of, role):
    anna, person = await client_of(), await staff_of(role)

    answer = await person.post(
        f"/desk/clients/{anna.id}/money/adjust",
        WHY | {"direction": "credit", "currency": "EUR", "amount": "1", "category": "goodwill"},
    )

    assert answer.status_code == 403


async def test_staff_who_see_only_their_own_clients_see_no_other_money(
    house, bank, client_of, staff_of
):
    anna = await client_of()
    entry = await an_entry(house, bank, anna.id)
    async with house.door.open(bank) as work:
        wallet = accounts.client_wallet(work, anna.id, "EUR").id
    someone = await staff_of(Ledger.VIEW, Ledger.ACCOUNTS_VIEW, scope="own")

    for path in (
        f"/desk/clients/{anna.id}/money",
        f"/desk/ledger/entries/{entry}",
        f"/desk/ledger/accounts/{wallet}",
    ):
        assert (await someone.get(path)).status_code == 404, path
    assert "Inactivity in May" not in (await someone.get("/desk/ledger/entries")).text


async def test_another_tenants_ids_are_not_there(house, bank, aurora, client_of, staff_of):
    async with house.door.open(aurora) as work:
        stranger = await funded(work)
        entry = (await posting.found(work, (await _operation(work, stranger)))).entry
        wallet = accounts.client_wallet(work, stranger, "EUR").id
        fees = accounts.house(work, "fees", "EUR").id
    owner = await staff_of()

    for path in (
        f"/desk/clients/{stranger}/money",
        f"/desk/ledger/entries/{entry}",
        f"/desk/ledger/accounts/{wallet}",
        f"/desk/ledger/accounts/{fees}",
        f"/desk/ledger/adjustments/{uuid7()}",
    ):
        assert (await owner.get(path)).status_code == 404, path


async def _operation(work, client):
    from sqlalchemy import select

    from brokerage.ledger.model import Entry

    return await work.value(
        select(Entry.operation).where(Entry.operation.startswith(f"fund:{client}"))
    )


async def test_the_fleet_page_gets_figures_and_no_person(house, bank, client_of):
    anna = await client_of(EUR="1000.00")

    async with house.door.open(bank) as work:
        told = await shared.pulse(work)

    assert set(told) == {"client_money", "adjustments_waiting", "suspense_open"}
    assert float(told["client_money"]["EUR"]) >= 1000
    assert str(anna.id) not in str(told)
