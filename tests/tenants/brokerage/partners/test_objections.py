"""Both sides' figures lined up deal by deal, the cause of each difference, and what a decision changes."""

import contextlib
import io
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import settings as pace
from hypothesis import strategies as st
from sqlalchemy import select

from brokerage.ledger import check
from brokerage.partners import payouts, rules
from brokerage.partners.model import Objection, Partner, Reward
from brokerage.partners.objecting import deciding, raising, sheets
from brokerage.partners.paying import drawing
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import placing, standings
from stoa.files import tabular
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound, Refusal
from stoa.tenancy.actor import Actor, Kind
from support.fixtures import staff

from .builders import a_partner, a_trade, a_trader, earned, imported, later, rewards, three

DESK = (str(Partners.VIEW), str(Partners.DECIDE), "clients:client:view")


def as_partner(work, partner):
    work.actor = Actor(Kind.CLIENT, id=partner, permissions=frozenset({str(Partners.OWN)}))


def sheet(*lines, head="Deal,Lots,Amount"):
    return "\n".join([head, *(",".join(str(cell) for cell in line) for line in lines)]).encode()


async def closing_deal(work, trader, **more):
    told = a_trade(trader.login, work.now, **more)
    await imported(work, trader, told)
    return told[1].deal


async def raised(work, partner, content, month=None):
    as_partner(work, partner)
    row = await raising.to_month(
        work, month or f"{work.now:%Y-%m}", content, name="mine.csv", says="my sheet says more"
    )
    await work.flush()
    return row


def by_deal(row):
    return {line["deal"]: line for line in row.lines}


def counted(row):
    return {one["cause"]: (one["count"], one["difference"]) for one in row.counted}


async def test_the_journeys_sheet_of_412_beside_our_397_is_three_deals_held_too_shortly(work):
    work.now = work.now.replace(day=15)
    tree = await three(work)
    deals = [(await closing_deal(work, tree.trader, lots="79.4"), "79.4", "397.00")]
    for _ in range(3):
        deal = await closing_deal(work, tree.trader, held_s=40)
        deals.append((deal, "1", "5.00"))

    row = await raised(work, tree.third, sheet(*deals, ("", "", "412.00")))

    assert (row.claimed, row.ours) == (412, 397)
    assert counted(row) == {"short": (3, "15"), "same": (1, "0")}
    assert {line["cause"] for line in row.lines} == {"short"}
    assert row.lines[0]["places"]["why"] == "held 40 s, the plan asks 120 s"
    assert row.due_at == work.now + timedelta(days=10)


async def test_each_difference_has_its_own_cause(work):
    work.now = work.now.replace(day=15)
    tree = await three(work)
    capped = await a_partner(work, rate="30")
    rich = await a_trader(work, capped)
    demo = await a_trader(work, capped, kind="demo")
    other = await a_trader(work, await a_partner(work))
    mine = await a_trader(work, capped)
    later(work, hours=1)
    cap = await closing_deal(work, rich)
    lots = await closing_deal(work, rich, lots="2", commission=Decimal(-100))
    late = a_trade(rich.login, work.now)[1].deal
    shown = await closing_deal(work, demo)
    foreign = await closing_deal(work, other)
    unlisted = await closing_deal(work, mine, lots="0.1", commission=Decimal(-100))
    twice = await closing_deal(work, mine, lots="0.2", commission=Decimal(-100))
    opening = a_trade(mine.login, work.now)
    await imported(work, mine, opening)
    nearer = await closing_deal(work, tree.trader)

    row = await raised(
        work,
        capped,
        sheet(
            (cap, 1, "30"), (lots, 3, "90"), (late, 1, "5"), (shown, 1, "5"), (foreign, 1, "5"),
            (twice, "0.2", "6"), (twice, "0.2", "6"), (opening[0].deal, 1, "5"),
        ),
    )  # fmt: skip
    causes = {deal: line["cause"] for deal, line in by_deal(row).items()}

    assert causes[cap] == "cap"
    assert causes[lots] == "lots"
    assert causes[late] == "not-yours"
    assert causes[shown] == "demo"
    assert causes[foreign] == "not-yours"
    assert causes[unlisted] == "missing"
    assert causes[twice] == "twice"
    assert causes[opening[0].deal] == "opening"
    assert nearer not in causes

    second = await raised(work, tree.sub, sheet((nearer, 1, "6.00")))
    assert by_deal(second)[nearer]["cause"] == "nearer"
    assert by_deal(second)[nearer]["places"] == {"below": "5", "rate": "6"}


