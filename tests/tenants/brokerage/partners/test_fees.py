"""Fees that are no deal's: told once, rewarded, explained, counted again and given back like deals."""

import secrets
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from brokerage.ledger import check, rates
from brokerage.ledger.hooks import Mid
from brokerage.partners import rules, statements
from brokerage.partners.fees import booking, recounting, sheets
from brokerage.partners.model import PartnerFee, Reward
from brokerage.partners.paying.periods import Period
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import Amount, Cap, PartnerSettings, Plan, RewardRule, When
from brokerage.partners.tree import partners
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from support import people
from support.fixtures import staff
from support.planting import misnamed
from support.web import signed_in

from .builders import a_person, a_trade, a_trader, imported, later, rewards
from .test_clawing import paid, told

PLAN = Plan(
    code="standard",
    label="Standard",
    rewards=(
        RewardRule(kind="per-lot", rate=Amount(amount=Decimal(5))),
        RewardRule(kind="fee-share", percent=Decimal(10), when=When(source=("prop", "pamm"))),
        RewardRule(kind="fee-share", percent=Decimal(2), when=When(source=("copy",))),
    ),
    cap=Cap(percent_of_income=80),
)
SETTINGS = PartnerSettings(plans=(PLAN,), payout_minimum=Decimal(1))


@pytest.fixture(scope="module")
async def guild(house):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await settings.put(work, "partners", SETTINGS, why="a test")
    return tenant


async def tree_of(work):
    """A master with a fifth of fees, a partner with the plan's tenth, and a client of theirs."""
    master = (
        await partners.enrol(work, await a_person(work), rates={"per-lot": "8", "fee-share": "20"})
    ).id
    partner = (await partners.enrol(work, await a_person(work), parent=master)).id
    trader = await a_trader(work, partner)
    later(work, hours=1)
    return master, partner, trader


def fact(work, trader, amount="100", **more):
    usual = {
        "kind": "prop",
        "reference": secrets.token_hex(6),
        "client": trader.client,
        "currency": "USD",
        "at": work.now,
        "account": trader.account,
    }
    return booking.Fact(amount=Decimal(amount), **(usual | more))


async def of_fee(work, row):
    found = await work.rows(
        select(Reward).where(Reward.deal == row.number, Reward.server == row.kind)
    )
    sums = {}
    for one in found:
        assert rules.recompute(one) == one.amount
        sums[one.partner] = sums.get(one.partner, 0) + one.amount
    return sums


async def test_a_fee_is_shared_by_the_plan_of_its_source_up_the_tree(work):
    master, partner, trader = await tree_of(work)

    [prop, copy, other], fresh = await booking.tell(
        work,
        [
            fact(work, trader),
            fact(work, trader, kind="copy", amount="50"),
            fact(work, trader, kind="other"),
        ],
    )

    assert fresh == 3
    assert await of_fee(work, prop) == {partner: 10, master: 10}
    assert await of_fee(work, copy) == {partner: 1, master: 9}
    # No plan names this source.
    assert await of_fee(work, other) == {}
    assert (await check.examine(work)).violations == []


async def test_told_again_nothing_is_added_and_other_words_are_refused(work):
    _, partner, trader = await tree_of(work)
    one = fact(work, trader)
    [row], _ = await booking.tell(work, [one])
    before = await of_fee(work, row)

    [again], fresh = await booking.tell(work, [one])

    assert (again.id, fresh) == (row.id, 0) and await of_fee(work, row) == before
    with pytest.raises(Conflict, match="names another"):
        await booking.tell(
            work, [fact(work, trader, amount="101", reference=one.reference, at=one.at)]
        )
    with pytest.raises(Invalid, match="twice"):
        twice = fact(work, trader)
        await booking.tell(work, [twice, twice])
    assert before[partner] == 10


async def test_a_fee_counted_again_differs_only_where_the_tree_did(work):
    _, partner, trader = await tree_of(work)
    facts = [fact(work, trader), fact(work, trader, amount="30", kind="pamm")]
    rows, _ = await booking.tell(work, facts)
    first, last = work.now - timedelta(hours=1), work.now + timedelta(hours=1)

    assert await recounting.recount(work, first, last, why="again") == 0
    victim = await work.first(
        select(Reward).where(Reward.deal == rows[0].number, Reward.partner == partner)
    )
    await work.run(
        text("update partner_standing set ratio = 0.5 where partner = :p"), {"p": partner}
    )
    assert await recounting.recount(work, first, last, why="a ratio of then") == 2
    assert (await of_fee(work, rows[0]))[partner] == 5
    assert await recounting.recount(work, first, last, why="again") == 0
    assert victim.amount == 10
    assert (await check.examine(work)).violations == []


