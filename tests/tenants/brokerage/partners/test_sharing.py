"""What partners give clients of their rewards: from a day on, once a period, never of what is not there."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from brokerage.ledger import accounts, check, posting, wallets
from brokerage.ledger import queries as ledger
from brokerage.partners import payouts
from brokerage.partners.model import Partner, PartnerPayout, Reward
from brokerage.partners.paying import closing, drawing, periods
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import recounting
from brokerage.partners.sharing import paying, rules, terms
from brokerage.partners.sharing.settings import Sharing
from stoa.identity.model import Person
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy.actor import Actor, Kind
from support import people
from support.fixtures import staff
from support.planting import misnamed
from support.web import signed_in

from .builders import AT_PAR, a_partner, a_person, a_trade, a_trader, earned, imported, later
from .test_calendar import by, month_end
from .test_clawing import paid, told

DESK = (str(Partners.VIEW), str(Partners.APPROVE), str(Partners.EDIT), "clients:client:view")


def at_work(work, monkeypatch, mode="automatic", **more):
    by(work, monkeypatch, sharing=Sharing(mode=mode, **more))


async def wish(work, partner, client, percent="40", **more):
    """As the partner themself; the house's own actor afterwards."""
    before, work.actor = (
        work.actor,
        Actor(Kind.CLIENT, id=partner, permissions=frozenset({str(Partners.OWN)})),
    )
    given = {"since": work.now, "cap": None} | more
    term = await terms.ask(work, client, percent=Decimal(percent), **given)
    await work.flush()
    work.actor = before
    return term


async def sharing(work, monkeypatch, percent="40", **more):
    """A partner at five a lot who shares with their one client, in the month's first days."""
    at_work(work, monkeypatch)
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    later(work, minutes=1)
    await wish(work, partner, trader.client, percent, **more)
    later(work, minutes=1)
    return partner, trader


async def traded(work, trader, lots="10"):
    later(work, minutes=20)
    await imported(work, trader, a_trade(trader.login, work.now, lots=lots))


def month_of(work):
    return periods.of_day("monthly", work.now.date(), "UTC")


async def month_over(work):
    """The month that was, with everything of it shared."""
    period = month_of(work)
    work.now = month_end(work) + timedelta(hours=1)
    await paying.share(work, period)
    await work.flush()
    return period


async def has(work, client):
    return (await wallets.available(work, client, "USD")).amount


async def laws(work):
    wrong = (await check.examine(work)).violations
    return [one for one in wrong if one.invariant != "dated-ahead"]


async def test_a_share_leaves_the_partner_and_reaches_the_client_once(work, monkeypatch):
    partner, trader = await sharing(work, monkeypatch)
    await traded(work, trader)

    period = await month_over(work)
    assert await paying.share(work, period) == (0, None)

    assert await has(work, trader.client) == 20
    assert (await earned(work, trader.client))[partner] == 30
    assert (await drawing.unpaid(work, [partner]))[partner].exact == 30
    [line] = await work.rows(
        select(Reward).where(Reward.kind == "shared", Reward.partner == partner)
    )
    assert line.found_by == "40 % of 50.00 USD" and line.deal_at < period.end
    [moved] = await ledger.movements(work, trader.client)
    assert (moved.kind.label, moved.amount.amount) == ("Share of your partner", 20)
    assert await laws(work) == []


async def test_the_share_and_the_payout_together_are_what_was_earned(work, monkeypatch):
    by(work, monkeypatch, payout_minimum=Decimal(1))
    partner, trader = await sharing(work, monkeypatch, "33")
    await traded(work, trader, "1.01")
    period = await month_over(work)
    await closing.close(work, period)
    await work.flush()
    await payouts.pay_due(work)

    [row] = await work.rows(select(PartnerPayout).where(PartnerPayout.partner == partner))
    # 5.05, of it 1.6665 rounded down: the client has 1.66 and the partner the rest.
    assert await has(work, trader.client) == Decimal("1.66")
    assert row.earned == Decimal("3.39") and row.amount == Decimal("3.39")
    assert await has(work, partner) == Decimal("3.39")
    assert await laws(work) == []


async def test_what_is_cut_by_rounding_comes_with_a_later_period(work, monkeypatch):
    partner, trader = await sharing(work, monkeypatch, "33")
    await traded(work, trader, "1.01")
    await month_over(work)
    await traded(work, trader, "1.01")
    await month_over(work)

    assert await has(work, trader.client) == Decimal("3.33")  # of 10.10
    assert (await earned(work, trader.client))[partner] == Decimal("6.77")


async def test_deals_before_the_day_and_after_the_end_are_not_shared(work, monkeypatch):
    at_work(work, monkeypatch)
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    await traded(work, trader)
    await wish(work, partner, trader.client, since=work.now + timedelta(hours=1))
    await traded(work, trader)
    later(work, hours=1)
    await traded(work, trader, "2")
    await terms.stop(work, partner, trader.client)
    await work.flush()
    await traded(work, trader, "4")
    await month_over(work)

    assert await has(work, trader.client) == 4
    with pytest.raises(Conflict):
        await terms.stop(work, partner, trader.client)