async def test_a_rate_that_is_over_and_another_month_are_named(work):
    work.now = work.now.replace(day=15)
    partner = await a_partner(work, rate="7")
    trader = await a_trader(work, partner)
    row = await work.get(Partner, partner)
    later(work, hours=1)
    await closing_deal(work, trader)
    later(work, minutes=1)
    row.rates = {"per-lot": "5"}
    await standings.change(work, partner, since=work.now, own={"rates": row.rates})
    later(work, hours=1)
    now, work.now = work.now, work.now - timedelta(minutes=30)
    version = await closing_deal(work, trader)
    wrong = await closing_deal(work, trader)
    work.now = now + timedelta(days=30)
    elsewhere = await closing_deal(work, trader)

    told = await raised(
        work,
        partner,
        sheet((version, 1, "7.00"), (wrong, 1, "6.50"), (elsewhere, 1, "5.00")),
        month=f"{now:%Y-%m}",
    )

    lines = by_deal(told)
    assert (lines[version]["cause"], lines[version]["places"]["rate"]) == ("version", "7")
    assert (lines[wrong]["cause"], lines[wrong]["places"]["theirs"]) == ("rate", "6.5")
    assert lines[elsewhere]["cause"] == "month"


async def test_a_ratio_is_named_and_not_taken_for_the_cap(work):
    """It was told as the cap on our income, which had nothing to do with it."""
    work.now = work.now.replace(day=15)
    tree = await three(work)
    await standings.change(work, tree.third, since=work.now, ratio=Decimal("0.8"))
    deals = [await closing_deal(work, tree.trader, lots="10") for _ in range(3)]

    figures = ("50.00", "45.00", "40.00")
    row = await raised(work, tree.third, sheet(*zip(deals, (10, 10, 10), figures, strict=True)))

    lines = by_deal(row)
    assert lines[deals[0]]["cause"] == "ratio"
    assert lines[deals[0]]["places"] == {"ratio": "0.8"}
    assert lines[deals[1]]["cause"] == "other-ratio"
    assert lines[deals[1]]["places"] == {"theirs": "0.9", "ratio": "0.8"}
    assert counted(row)["same"] == (1, "0")


async def test_a_client_who_went_over_earns_the_other_one_and_nobody_is_named(work):
    work.now = work.now.replace(day=15)
    tree = await three(work)
    other = await a_partner(work)
    later(work, minutes=1)
    await placing.move(work, tree.third, parent=other)
    later(work, minutes=1)
    deal = await closing_deal(work, tree.trader)

    row = await raised(work, tree.master, sheet((deal, 1, "2.00")))

    line = by_deal(row)[deal]
    assert (line["cause"], line["ours"]) == ("moved", None)
    assert str(other) not in str(row.lines)


async def test_agreeing_adds_what_differs_as_a_line_that_is_recomputed_like_any_other(work):
    work.now = work.now.replace(day=15)
    tree = await three(work)
    await closing_deal(work, tree.trader, held_s=40)
    [mine] = [one for one in await rewards(work, tree.trader.client) if one.partner == tree.third]
    as_partner(work, tree.third)
    row = await raising.to_line(work, mine.id, claimed=None, says="it was a margin call of yours")
    assert row.lines[0]["theirs"] == "5"
    with pytest.raises(Conflict):
        await raising.to_line(work, mine.id, claimed=None, says="once more, please")

    work.actor = staff(*DESK)
    await deciding.say(work, row.id, "Which margin call?")
    await deciding.agree(work, row.id, lines=[0], why="the server closed it")
    await work.flush()

    assert (row.state, row.adjusted) == ("agreed", 5)
    assert (await earned(work, tree.trader.client))[tree.third] == 5
    lines = await work.rows(select(Reward).where(Reward.dispute == row.id))
    assert [(one.kind, one.amount, rules.recompute(one)) for one in lines] == [("adjustment", 5, 5)]
    assert (await work.get(Reward, mine.id)).amount == 0
    assert [one["what"] for one in row.story] == ["raised", "said", "agreed"]
    assert (await drawing.unpaid(work, [tree.third]))[tree.third].earned == 5
    assert [
        one for one in (await check.examine(work)).violations if one.invariant != "dated-ahead"
    ] == []
    with pytest.raises(Conflict):
        await deciding.agree(work, row.id, lines=[0], why="once more please")
    work.actor = staff(str(Partners.PAY))
    paid = await payouts.make(work, tree.third)
    assert paid is not None and paid.amount == 5


async def test_a_refusal_keeps_both_histories_and_changes_no_reward(work):
    work.now = work.now.replace(day=15)
    tree = await three(work)
    deal = await closing_deal(work, tree.trader)
    row = await raised(work, tree.third, sheet((deal, 1, "9.00")))
    before = await earned(work, tree.trader.client)

    work.actor = staff(*DESK)
    with pytest.raises(Invalid):
        await deciding.refuse(work, row.id, why="")
    await deciding.refuse(work, row.id, why="the plan says five")

    assert row.state == "refused"
    assert row.lines[0]["theirs"] == "9" and row.lines[0]["ours"] == "5"
    assert await earned(work, tree.trader.client) == before
    as_partner(work, tree.third)
    with pytest.raises(Conflict):
        await deciding.withdraw(work, row.id)


