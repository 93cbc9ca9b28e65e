"""Bonuses: once per person, credit until earned, lost as shown, forbidden where it is forbidden."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from brokerage.bonuses import grants, losing, turnover
from brokerage.bonuses.model import Grant
from brokerage.clients.model import Client
from brokerage.ledger import accounts, check, wallets
from brokerage.ledger.model import Entry, LedgerAccount
from brokerage.ledger.posting import NotCovered
from brokerage.payments.hooks import Undoing
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import withdrawals
from brokerage.trading.model import TradingAccount
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices.model import Notice
from support.planting import misnamed

from .giving import Giving, marketing
from .people import finance
from .test_withdrawals import a_place, approve, asked, funded, send_all, usd


@pytest.fixture
def bonuses(market) -> Giving:
    return Giving(market)


@pytest.fixture
async def customer(market):
    """Of a country whose rules allow bonuses."""
    return await market.client(country="BR")


async def credit_of(market, grant) -> Decimal:
    async with market.opener()() as work:
        account = accounts.credit(work, grant.client, grant.currency, ("bonus", grant.id))
        return (await work.get(LedgerAccount, account.id)).balance


async def an_active_one(market, customer, bonuses, **terms) -> Grant:
    campaign = await bonuses.campaign(**terms)
    row = await bonuses.take(customer, campaign)
    await bonuses.brought(await customer.paid("500.00"))
    return await bonuses.grant(row.id)


async def test_a_taken_offer_is_credited_by_the_next_deposit_and_is_no_money(
    market, customer, bonuses
):
    row = await an_active_one(market, customer, bonuses)

    assert (row.state, row.amount, row.need_lots) == ("active", Decimal("150.00"), Decimal("1.50"))
    assert await credit_of(market, row) == Decimal("150.00")
    assert await customer.available() == Decimal("500.00")
    with pytest.raises(NotCovered):
        await asked(customer, "600.00", destination=await a_place(customer))
    again = await bonuses.brought(row.deposit)
    assert again == [] and await credit_of(market, row) == Decimal("150.00")


async def test_a_hundred_claims_at_once_are_one(market, customer, bonuses):
    """T63."""
    campaign = await bonuses.campaign()

    outcomes = await asyncio.gather(
        *(bonuses.take(customer, campaign) for _ in range(100)), return_exceptions=True
    )

    assert sum(isinstance(one, Grant) for one in outcomes) == 1
    assert any(isinstance(one, Conflict) for one in outcomes)


async def test_trading_on_named_symbols_turns_it_into_money(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses, symbols=("EUR*",), hold_s=60)

    for lots, symbol, held in (
        ("1.00", "EURUSD", timedelta(minutes=5)),
        ("9.00", "XAUUSD", timedelta(minutes=5)),
        ("9.00", "EURUSD", timedelta(seconds=5)),
    ):
        fact = await bonuses.traded(customer, lots, symbol, held)
        await turnover.counted(market.opener(), fact)
    half = await bonuses.grant(row.id)
    assert (half.state, half.done_lots) == ("active", Decimal("1.00"))

    fact = await bonuses.traded(customer, "0.50")
    await turnover.counted(market.opener(), fact)
    await turnover.counted(market.opener(), fact)

    done = await bonuses.grant(row.id)
    assert (done.state, done.released) == ("released", Decimal("150.00"))
    assert await customer.available() == Decimal("650.00")
    assert await credit_of(market, row) == 0


async def test_step_by_step_what_is_earned_is_released(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses, release="steps")

    await turnover.counted(market.opener(), await bonuses.traded(customer, "0.75"))

    half = await bonuses.grant(row.id)
    assert (half.state, half.released, half.left) == ("active", Decimal("75.00"), Decimal("75.00"))
    assert await customer.available() == Decimal("575.00")


@pytest.mark.parametrize(
    ("burn", "lost"), [("all", "150.00"), ("pro-rata", "60.00"), ("none", None)]
)
async def test_a_withdrawal_takes_what_its_preview_showed(market, customer, bonuses, burn, lost):
    """BON-02, BON-04; nothing is lost before the money leaves."""
    row = await an_active_one(market, customer, bonuses, burn=burn)
    async with customer.open_work() as work:
        seen = await withdrawals.preview(work, customer.id, Method.CARD, usd("200.00"))
    assert [str(one.money.amount) for one in seen.losses] == ([lost] if lost else [])

    made = await asked(customer, "200.00", method=Method.CARD)
    assert (await bonuses.grant(row.id)).burnt == 0
    if made.state == "review":
        await approve(market, made, finance())
    await send_all(market, made.id)

    after = await bonuses.grant(row.id)
    assert after.burnt == Decimal(lost or 0)
    assert after.state == ("lost" if burn == "all" else "active")


async def test_cancelling_a_withdrawal_costs_no_bonus(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses)
    made = await asked(customer, "200.00", method=Method.CARD)
    if made.state == "review":
        async with customer.open_work() as work:
            await withdrawals.cancel(work, made.id)

        assert (await bonuses.grant(row.id)).left == Decimal("150.00")


async def test_where_incentives_are_forbidden_nobody_gets_one_by_any_hand(market, bonuses):
    """BON-05."""
    campaign = await bonuses.campaign()
    automatic = await bonuses.campaign("auto", ask=False)
    customer = await market.client(country="ES")

    with pytest.raises(Denied) as told:
        await bonuses.take(customer, campaign)
    assert told.value.code == "incentives-forbidden"
    with pytest.raises(Denied) as told:
        async with market.opener(marketing())() as work:
            await grants.give(work, customer.id, automatic, usd("10.00"), "a friend asked")
    assert told.value.code == "incentives-forbidden"
    assert await bonuses.brought(await customer.paid("500.00")) == []


async def test_the_same_household_device_or_card_has_it_once_with_the_evidence(
    market, customer, bonuses
):
    """BON-06."""
    campaign = await bonuses.campaign("auto", ask=False)
    other = await market.client(country="BR")
    browser = uuid7()
    async with market.opener()() as work:
        await work.run(
            update(Client).where(Client.id.in_((customer.id, other.id))).values(visitor=browser)
        )

    first = await bonuses.brought(await customer.paid("500.00"))
    second = await bonuses.brought(await other.paid("500.00"))

    assert len(first) == 1 and second == []
    async with market.opener()() as work:
        refused = (await work.rows(select(Grant).where(Grant.client == other.id)))[0]
    assert refused.campaign == campaign and refused.state == "refused"
    assert {one["kind"] for one in refused.evidence} >= {"device"}
    assert refused.evidence[0]["client"] == str(customer.id)


async def test_below_zero_and_when_time_is_over_it_goes_back_to_the_house(
    market, customer, bonuses
):
    row = await an_active_one(market, customer, bonuses)
    await bonuses.traded(customer, "0.10")
    async with market.opener()() as work:
        await work.run(
            update(TradingAccount)
            .where(TradingAccount.client == customer.id)
            .values(equity=Decimal(-5), told_at=work.now)
        )

    await losing.sweep(market.opener())
    await losing.sweep(market.opener())

    gone = await bonuses.grant(row.id)
    assert (gone.state, gone.burnt) == ("lost", Decimal("150.00"))
    assert gone.story[-1]["what"] == "burnt-negative"
    async with market.opener()() as work:
        entry = await work.first(
            select(Entry).where(Entry.operation == f"bonus:{row.id}:burn:burnt-negative")
        )
        told = await work.rows(select(Notice.title).where(Notice.person == customer.id))
    assert entry is not None and "equity" in (entry.reason or "")
    assert any("fell below zero" in one for one in told)


async def test_a_lapsed_one_is_over(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses)
    async with market.opener()() as work:
        await work.run(update(Grant).where(Grant.id == row.id).values(expires_at=work.now))

    await losing.sweep(market.opener())

    assert (await bonuses.grant(row.id)).state == "expired"
    assert await credit_of(market, row) == 0


async def test_an_undone_deposit_takes_its_bonus_along_also_what_was_earned(
    market, customer, bonuses
):
    row = await an_active_one(market, customer, bonuses, release="steps")
    await turnover.counted(market.opener(), await bonuses.traded(customer, "0.75"))

    for _ in range(2):
        async with market.opener()() as work:
            await losing.with_its_deposit(work, row.deposit)

    gone = await bonuses.grant(row.id)
    assert gone.state == "reversed" and gone.left == 0
    assert await customer.available() == Decimal("500.00")


async def test_a_deposit_that_stands_again_brings_its_bonus_back_as_often_as_it_went(
    market, customer, bonuses
):
    row = await an_active_one(market, customer, bonuses, release="steps")
    await turnover.counted(market.opener(), await bonuses.traded(customer, "0.75"))
    before, had = await bonuses.grant(row.id), await customer.available()
    case = uuid7()

    for turn in (1, 2):
        what = Undoing(row.deposit, customer.id, case, turn, Money(Decimal(500), "USD"), Decimal(1))
        for hook in (losing.undone, losing.undone, losing.restored, losing.restored):
            async with market.opener()() as work:
                await hook(work, what)
            if hook is losing.undone:
                assert (await bonuses.grant(row.id)).state == "reversed"
                assert await customer.available() == Decimal("500.00")
        again = await bonuses.grant(row.id)
        assert (again.state, again.left, again.released) == ("active", before.left, before.released)
        assert await credit_of(market, row) == before.left
        assert await customer.available() == had
        assert again.expires_at >= before.expires_at
    assert again.story[-1]["what"] == "stands-again"


async def test_taking_back_needs_a_reason_and_keeps_what_was_earned(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses, release="steps")
    await turnover.counted(market.opener(), await bonuses.traded(customer, "0.75"))

    async with market.opener(marketing())() as work:
        with pytest.raises(Invalid):
            await grants.revoke(work, row.id, " ")
    async with market.opener(marketing())() as work:
        await grants.revoke(work, row.id, "The account was opened twice.")

    gone = await bonuses.grant(row.id)
    assert (gone.state, gone.released, gone.burnt) == ("revoked", Decimal(75), Decimal(75))
    assert gone.story[-1]["text"] == "The account was opened twice."


async def test_who_gave_a_bonus_by_hand_approves_no_withdrawal_of_that_client(
    market, customer, bonuses
):
    campaign = await bonuses.campaign()
    maker = marketing(more=finance().permissions)
    async with market.opener(maker)() as work:
        await grants.give(work, customer.id, campaign, usd("20.00"), "they waited long")
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))

    with pytest.raises(Denied) as told:
        await approve(market, row, maker)

    assert told.value.code == "related-maker"


async def test_the_books_stay_whole(market, customer, bonuses):
    row = await an_active_one(market, customer, bonuses)
    await turnover.counted(market.opener(), await bonuses.traded(customer, "5.00"))

    async with market.opener()() as work:
        examined = await check.examine(work)
        held = await wallets.of(work, customer.id)

    assert examined.violations == [] and [one.available for one in held] == [
        Money(Decimal(650), "USD")
    ]
    assert (await bonuses.grant(row.id)).state == "released"


PLANTS = {
    "credit grows beside its bonus": (
        (
            "update ledger_balance b set balance = balance + 1 from ledger_account a "
            "where a.id = b.account and a.kind = 'credit' and b.balance > 0"
        ),
        {"bonus-unbooked"},
    ),
    "a bonus grows beside its credit": (
        "update bonus_grant set amount = amount + 1 where state = 'active'",
        {"bonus-unbooked"},
    ),
    "a bonus says it lost what it has": (
        "update bonus_grant set burnt = burnt + 1 where state = 'active'",
        {"bonus-unbooked"},
    ),
    "a bonus says it released what it has": (
        "update bonus_grant set released = released + 1 where state = 'active'",
        {"bonus-unbooked", "bonus-released-otherwise"},
    ),
    "a bonus is somebody else's": (
        "update bonus_grant set client = gen_random_uuid() where state = 'active'",
        {"bonus-unbooked", "bonus-released-otherwise"},
    ),
    "a bonus is gone and its money is not": (
        "delete from bonus_grant where state = 'active'",
        {"bonus-unbooked", "bonus-released-otherwise"},
    ),
}


async def test_each_corruption_between_bonuses_and_ledger_is_named(market, customer, bonuses):
    await an_active_one(market, customer, bonuses, release="steps")
    await turnover.counted(market.opener(), await bonuses.traded(customer, "0.75"))

    assert await misnamed(market.house, market.tenant, PLANTS) == {}


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_its_pages_answer_client_and_staff(market, customer, bonuses, desk, language):
    row = await an_active_one(market, customer, bonuses)
    offered = await bonuses.campaign("second", last=0)
    room, staff = await customer.browser(), await desk()
    for browser in (room, staff):
        browser.http.cookies.set("language", language)

    for browser, path in (
        (room, "/bonuses"),
        (room, f"/bonuses/{row.id}"),
        (room, "/deposit"),
        (room, "/"),
        (room, "/withdraw/review?amount=100&currency=USD&to=card"),
        (staff, "/desk/bonuses"),
        (staff, "/desk/bonuses/campaigns/new"),
        (staff, f"/desk/bonuses/campaigns/{offered}"),
        (staff, f"/desk/bonuses/grants/{row.id}"),
        (staff, f"/desk/clients/{customer.id}/bonuses"),
        (staff, "/desk/bonuses?format=csv"),
    ):
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text[:500])
        assert len(page.content) < 100_000


async def test_a_campaign_is_made_and_put_live_by_its_form(market, customer, bonuses, desk):
    staff = await desk()
    made = await staff.post(
        "/desk/bonuses/campaigns",
        {
            "code": "spring",
            "title": "Spring",
            "percent": "20",
            "most": "100",
            "currency": "USD",
            "promo_code": "spring20",
            "symbols": "EUR*, XAUUSD",
            "ask": "true",
            "release": "steps",
            "burn": "pro-rata",
        },
    )
    assert made.status_code == 204, made.text
    where = made.headers["hx-redirect"]
    assert (await staff.post(f"{where}/live")).status_code == 204
    wrong = await staff.post(
        where, {"title": "Spring", "percent": "900", "most": "1", "currency": "USD"}
    )
    assert wrong.status_code == 422

    room = await customer.browser()
    taken = await room.post("/bonuses", {"promo": "Spring20"})
    nothing = await room.post("/bonuses", {"promo": "nobody"})

    assert taken.status_code == 204 and nothing.status_code == 422, (taken.text, nothing.text)


async def test_tiers_of_a_campaign_are_rows_and_what_is_wrong_is_said_at_its_field(
    market, bonuses, desk
):
    staff = await desk()
    typed = {
        "title": "By the lot", "code": "by-lot", "kind": "cashback", "most": "100",
        "currency": "USD", "tiers.0.from_lots": "0", "tiers.0.amount": "2",
    }  # fmt: skip
    path = "/desk/bonuses/campaigns"

    more = await staff.post(path, typed | {"_do": "add:tiers"})
    second = {"tiers.1.from_lots": "10", "tiers.1.amount": "3"}
    up = await staff.post(path, typed | second | {"_do": "up:tiers.1"})
    wrong = await staff.post(path, typed | second | {"tiers.1.amount": "2000"})
    nameless = await staff.post(path, typed | {"title": "x"})
    made = await staff.post(path, typed | second)

    assert more.status_code == 200 and 'name="tiers.1.from_lots"' in more.text
    assert 'value="By the lot"' in more.text and 'value="by-lot"' in more.text
    assert up.text.index('value="10"') < up.text.index('value="2"')
    assert wrong.status_code == 422 and 'id="f-tiers-1-amount-error"' in wrong.text
    assert 'value="2000"' in wrong.text and 'value="By the lot"' in wrong.text
    assert nameless.status_code == 422 and 'id="f-title-error"' in nameless.text
    assert made.status_code == 204, made.text
