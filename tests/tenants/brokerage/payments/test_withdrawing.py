"""What happens to a withdrawal between the yes and the bank: changes, news, returns, limits."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select, update

from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.ledger import wallets
from brokerage.payments.model import Destination, Withdrawal
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.settings import Amount, PaymentsSettings, Rolling, Tier
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import clocks, payouts, withdrawals
from stoa.identity import roles
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices.model import Message
from stoa.tenancy import settings
from support.patience import until
from support.people import make_staff
from support.web import signed_in

from .people import finance
from .test_withdrawals import (
    _all_ended,
    a_place,
    approve,
    asked,
    funded,
    parts,
    replace_id,
    send_all,
    state_of,
    usd,
)

OTHER = "GB33BUKB20201555555555"
COIN = ("tron", "USDT", "TNDzfERDpxLDS2w1q6yaFC7pzqaSQ3Bg3r")


async def another_place(customer) -> Destination:
    async with customer.open_work() as work:
        row = await destinations.add(work, customer.id, places.bank(OTHER))
    async with customer.market.opener()() as work:
        await work.run(
            update(Destination)
            .where(Destination.id == row.id)
            .values(usable_at=work.now - timedelta(hours=1))
        )
    return row


async def ruled(market, **changes) -> None:
    async with market.opener()() as work:
        known = work.settings(PaymentsSettings)
        rules = msgspec.structs.replace(known.withdrawals, **changes)
        await settings.put(
            work, "payments", msgspec.structs.replace(known, withdrawals=rules), why="a test"
        )


async def paid_out(market, row) -> None:
    await send_all(market, row.id)
    await until(lambda: _all_ended(market, row.id))


async def sent_back(market, customer, amount: str = "600.00"):
    """A withdrawal the bank paid and then returned."""
    row = await asked(customer, amount, destination=await a_place(customer))
    await approve(market, row, finance())
    await paid_out(market, row)
    part = (await parts(market, row.id))[0]
    await market.beta.at.control(f"payouts/{part.reference}/fail", reason="account_closed")
    await payouts.look(market.opener(), part.id)
    await payouts.look(market.opener(), part.id)
    return await state_of(market, row.id)


async def test_money_that_came_back_waits_for_another_place_and_goes_there(market, customer):
    """J3, step 8: set aside again, the client told why and asked where to; approved anew."""
    await funded(customer)
    row = await sent_back(market, customer)
    assert (row.state, row.code) == ("held", "payout-returned")
    assert "account_closed" in row.reason
    assert await customer.available() == Decimal("400.00")
    first_hash = row.payload_hash

    place = await another_place(customer)
    async with customer.open_work() as work:
        row = await withdrawals.redirect(work, row.id, place.id)

    assert (row.state, row.version) == ("review", 2) and row.payload_hash != first_hash
    await approve(market, row, finance())
    await paid_out(market, row)
    done = await state_of(market, row.id)
    assert (done.state, done.reason) == ("paid", None), done.story
    assert [one.state for one in await parts(market, row.id)] == ["returned", "paid"]
    async with market.opener()() as work:
        assert await wallets.holds(work, customer.id) == []
    assert await customer.available() == Decimal("400.00")


async def test_the_rest_of_what_came_back_can_be_taken_back(market, customer):
    """J3, step 9."""
    await funded(customer)
    row = await sent_back(market, customer)

    async with customer.open_work() as work:
        await withdrawals.cancel(work, row.id)

    assert (await state_of(market, row.id)).state == "cancelled"
    assert await customer.available() == Decimal("1000.00")


async def test_where_the_broker_wants_it_what_came_back_is_spendable_at_once(market, customer):
    await ruled(market, came_back_to="wallet")
    await funded(customer)

    row = await sent_back(market, customer)

    assert row.state == "returned" and row.reason
    assert await customer.available() == Decimal("1000.00")


async def test_a_new_destination_voids_the_yes_that_was_given(market, customer):
    """T42: the approval is bound to what is paid."""
    await funded(customer, "5000.00")
    row = await asked(customer, "3000.00", destination=await a_place(customer))
    await approve(market, row, finance())
    seen = row.payload_hash
    place = await another_place(customer)

    async with customer.open_work() as work:
        row = await withdrawals.redirect(work, row.id, place.id)

    async with market.opener()() as work:
        assert await withdrawals.approvals(work, row) == []
    with pytest.raises(Conflict) as told:
        async with market.opener(finance())() as work:
            await withdrawals.approve(work, row.id, seen)
    assert told.value.code == "payload-changed"
    assert [one.amount for one in await parts(market, row.id) if one.state == "waiting"] == [
        Decimal("3000.00")
    ]


async def test_a_level_lost_between_the_yes_and_the_sending_stops_it(market, customer):
    """T58: the checks run once more as the money leaves."""
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    await approve(market, row, finance())
    async with market.opener()() as work:
        held = await standing.locked(work, customer.id)
        held.steps, held.checks = [], []
        await standing.grade(work, held, await work.lock(Client, customer.id))

    await send_all(market, row.id)

    stopped = await state_of(market, row.id)
    assert (stopped.state, stopped.code) == ("held", "kyc")
    assert [one.state for one in await parts(market, row.id)] == ["waiting"]
    assert (await market.beta.truth())["payouts"] == []


async def test_a_flag_nobody_knew_of_takes_it_back_to_people(market, customer):
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    await approve(market, row, finance())
    async with market.opener()() as work:
        (await standing.locked(work, customer.id)).risk_band = "high"

    await send_all(market, row.id)

    again = await state_of(market, row.id)
    assert (again.state, again.code, again.version) == ("review", "risk", 2)
    async with market.opener()() as work:
        assert await withdrawals.approvals(work, again) == []


async def test_a_hundred_small_ones_stop_at_the_limit_exactly(market, customer):
    """T44: one limit over all currencies, inside the lock."""
    await ruled(
        market, limits=(Rolling(hours=24, most=Amount(amount=Decimal(1000), currency="USD")),)
    )
    await funded(customer, "20000.00")
    place = await a_place(customer)

    outcomes = await asyncio.gather(
        *(asked(customer, "99.99", destination=place) for _ in range(100)), return_exceptions=True
    )

    good = [one for one in outcomes if isinstance(one, Withdrawal)]
    refused = [one for one in outcomes if not isinstance(one, Withdrawal)]
    assert len(good) == 10
    told = [one for one in refused if isinstance(one, Invalid)]
    assert told and {one.code for one in told} == {"limit-24h"}
    with pytest.raises(Invalid) as told:
        await asked(customer, "99.99", destination=place)
    assert told.value.places["left"] == usd("0.10")


async def test_a_week_of_small_ones_meets_more_people(market, customer):
    await funded(customer, "20000.00")
    place = await a_place(customer)
    row = await asked(customer, "1500.00", destination=place)
    async with market.opener()() as work:
        await work.run(
            update(Withdrawal)
            .where(Withdrawal.id == row.id)
            .values(asked_at=work.now - timedelta(days=2))
        )

    second = await asked(customer, "100.00", destination=place)

    assert Decimal(second.counted["day"]) == 100 and Decimal(second.counted["week"]) == 1600


async def test_twenty_people_at_once_count_once_each_and_it_is_approved_once(market, customer):
    await ruled(market, approvers=(Tier(need=3),))
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    assert row.need == 3

    outcomes = await asyncio.gather(
        *(approve(market, row, finance()) for _ in range(20)), return_exceptions=True
    )

    assert sum(one is None for one in outcomes) == 3
    done = await state_of(market, row.id)
    assert [one["what"] for one in done.story].count("approved") == 1


async def test_approvers_are_written_to_and_opening_the_letter_decides_nothing(market, customer):
    """J3: not even the letter's way lets one person agree twice, or the maker agree."""
    await ruled(
        market,
        approvers=(Tier(up_to=Amount(amount=Decimal(500), currency="USD"), need=1), Tier(need=2)),
    )
    async with market.opener()() as work:
        people = [(await make_staff(work, ["Head of finance"]))[0] for _ in range(2)]
        support, _ = await make_staff(work, ["Support"])
    await funded(customer)
    place = await a_place(customer)
    small = await asked(customer, "100.00", destination=place)
    row = await asked(customer, "600.00", destination=place)

    async with market.opener()() as work:
        letters = await work.rows(select(Message).where(Message.template == "withdrawal_waits"))
    mine = {one.person for one in letters if one.about == row.id}
    assert {one.id for one in people} <= mine
    assert not mine & {support.id, customer.id}
    assert [one for one in letters if one.about == small.id] == []

    browser = await signed_in(market.house, market.tenant, people[0], "desk")
    led_to = f"/desk/withdrawals/{row.id}"
    assert (await browser.get(led_to)).status_code == 200
    async with market.opener()() as work:
        assert await withdrawals.approvals(work, row) == []
    yes = await browser.post(f"{led_to}/approve", {"payload": row.payload_hash})
    await browser.get(led_to)
    again = await browser.post(f"{led_to}/approve", {"payload": row.payload_hash})

    assert (yes.status_code, again.status_code) == (204, 409)
    assert (await state_of(market, row.id)).state == "review"
    async with market.opener()() as work:
        assert [one.approver for one in await withdrawals.approvals(work, row)] == [people[0].id]


