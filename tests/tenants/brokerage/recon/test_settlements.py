"""Settlement files against what the stand-in providers really did (J7, steps 7 and 8)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from brokerage.payments.model import Deposit
from brokerage.recon import booking, breaks, proofs
from brokerage.recon.model import Break, LineMatch, OutsideLine, Proof

from .conftest import bring, finance, settlement_file


async def paid(market, customer, amounts) -> list[Deposit]:
    made = [await customer.paid(amount) for amount in amounts]
    return [await customer.deposit(one) for one in made]


async def open_breaks(market) -> list[Break]:
    async with market.opener()() as work:
        return list(
            await work.rows(select(Break).where(Break.state != "resolved").order_by(Break.kind))
        )


async def proof_of(market) -> Proof:
    await proofs.prove(market.opener())
    async with market.opener()() as work:
        found = await proofs.latest(work)
        assert found is not None
        return found


def a_row(proof: Proof, source: str) -> dict:
    return next(one for one in proof.rows if one["source"] == source)


async def test_a_true_file_matches_everything_and_leaves_only_its_fees(market, customer):
    made = await paid(market, customer, ["500.00", "80.00", "120.50", "64.00"])
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    for shop, psp in ((market.alpha, "alpha"), (market.beta, "beta")):
        content = await settlement_file(shop)
        if content.count(b"\n") > 1:
            row = await bring(market, content, psp=psp, until=tomorrow)
            assert (row.state, row.why) == ("done", None)
            assert row.matched == row.fresh == content.count(b"\n") - 1

    proof = await proof_of(market)
    for psp in {one.psp for one in made}:
        seen = a_row(proof, f"psp:{psp}")
        total = sum(one.amount for one in made if one.psp == psp)
        assert Decimal(seen["books"]) == total
        assert Decimal(seen["overlooked"]) == 0 and not seen["stale"]
        assert Decimal(seen["items"]) == total - Decimal(seen["evidence"]) > 0
    assert {one.kind for one in await open_breaks(market)} == {"fees"}


async def test_fees_are_booked_once_by_a_persons_word_and_then_all_agrees(market, customer):
    await paid(market, customer, ["500.00", "250.00"])
    files = {}
    for shop, psp in ((market.alpha, "alpha"), (market.beta, "beta")):
        content = await settlement_file(shop)
        if content.count(b"\n") > 1:
            files[psp] = await bring(market, content, psp=psp)

    for row in files.values():
        async with market.opener(finance())() as work:
            once = await booking.fees(work, row.id)
        async with market.opener(finance())() as work:
            again = await booking.fees(work, row.id)
        assert once == again

    proof = await proof_of(market)
    assert await open_breaks(market) == []
    for psp in files:
        assert a_row(proof, f"psp:{psp}")["books"] == a_row(proof, f"psp:{psp}")["evidence"]
        assert Decimal(a_row(proof, f"psp:{psp}")["items"]) == 0


async def test_three_missing_and_one_extra_are_exactly_these_breaks(market, customer):
    """J7, step 7: breaks with owner and age, suggested matches, nothing written off."""
    made = await paid(market, customer, [f"{100 + 7 * n}.00" for n in range(10)])
    psp = max(("alpha", "beta"), key=lambda code: sum(one.psp == code for one in made))
    shop = market.alpha if psp == "alpha" else market.beta
    mine = [one for one in made if one.psp == psp]
    assert len(mine) >= 4
    attempts = {one.id: (await customer.attempts(one.id))[-1] for one in mine}
    gone = mine[:3]
    content = await settlement_file(
        shop, omit=",".join(str(attempts[one.id].id) for one in gone), extra="33.30:USD"
    )
    today = {"since": datetime.now(UTC) - timedelta(days=1), "until": datetime.now(UTC)}
    row = await bring(market, content, psp=psp, **today)
    assert row.state == "done" and row.matched == len(mine) - 3

    found = [one for one in await open_breaks(market) if one.kind != "fees"]

    missing = [one for one in found if one.kind == "not-outside"]
    extra = [one for one in found if one.kind == "not-in-books"]
    assert sorted(one.amount for one in missing) == sorted(one.amount for one in gone)
    assert {one.entry for one in missing} == {one.entry for one in gone}
    assert [one.amount for one in extra] == [Decimal("-33.30")]
    assert len(found) == 4
    seen = a_row(await proof_of(market), f"psp:{psp}")
    assert Decimal(seen["overlooked"]) == 0
    assert Decimal(seen["books"]) == sum(one.amount for one in mine)

    owner = finance()
    async with market.opener(owner)() as work:
        told = await breaks.explain(work, extra[0].id, "provider-error", "Asked Alpha about it")
    assert (told.state, told.owner, told.reason) == ("explained", owner.id, "provider-error")

    late = await settlement_file(shop)
    again = await bring(market, late, psp=psp, name="corrected.csv")
    assert (again.fresh, again.known) == (3, len(mine) - 3)
    left = [one for one in await open_breaks(market) if one.kind != "fees"]
    assert [one.id for one in left] == [extra[0].id]


async def test_the_same_file_twice_and_a_movement_told_twice_bring_nothing_new(market, customer):
    """T104."""
    made = await paid(market, customer, ["75.00", "95.00"])
    psp = made[0].psp
    shop = market.alpha if psp == "alpha" else market.beta
    content = await settlement_file(shop)
    first = await bring(market, content, psp=psp)

    second = await bring(market, content, psp=psp, name="renamed.csv")
    grown = await bring(market, content + b"\r\n", psp=psp, name="touched.csv")

    assert second.id == first.id
    assert (grown.state, grown.fresh, grown.known) == ("done", 0, first.lines)
    async with market.opener()() as work:
        lines = await work.rows(select(OutsideLine))
        matches = await work.rows(select(LineMatch))
    assert len(lines) == len(matches) == first.fresh


async def test_a_bad_line_far_down_leaves_nothing_behind(market, customer):
    """T104: all or nothing, with a report by line."""
    made = await paid(market, customer, ["60.00"])
    psp = made[0].psp
    head, *rows = (await settlement_file(market.alpha)).decode().splitlines()
    one = "txn_{n},2026-11-01 10:00:00,charge,10.00,0.14,9.86,usd,pi_{n},"
    rows = [one.format(n=n) for n in range(9_998)]
    rows.append("txn_bad,2026-13-45 10:00:00,charge,ten,0.00,0.00,usd,pi_bad,")
    rows.append("txn_7,2026-11-01 10:00:00,charge,10.00,0.14,9.86,usd,pi_7,")
    content = "\n".join([head, *rows]).encode()

    row = await bring(market, content, psp="alpha")

    assert row.state == "refused" and row.fresh == 0
    assert [(told[0], told[3]) for told in row.report] == [(10_000, True), (10_001, True)]
    async with market.opener()() as work:
        assert not await work.rows(select(OutsideLine))
    assert psp


async def test_a_movement_told_with_another_amount_refuses_the_file(market):
    head = "balance_transaction_id,created,reporting_category,gross,fee,net,currency,payment_intent_id,payment_metadata[id]"
    line = "txn_1,2026-11-01 10:00:00,charge,{gross},0.14,9.86,usd,pi_1,"
    await bring(market, f"{head}\n{line.format(gross='10.00')}\n".encode(), psp="alpha")

    row = await bring(market, f"{head}\n{line.format(gross='11.00')}\n".encode(), psp="alpha")

    assert row.state == "refused"
    assert row.report[0][0] == 2 and row.report[0][2] == {"was": "10.000000000000000000"}