async def test_a_fee_given_back_earns_nothing_and_says_why(work):
    master, partner, trader = await tree_of(work)
    [row], _ = await booking.tell(work, [fact(work, trader)])

    await booking.undo(work, row.id, why="challenge refunded")

    assert await of_fee(work, row) == {partner: 0, master: 0}
    lines = [one for one in await rewards(work, trader.client) if one.turn]
    assert {one.cause for one in lines} == {"fee given back: challenge refunded"}
    with pytest.raises(Conflict):
        await booking.undo(work, row.id, why="again")
    assert (await check.examine(work)).violations == []


async def test_what_waits_for_the_engine_or_a_rate_is_counted_by_the_sweep(work):
    _, partner, trader = await tree_of(work)
    [row], _ = await booking.tell(work, [fact(work, trader, currency="BHD", amount="100")])
    await work.session.refresh(row)
    assert row.fx is None and await of_fee(work, row) == {}

    await rates.store(work, [Mid(base="BHD", quote="USD", rate=Decimal("1.1"))], "a test")
    assert await booking.count(work) == 1
    assert (await of_fee(work, row))[partner] == 11
    assert await booking.count(work) == 0

    work.actor = staff(str(Partners.EDIT), str(Partners.FEES), "clients:client:view")
    await rates.store(work, [Mid(base="BHD", quote="USD", rate=Decimal("1.2"))], "a test")
    first = work.now - timedelta(hours=1)
    assert await recounting.recount(work, first, work.now + timedelta(hours=1), why="x") == 0


async def test_a_disputed_payment_takes_the_share_of_fees_along(work):
    _, partner, trader = await tree_of(work)
    deposit = await paid(work, trader.client)
    later(work, hours=1)
    [row], _ = await booking.tell(work, [fact(work, trader)])

    await told(work, deposit, "lost")

    assert (await of_fee(work, row))[partner] == 0
    assert (await check.examine(work)).violations == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"amount": "0"}, Invalid),
        ({"amount": "-5"}, Invalid),
        ({"amount": "NaN"}, Invalid),
        ({"amount": "1.001"}, Invalid),
        ({"currency": "XQX"}, Invalid),
        ({"kind": "bribe"}, Invalid),
        ({"reference": " "}, Invalid),
        ({"client": "nobody"}, NotFound),
        ({"account": "another"}, Invalid),
        ({"at": "tomorrow"}, Invalid),
    ],
)
async def test_what_cannot_be_is_refused_and_keeps_nothing(work, more, why):
    _, _, trader = await tree_of(work)
    places = {
        "nobody": uuid7(),
        "another": uuid7(),
        "tomorrow": work.now + timedelta(days=1),
    }
    good, bad = (
        fact(work, trader),
        fact(work, trader, **{k: places.get(v, v) for k, v in more.items()}),
    )

    with pytest.raises(why):
        await booking.tell(work, [good, bad])

    assert await work.value(select(func.count()).where(PartnerFee.client == trader.client)) == 0
    with pytest.raises(Denied):
        work.actor = Actor(Kind.STAFF, id=trader.client, permissions=frozenset())
        await booking.tell(work, [good])


async def test_a_file_is_read_whole_or_refused_by_its_line(work):
    _, partner, trader = await tree_of(work)
    head = "kind,reference,login,amount,currency,time"
    at = work.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    good = (
        f"{head}\nprop,A-1,{trader.login},100.50,USD,{at}\n\ncopy,A-2,{trader.login},20,usd,{at}\n"
    )

    facts = await sheets.read(work, good.encode())

    assert [(one.kind, one.amount, one.currency) for one in facts] == [
        ("prop", Decimal("100.50"), "USD"),
        ("copy", Decimal(20), "USD"),
    ]
    rows, fresh = await booking.tell(work, facts)
    assert fresh == 2 and (await of_fee(work, rows[0]))[partner] == Decimal("10.05")
    for bad in (
        b"",
        b"a,b,c\n1,2,3",
        f"{head}\n".encode(),
        f"{head}\nprop,A-3,999,1,USD,{at}".encode(),
        f"{head}\nprop,A-3,{trader.login},one,USD,{at}".encode(),
        f"{head}\nprop,A-3,{trader.login},1,USD,yesterday".encode(),
    ):
        with pytest.raises(Invalid):
            await sheets.read(work, bad)