async def test_where_the_broker_wants_no_letters_nobody_is_written_to(market, customer):
    await ruled(market, approvers=(Tier(need=3),), letters_from=0)
    async with market.opener()() as work:
        await make_staff(work, ["Head of finance"])
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))

    async with market.opener()() as work:
        assert (
            await work.rows(
                select(Message).where(
                    Message.template == "withdrawal_waits", Message.about == row.id
                )
            )
            == []
        )


async def test_who_got_the_permission_a_moment_ago_from_somebody_approves_nothing(market, customer):
    """T42: a role granted to oneself and used at once."""
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    async with market.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        person, _ = await make_staff(work, ["Finance"])
        gift = (await roles.held_by(work, person.id))[0]
        gift.granted_by = owner.id
    actor = replace_id(finance(), person.id)

    with pytest.raises(Denied) as told:
        await approve(market, row, actor)
    assert told.value.code == "new-approver"

    async with market.opener()() as work:
        gift = (await roles.held_by(work, person.id))[0]
        gift.granted_at = work.now - timedelta(hours=25)
    await approve(market, row, actor)
    assert (await state_of(market, row.id)).state == "approved"


async def test_what_was_shown_is_what_is_asked(customer):
    await funded(customer)
    place = await a_place(customer)
    async with customer.open_work() as work:
        seen = await withdrawals.preview(work, customer.id, Method.BANK, usd("600.00"), place)

    with pytest.raises(Conflict) as told:
        await asked(customer, "600.00", destination=place, shown="0" * 32)

    assert told.value.code == "preview-changed"
    assert await customer.available() == Decimal("1000.00")
    row = await asked(customer, "600.00", destination=place, shown=seen.mark())
    assert row.state == "review"