async def test_a_deal_we_know_nothing_of_is_not_adjusted(work):
    tree = await three(work)
    row = await raised(work, tree.third, sheet((987654321, 1, "9.00")))

    work.actor = staff(*DESK)
    with pytest.raises(Invalid, match="below theirs"):
        await deciding.agree(work, row.id, lines=[0], why="they insist")
    assert (await work.get(Objection, row.id)).state == "open"


async def test_a_partner_objects_to_their_own_rewards_alone(work):
    tree = await three(work)
    await closing_deal(work, tree.trader)
    rows = {one.partner: one.id for one in await rewards(work, tree.trader.client)}
    as_partner(work, tree.sub)

    for foreign in (rows[tree.third], rows[tree.master]):
        with pytest.raises(NotFound):
            await raising.to_line(work, foreign, claimed=None, says="it is mine")
    row = await raising.to_line(work, rows[tree.sub], claimed=Decimal(2), says="it should be two")
    as_partner(work, tree.third)
    for verb in (deciding.withdraw(work, row.id), deciding.say(work, row.id, "hello")):
        with pytest.raises(Refusal):
            await verb
    with pytest.raises(Denied):
        await deciding.agree(work, row.id, lines=[0], why="I agree with myself")


def workbook(*rows):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet("Mine")
    for at, cells in enumerate(rows):
        page.write_row(at, 0, cells)
    book.close()
    return out.getvalue()


def test_a_workbook_reads_like_the_same_sheet_as_text():
    rows = [(1001, 0.1, 412.12), (1002, 3, 1.1 + 2.2), (9007199254740991, 1, 5)]

    book = sheets.read(workbook(("Ticket", "Volume", "Rebate"), *rows))
    text = sheets.read(
        sheet(*((d, n, round(a, 2)) for d, n, a in rows), head="ticket,volume,rebate")
    )

    assert [(one.deal, one.lots, one.amount) for one in book] == [
        (one.deal, one.lots, one.amount) for one in text
    ]


@pytest.mark.parametrize(
    ("content", "amount"),
    [
        ("deal;importe\n1;5,00", "5.00"),
        ("deal;amount\n1;1.234,50", "1234.50"),
        ('deal,amount\n1,"1,234.50"', "1234.50"),
        ('deal,amount\n1,"1,234"', "1234"),
        ('deal,amount\n1,"5,25"', "5.25"),
        ("deal,amount\n#1,$5.00", "5.00"),
        ("deal,amount\nmt5-live:1,5.00 USD", "5.00"),
        ("deal\tamount\n1\t-3.5", "-3.5"),
        ("الصفقة,المبلغ\n١,٥٫٢٥", "5.25"),
    ],
)
def test_numbers_mean_what_was_meant(content, amount):
    [line] = sheets.read(content.encode())

    assert (line.deal, line.amount) == (1, Decimal(amount))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"   ", b"deal,amount", b"a,b\n1,2", b"deal,amount\nabc,5", b"deal,amount\n1,five",
        b"deal,amount\n-4,5", b"deal,lots,amount\n1,many,5", b"deal,amount\n99999999999999999999,5",
        b"deal,amount\n1,NaN", b"deal,amount\n1,1e999", b"%PDF-1.7", b"PK\x03\x04broken",
        b"\x00\x01\x02", b'deal,amount\n1,"5',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(content):
    with pytest.raises(Invalid):
        sheets.read(content)


def test_a_workbook_that_declares_entities_or_unpacks_to_too_much_is_refused(monkeypatch):
    good = workbook(("deal", "amount"), (1, 5))
    with zipfile.ZipFile(io.BytesIO(good)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + parts["xl/worksheets/sheet1.xml"].split(b"?>", 1)[1]
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, told in (parts | {"xl/worksheets/sheet1.xml": bomb}).items():
            book.writestr(name, told)
    with pytest.raises(Invalid):
        sheets.read(out.getvalue())
    monkeypatch.setattr(tabular, "_UNPACKED", 100)
    with pytest.raises(Invalid, match="unpacks"):
        sheets.read(good)


@pace(max_examples=300, deadline=None, database=None)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_no_bytes_bring_anything_but_lines_or_a_refusal(content):
    for made in (content, b"deal,amount\n" + content):
        try:
            lines = sheets.read(made)
        except Invalid:
            continue
        assert all(0 < one.deal < 2**63 and one.amount.is_finite() for one in lines)


GOOD = workbook(("deal", "amount"), (1, 5), (2, 7))


@pace(max_examples=200, deadline=None, database=None)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data):
    good = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        good[data.draw(st.integers(2, len(good) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(Invalid):
        sheets.read(bytes(good))