async def test_the_desk_tells_a_fee_shows_what_it_earned_and_gives_it_back(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        later(work, hours=-2)
        _, partner, trader = await tree_of(work)
        owner, _ = await people.make_staff(work, ["Owner"])
        person = await work.get(Person, partner)
    desk = await signed_in(house, guild, owner, "desk")
    form = {
        "kind": "prop",
        "reference": "C-77",
        "login": str(trader.login),
        "amount": "100",
        "currency": "USD",
    }

    made = await desk.post("/desk/partners/fees", form)

    assert made.status_code == 204, made.text[:500]
    fee = made.headers["hx-redirect"]
    page = await desk.get(fee)
    assert page.status_code == 200 and "C-77" in page.text
    assert "C-77" in (await desk.get("/desk/partners/fees")).text
    async with house.door.open(guild, purpose="test") as work:
        [mine] = [one for one in await rewards(work, trader.client) if one.partner == partner]
    room = await signed_in(house, guild, person, "room")
    shown = await room.get(f"/partner/rewards/{mine.id}")
    assert shown.status_code == 200 and "C-77" in shown.text
    content = f"kind,reference,login,amount,currency,time\npamm,F-1,{trader.login},5,USD,2026-11-01T00:00:00Z"
    uploaded = await desk.post(
        "/desk/partners/fees/file", {}, files={"file": ("f.csv", content.encode(), "text/csv")}
    )
    assert uploaded.status_code in (204, 400, 422)
    assert (await desk.post(f"{fee}/undo", {"reason": "refunded"})).status_code == 204
    assert (await desk.post(f"{fee}/undo", {"reason": "refunded"})).status_code == 409
    assert "refunded" in (await desk.get(fee)).text


async def test_a_statement_and_the_list_name_a_fee_which_is_no_deal(house, guild):
    """Its line once broke the paper of every month in which a fee had earned something."""
    async with house.door.open(guild, purpose="test") as work:
        _, partner, trader = await tree_of(work)
        [row], _ = await booking.tell(work, [fact(work, trader)])
        assert (await of_fee(work, row))[partner] == 10
        day = timedelta(days=1)
        person = await work.get(Person, partner)

        paper = await statements.gather(
            work, partner, Period("a while", row.at - day, row.at + day)
        )

        codes = statements.months(work, row.at)
    assert [line[1] for line in paper["lines"]] == ["Fee of a challenge"]
    room = await signed_in(house, guild, person, "room")
    for code in codes:
        answer = await room.get(f"/partner/statements/{code}")
        assert answer.content[:5] == b"%PDF-", answer.text[:300]
    listed = await room.get("/partner/rewards", headers={"accept": "text/html"})
    assert "Fee of a challenge" in listed.text
    assert ">prop<" not in listed.text


async def test_the_law_names_what_is_earned_on_no_fee(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        _, _, trader = await tree_of(work)
        work.now = now
        [row], _ = await booking.tell(work, [fact(work, trader)])
        assert sum((await of_fee(work, row)).values()) == 20
    plants = {
        "a fee that is gone": ("delete from partner_fee", {"fee-reward"}),
        "a fee given back that earns": (
            "update partner_fee set undone_at = now(), why = 'x'",
            {"fee-reward"},
        ),
    }

    assert await misnamed(house, guild, plants) == {}


async def test_a_deal_and_a_fee_live_side_by_side(work):
    _, partner, trader = await tree_of(work)
    await imported(work, trader, a_trade(trader.login, work.now, lots="1"))
    await booking.tell(work, [fact(work, trader)])

    mine = [one for one in await rewards(work, trader.client) if one.partner == partner]

    assert {one.kind: one.amount for one in mine} == {"per-lot": 5, "fee-share": 10}