async def test_another_part_from_a_day_on_takes_the_place_of_the_one_before(work, monkeypatch):
    partner, trader = await sharing(work, monkeypatch)
    await traded(work, trader)
    await wish(work, partner, trader.client, "10")
    await traded(work, trader)
    await month_over(work)

    assert await has(work, trader.client) == 20 + 5
    assert await laws(work) == []


async def test_a_limit_holds_in_each_period_and_what_it_cut_is_gone(work, monkeypatch):
    partner, trader = await sharing(work, monkeypatch, cap=Decimal(15))
    await traded(work, trader)
    await month_over(work)
    assert await has(work, trader.client) == 15

    await traded(work, trader, "1")
    await month_over(work)

    assert await has(work, trader.client) == 17
    assert partner and await laws(work) == []


async def test_nothing_is_shared_from_less_than_nothing(work, monkeypatch):
    """The partner was paid, and a payment of another client was taken back afterwards."""
    at_work(work, monkeypatch)
    partner = await a_partner(work)
    bad, good = await a_trader(work, partner), await a_trader(work, partner)
    deposit = await paid(work, bad.client)
    await wish(work, partner, good.client)
    later(work, hours=1)
    await traded(work, bad, "100")
    row = await payouts.make(work, partner)
    assert row.amount == 500
    await work.flush()
    await traded(work, good)
    await told(work, deposit, "lost")
    assert (await drawing.unpaid(work, [partner]))[partner].exact < 0

    await month_over(work)
    assert await has(work, good.client) == 0
    await traded(work, good, "90")
    await traded(work, good, "1")
    period = await month_over(work)

    assert await has(work, good.client) == 5
    assert (await drawing.unpaid(work, [partner]))[partner].exact == 0
    assert await paying.share(work, period) == (0, None)
    assert await laws(work) == []


async def test_what_is_taken_back_of_the_partner_comes_back_from_the_client(work, monkeypatch):
    partner, trader = await sharing(work, monkeypatch)
    deposit = await paid(work, trader.client)
    later(work, hours=1)
    await traded(work, trader)
    await month_over(work)
    before = await has(work, trader.client)
    assert before == 520

    await told(work, deposit, "lost")
    left = await has(work, trader.client)
    assert (await earned(work, trader.client))[partner] == -20
    await month_over(work)

    assert left - await has(work, trader.client) == 20
    assert (await earned(work, trader.client))[partner] == 0
    assert await laws(work) == []


async def test_no_more_comes_back_than_the_client_has(work, monkeypatch):
    partner, trader = await sharing(work, monkeypatch)
    await traded(work, trader)
    await month_over(work)
    wallet = accounts.client_wallet(work, trader.client, "USD")
    house = accounts.house(work, "adjustments", "USD")
    await posting.post(
        work,
        operation=f"test:{trader.client}",
        kind="test",
        legs=posting.moving(wallet, house, Money(Decimal(13), "USD")),
    )
    work.actor = staff(str(Partners.EDIT), str(Partners.PAY), "clients:client:view")
    await work.run(text("update partner_standing set ratio = 0 where partner = :p"), {"p": partner})
    first = datetime(work.now.year, work.now.month, 1, tzinfo=UTC) - timedelta(days=40)
    await recounting.recount(work, first, work.now, rates=AT_PAR, why="a wrong ratio")
    await month_over(work)

    assert await has(work, trader.client) == 0
    assert (await earned(work, trader.client))[partner] == -13
    assert await laws(work) == []


async def test_staff_look_first_where_the_tenant_says_so(work, monkeypatch):
    at_work(work, monkeypatch, "approved")
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    term = await wish(work, partner, trader.client)
    assert term.state == "asked"
    await traded(work, trader)
    [waiting] = [one for one in await terms.listed(work) if one.partner == partner]
    with pytest.raises(Denied):
        work.actor = staff(str(Partners.VIEW), "clients:client:view")
        await terms.decide(work, partner, trader.client, term.key, agreed=True, why="")

    work.actor = staff(*DESK, str(Partners.PAY))
    found = await terms.decide(work, partner, trader.client, waiting.key, agreed=True, why="")
    await work.flush()
    await traded(work, trader, "1")
    with pytest.raises(Conflict):
        await terms.decide(work, partner, trader.client, term.key, agreed=True, why="")
    await month_over(work)

    # A wish does not count before the yes.
    assert found.state == "active" and await has(work, trader.client) == 2


async def test_one_person_under_two_names_waits_for_staff_and_gets_nothing_by_itself(
    work, monkeypatch
):
    partner, trader = await sharing(work, monkeypatch)
    await traded(work, trader)
    same = "update client set phone_blind = '\\x0102'::bytea where id = any(:ids)"
    await work.run(text(same), {"ids": [partner, trader.client]})
    again = await wish(work, partner, trader.client, "10")
    await month_over(work)

    assert again.state == "asked" and await has(work, trader.client) == 0