async def test_the_same_from_another_window_is_told_before_it_is_asked_twice(customer):
    """Both windows showed the request before either was confirmed."""
    await funded(customer)
    place = await a_place(customer)
    first = await asked(customer, "300.00", destination=place, key=uuid7(), after="")

    with pytest.raises(Conflict) as told:
        await asked(customer, "300.00", destination=place, key=uuid7(), after="")

    assert told.value.code == "asked-already" and first.reference in str(told.value)
    assert await customer.available() == Decimal("700.00")
    again = await asked(customer, "300.00", destination=place, key=first.id, after="")
    assert again.id == first.id
    more = await asked(customer, "300.00", destination=place, key=uuid7(), after=str(first.id))
    assert more.id != first.id
    assert await customer.available() == Decimal("400.00")


async def test_an_account_in_another_name_is_looked_at_by_a_person(market, customer):
    """T68: name match."""
    await funded(customer)
    async with customer.open_work() as work:
        mine = await destinations.add(work, customer.id, places.bank(OTHER), holder="DUARTE Inés")
        other = await destinations.add(
            work, customer.id, places.bank("FR1420041010050500013M02606"), holder="John Smith"
        )
    assert (mine.named, other.named) == (True, False)
    async with market.opener()() as work:
        await work.run(update(Destination).values(usable_at=work.now))

    row = await asked(customer, "100.00", destination=other.id)

    assert (row.state, row.code) == ("review", "name-differs")


async def test_a_broken_promise_is_marked_once_and_counted(market, customer):
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    async with market.opener()() as work:
        await work.run(
            update(Withdrawal).where(Withdrawal.id == row.id).values(promised_at=work.now)
        )

    await clocks.sweep(market.opener())
    await clocks.sweep(market.opener())

    late = await state_of(market, row.id)
    assert late.late_at is not None
    assert [one["what"] for one in late.story].count("late") == 1
    async with market.opener()() as work:
        assert await clocks.broken(work) == (1, 1)


