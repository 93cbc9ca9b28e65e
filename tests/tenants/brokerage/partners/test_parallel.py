"""A parallel run: the earlier system's figures beside ours, by partner and by trade, changing nothing."""

import pytest
from sqlalchemy import func, select

from brokerage.partners.model import Partner, Reward
from brokerage.partners.parallel import runs, sheets
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.actor import Actor, Kind
from support import people
from support.web import signed_in

from .builders import a_trade, imported, later, three

DESK = (str(Partners.VIEW), str(Partners.EDIT), "clients:client:view")
HEAD = "Partner,Deal,Lots,Amount"


def file_of(*lines, head=HEAD):
    return "\n".join([head, *(",".join(str(cell) for cell in line) for line in lines)]).encode()


async def traded(work, tree, lots="10", **more):
    told = a_trade(tree.trader.login, work.now, lots=lots, **more)
    await imported(work, tree.trader, told)
    return told[1].deal


async def codes(work, *partners):
    return [(await work.get(Partner, one)).code for one in partners]


async def test_both_sums_stand_side_by_side_and_each_differing_trade_has_its_cause(work):
    work.now = work.now.replace(day=15)
    tree = await three(work)
    good, short = await traded(work, tree), await traded(work, tree, held_s=40)
    third, sub, master = await codes(work, tree.third, tree.sub, tree.master)
    content = file_of(
        (third.upper(), good, 10, "50.00"),
        (third, f"#{short}", 10, "50.00"),
        (sub, good, 10, "10.00"),
        ("old-ib", 77, 1, "5.00"),
        ("", "", "", "115.00"),
    )
    before = await work.value(select(func.count()).select_from(Reward))

    run = await runs.keep(work, f"{work.now:%Y-%m}", content, "old.csv")
    await work.flush()
    row, theirs = await runs.opened(work, run)
    found = {one.code: one for one in await runs.beside(work, row, theirs)}

    assert (found[third].theirs, found[third].ours) == (100, 50)
    assert runs.agree(found[sub]) and not runs.agree(found[third])
    assert (found[master].theirs, found[master].ours) == (0, 20)
    assert found["old-ib"].partner is None
    partner = await work.get(Partner, tree.third)
    lined = await runs.lined(work, row, partner, theirs[third])
    assert [(one["deal"], one["cause"]) for one in lined.lines] == [(short, "short")]
    top = await work.get(Partner, tree.master)
    missing = await runs.lined(work, row, top, [])
    assert [one["cause"] for one in missing.lines] == ["missing"]
    assert await work.value(select(func.count()).select_from(Reward)) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"deal,amount\n1,2",
        file_of(head="partner,amount"),
        file_of(("abc", "x1", 1, 2)),
        file_of(("abc", 1, 1, "much")),
        file_of(("abc", "", 1, 2)),
        b"\xff\xfe\x00",
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_and_not_kept(work, content):
    had = len(await runs.runs(work))

    with pytest.raises(Invalid):
        await runs.keep(work, "2026-10", content, "bad.csv")
    with pytest.raises(Invalid):
        await runs.keep(work, "2026", file_of(("abc", 1, 1, "2")), "bad.csv")

    assert len(await runs.runs(work)) == had


def test_codes_are_read_however_they_are_written():
    found = sheets.read(
        file_of((" ABC ", "srv:12", 1, "1"), ("abc", 13, 1, "2"), ("abd", 14, 1, "3"))
    )

    assert {code: len(lines) for code, lines in found.items()} == {"abc": 2, "abd": 1}
    assert found["abc"][0].server == "srv"


async def test_the_desk_compares_opens_and_takes_the_differences_along(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        tree = await three(work)
        work.now = now
        deal = await traded(work, tree)
        third = (await codes(work, tree.third))[0]
        owner, _ = await people.make_staff(work, ["Owner"])
        month = f"{work.now:%Y-%m}"
    desk = await signed_in(house, guild, owner, "desk")
    content = file_of((third, deal, 10, "45.00"))

    made = await desk.post(
        "/desk/partners/parallel", {"month": month}, files={"file": ("o.csv", content, "text/csv")}
    )
    assert made.status_code == 204, made.text[:400]
    run = made.headers["hx-redirect"]
    assert "o.csv" in (await desk.get("/desk/partners/parallel")).text
    page = await desk.get(run)
    assert page.status_code == 200 and third in page.text and len(page.text) < 100_000
    one = await desk.get(f"{run}/{third}")
    assert one.status_code == 200 and f"#{deal}" in one.text
    told = (await desk.get(f"{run}/export.csv")).text.splitlines()
    assert f"{third},mt5-live,{deal},EURUSD,45,50,5,rate" in told or any(
        line.startswith(f"{third},mt5-live,{deal},EURUSD,45") for line in told
    )
    assert (await desk.get(f"{run}/nobody")).status_code == 404
    async with house.door.open(guild, purpose="test") as work:
        work.actor = Actor(Kind.STAFF, id=owner.id, permissions=frozenset(DESK))
        with pytest.raises(NotFound):
            await runs.opened(work, tree.third)