async def test_only_ones_own_clients_and_only_what_can_be(work, monkeypatch):
    at_work(work, monkeypatch, percent_most=Decimal(50))
    partner, other = await a_partner(work), await a_partner(work)
    mine, theirs = await a_trader(work, partner), await a_trader(work, other)

    for client in (theirs.client, await a_person(work), partner):
        with pytest.raises(NotFound):
            await wish(work, partner, client)
    for percent in ("0", "-1", "51", "NaN"):
        with pytest.raises(Invalid):
            await wish(work, partner, mine.client, percent)
    with pytest.raises(Invalid):
        await wish(work, partner, mine.client, cap=Decimal(0))
    with pytest.raises(Invalid):
        await wish(work, partner, mine.client, since=work.now - timedelta(days=1))
    at_work(work, monkeypatch, "off")
    with pytest.raises(Denied):
        await wish(work, partner, mine.client)


@pytest.mark.parametrize(
    ("net", "given", "forgone", "unpaid", "wallet", "pay", "left"),
    [
        ("100", "0", "0", "100", "0", "40", "0"),
        ("100", "40", "0", "100", "0", "0", "0"),
        ("100", "0", "0", "12.345", "0", "12.34", "0"),
        ("100", "0", "0", "-5", "0", "0", "0"),
        ("-100", "0", "0", "100", "0", "0", "0"),
        ("50", "40", "0", "100", "100", "-20", "0"),
        ("50", "40", "0", "100", "7.005", "-7", "0"),
        ("50", "10", "30", "100", "100", "0", "10"),
        ("0", "40", "10", "0", "1000", "-40", "0"),
    ],
)
def test_what_is_due_is_of_the_whole_time(net, given, forgone, unpaid, wallet, pay, left):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    term = rules.Term(key="k", percent=Decimal(40), since=at, asked_at=at)

    found = rules.due(
        term,
        "USD",
        net=Decimal(net),
        given=Decimal(given),
        forgone=Decimal(forgone),
        unpaid=Decimal(unpaid),
        wallet=Decimal(wallet),
    )

    assert (found.pay, found.forgone) == (Decimal(pay), Decimal(left))


async def test_the_laws_name_a_share_that_was_not_booked_or_booked_twice(house, guild, monkeypatch):
    async with house.door.open(guild, purpose="test") as work:
        later(work, hours=-6)
        _, trader = await sharing(work, monkeypatch)
        await traded(work, trader)
        await paying.share(work, month_of(work))
        await work.flush()
        assert await has(work, trader.client) == 20
    plants = {
        "taken and not given": (
            "update entry set operation = 'gone:' || id where operation like 'partner-share:%'",
            {"share-unbooked"},
        ),
        "given and not taken": ("delete from reward where kind = 'shared'", {"share-unbooked"}),
        "more taken than given": (
            "update reward set amount = amount - 1, base = base - 1 where kind = 'shared'",
            {"share-unbooked"},
        ),
        "given of nothing": ("delete from reward where kind <> 'shared'", {"share-beyond"}),
    }

    assert await misnamed(house, guild, plants) == {}


async def test_the_pages_ask_agree_and_show(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        later(work, hours=-2)
        partner = await a_partner(work)
        trader = await a_trader(work, partner)
        owner, _ = await people.make_staff(work, ["Owner"])
        person = await work.get(Person, partner)
        assert (await work.get(Partner, partner)).state == "active"
    room = await signed_in(house, guild, person, "room")
    desk = await signed_in(house, guild, owner, "desk")

    page = await room.get("/partner/sharing")
    assert page.status_code == 200 and str(trader.client) in page.text
    assert "Ines Duarte" not in page.text.split("<main", 1)[1]
    wanted = {"client": str(trader.client), "percent": "25", "cap": "200"}
    asked = await room.post("/partner/sharing", wanted)
    assert asked.status_code == 204, asked.text[:300]
    shares = await desk.get("/desk/partners/shares")
    assert shares.status_code == 200 and "200.00" in shares.text
    assert "25 %" in (await desk.get("/desk/approvals")).text
    async with house.door.open(guild, purpose="test") as work:
        [row] = [one for one in await terms.listed(work) if one.client == trader.client]
    path = f"/desk/partners/shares/{partner}/{trader.client}"
    assert (await desk.post(f"{path}/agree", {"key": row.key})).status_code == 204
    assert (await desk.get("/desk/partners/shares")).status_code == 200
    again = await room.post("/partner/sharing", {"client": str(trader.client), "percent": "12.5"})
    assert again.status_code == 204
    assert (await desk.get("/desk/partners/shares")).status_code == 200
    assert (await desk.post(f"{path}/refuse", {"key": row.key, "reason": "no"})).status_code in (
        409,
        422,
    )
    assert (await room.get("/partner/sharing")).status_code == 200
    assert (await room.post(f"/partner/sharing/{trader.client}/stop")).status_code == 204
    assert (await room.get("/partner/sharing")).status_code == 200