async def test_the_estimate_is_what_really_happened_lately(market, customer):
    await funded(customer, "5000.00")
    place = await a_place(customer)
    rows = [await asked(customer, "100.00", destination=place) for _ in range(6)]
    async with market.opener()() as work:
        for hours, row in enumerate(rows, 1):
            await work.run(
                update(Withdrawal)
                .where(Withdrawal.id == row.id)
                .values(
                    state="paid",
                    asked_at=work.now - timedelta(hours=hours * 2),
                    decided_at=work.now - timedelta(hours=hours),
                    sent_at=work.now - timedelta(hours=hours / 2),
                    ended_at=work.now,
                )
            )

        pace = await clocks.pace(work, Method.BANK)

    assert (
        pace.known and pace.median_h == Decimal("7.0") and pace.stages["decided"] == Decimal("3.5")
    )
    row = await asked(customer, "100.00", destination=place)
    async with market.opener()() as work:
        clock = await clocks.of(work, await work.get(Withdrawal, row.id))
        assert clock.expected_at is not None
        assert work.now < clock.expected_at < work.now + timedelta(hours=8)


async def test_the_reason_is_the_same_for_the_client_support_and_the_export(market, customer, desk):
    """C04: one stored reason."""
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer, ready=False))
    sentence = "New destinations wait"

    room = await (await customer.browser()).get(f"/withdrawals/{row.id}")
    staff = await desk()
    shown = await staff.get(f"/desk/withdrawals/{row.id}")
    export = await staff.get("/desk/withdrawals?format=csv")

    for page in (room, shown, export):
        assert sentence in page.text, page.text[:300]


def _of(rows: list, name: str) -> list:
    return [one[name] for one in rows]


async def test_lowering_the_tiers_waits_for_a_second_person_and_is_rehearsed(
    market, customer, desk
):
    """J3, step 10: the dry run tells how many would have needed fewer."""
    from stoa.settingsdesk.sections import as_text
    from stoa.tenancy.model import SettingChange

    await funded(customer, "20000.00")
    place = await a_place(customer)
    assert [(await asked(customer, "2500.00", destination=place)).need for _ in range(3)] == [2] * 3
    async with market.opener()() as work:
        known = work.settings(PaymentsSettings)
    easy = msgspec.structs.replace(known.withdrawals, approvers=(Tier(need=1),))
    text = as_text(msgspec.structs.replace(known, withdrawals=easy))
    maker, checker = await desk(), await desk()

    asked_for = await maker.post(
        "/desk/settings/sections/payments", {"text": text, "why": "fewer hands"}
    )
    again = await maker.post("/desk/settings/sections/payments", {"text": text, "why": "again"})

    assert asked_for.status_code == 204 and again.status_code == 409
    async with market.opener()() as work:
        assert len(work.settings(PaymentsSettings).withdrawals.approvers) == 3
        row = (await work.rows(select(SettingChange)))[0]
    assert row.state == "waiting"
    assert {"n": "3"} in _of(row.rehearsal, "places")
    page = await checker.get(f"/desk/settings/changes/{row.id}")
    assert "3 withdrawals would have needed fewer approvers." in page.text
    own = await maker.post(f"/desk/settings/changes/{row.id}/agree")
    assert own.status_code == 403
    done = await checker.post(f"/desk/settings/changes/{row.id}/agree")
    assert done.status_code == 204, done.text
    async with market.opener()() as work:
        assert len(work.settings(PaymentsSettings).withdrawals.approvers) == 1


async def test_an_address_that_fails_its_check_digits_is_never_sent_to(market, customer):
    """One kept before check digits were looked at: it waits for the client, and goes elsewhere."""
    await funded(customer)
    async with customer.open_work() as work:
        row = await destinations.add(work, customer.id, places.crypto(*COIN))
        wrong = msgspec.structs.replace(destinations.opened(work, row), address=COIN[2][:-1] + "q")
        text = msgspec.json.encode(wrong).decode()
        row.details_sealed = work.seal(row.id, destinations.DETAILS, text)
        row.usable_at = work.now - timedelta(hours=1)
    async with customer.open_work() as work:
        made = await withdrawals.request(
            work, customer.id, Method.CRYPTO, usd("100.00"), destination=row.id
        )

    assert made.state == "held"
    assert [one["code"] for one in made.checks if one["verdict"] == "waiting"] == ["bad-address"]
    assert await parts(market, made.id) == [] or all(
        one.state == "waiting" for one in await parts(market, made.id)
    )


async def test_one_address_in_small_letters_and_in_its_own_is_one_place(customer):
    ether = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    async with customer.open_work() as work:
        row = await destinations.add(
            work, customer.id, places.crypto("ethereum", "USDT", ether.lower())
        )
        assert destinations.opened(work, row).address == ether
        with pytest.raises(Conflict):
            await destinations.add(work, customer.id, places.crypto("ethereum", "USDT", ether))
