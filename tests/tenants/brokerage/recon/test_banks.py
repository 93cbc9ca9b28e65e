"""Bank statements against the books: wires credited once, everything else waits for a person."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from brokerage.ledger import accounts, posting
from brokerage.ledger.model import Entry, Leg
from brokerage.payments.model import Deposit, PaymentAttempt, Unresolved
from brokerage.recon import banks, booking, matches, proofs, rules, suggestions, wires
from brokerage.recon.model import Break, LineMatch, OutsideFile, OutsideLine
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid

from .conftest import IBAN, a_bank, bring, finance
from .statements import MT940, Moved, camt053


def day(back: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(days=back)).date().isoformat()


async def waited_for(market, customer, amount: str, currency: str = "USD") -> Deposit:
    """A wire a client was told to send: its reference is on the client's page."""
    async with market.opener()() as work:
        row = Deposit(
            id=uuid7(),
            reference=reference("D"),
            client=customer.id,
            method="bank",
            amount=Decimal(amount),
            currency=currency,
            fee=Decimal(0),
            state="waiting",
            psp="wire",
            started_at=work.now - timedelta(days=2),
            expires_at=work.now + timedelta(days=10),
        )
        work.add(row)
        await work.flush()
        work.add(
            PaymentAttempt(
                id=uuid7(),
                deposit=row.id,
                number=1,
                psp="wire",
                state="open",
                decision={},
                reference=rules.structured(row.reference),
                asked_at=work.now,
            )
        )
    return row


async def lines_of(market) -> list[OutsideLine]:
    async with market.opener()() as work:
        return list(await work.rows(select(OutsideLine).order_by(OutsideLine.line)))


async def balance(market, code: str, currency: str = "USD") -> Decimal:
    async with market.opener()() as work:
        account = accounts.house(work, code, currency)
        total = await work.value(select(func.sum(Leg.amount)).where(Leg.account == account.id))
        return -(total or Decimal(0))


async def test_a_wire_with_our_reference_is_credited_once_by_statement_and_advice(market, customer):
    await a_bank(market)
    one = await waited_for(market, customer, "300.00")
    two = await waited_for(market, customer, "120.00")
    moved = [
        Moved("300.00", structured=rules.structured(one.reference), ref="B1", day=day()),
        Moved("120.00", text=f"pmt {two.reference.lower()} thx", ref="B2", day=day()),
    ]

    advice = await bring(market, camt053(moved, account=IBAN, kind="054", day=day()))
    statement = await bring(market, camt053(moved, account=IBAN, day=day()))

    assert (advice.state, advice.matched) == ("done", 2)
    assert (statement.state, statement.fresh, statement.known) == ("done", 0, 2)
    for row in (one, two):
        assert (await customer.deposit(row.id)).state == "credited"
    assert await customer.available() == Decimal("420.00")
    assert await balance(market, "bank:usd-clients") == Decimal("420.00")
    assert await balance(market, "psp:wire") == 0
    await proofs.prove(market.opener())
    async with market.opener()() as work:
        found = await proofs.latest(work)
        assert await work.count(select(Break).where(Break.side == "bank")) == 0
    assert found is not None
    (bank,) = [one for one in found.rows if one["source"] == "bank:usd-clients"]
    assert Decimal(bank["books"]) == Decimal(bank["evidence"]) == Decimal("420.00")


async def test_less_and_twice_go_to_the_queue_with_their_money_in_suspense(market, customer):
    await a_bank(market)
    row = await waited_for(market, customer, "300.00")
    short = Moved("290.00", text=row.reference, ref="B1", day=day())
    again = Moved("300.00", text=row.reference, ref="B2", day=day())

    await bring(market, camt053([short, again], account=IBAN, day=day()))

    assert await customer.available() == 0
    async with market.opener()() as work:
        waiting = {one.problem: one for one in await work.rows(select(Unresolved))}
    assert set(waiting) == {"under-paid", "second-payment"}
    assert waiting["under-paid"].amount == Decimal("290.00")
    assert await balance(market, "bank:usd-clients") == Decimal("590.00")
    assert await balance(market, "suspense") == Decimal("-590.00")
    assert all(not one.open for one in await lines_of(market))


async def test_an_unknown_account_refuses_the_file_and_taking_it_in_later_works(market):
    content = camt053([Moved("10.00", day=day())], account=IBAN, day=day())

    refused = await bring(market, content)
    assert (refused.state, refused.fresh) == ("refused", 0)
    assert refused.report[0][2]["account"] == IBAN
    await a_bank(market)
    taken = await bring(market, content)

    assert taken.id == refused.id and (taken.state, taken.fresh) == ("done", 1)


async def test_mt940_feeds_the_same_account(market):
    await a_bank(market)

    row = await bring(market, MT940.format(account=IBAN, text="hello").encode())

    assert (row.kind, row.state, row.fresh) == ("mt940", "done", 2)
    lines = await lines_of(market)
    assert [str(one.amount.normalize()) for one in lines] == ["2.5E+2", "-40.5"]


async def test_a_line_without_a_reference_is_suggested_with_reasons_and_credited_on_a_click(
    market, customer
):
    """PSP-18."""
    await a_bank(market)
    row = await waited_for(market, customer, "250.00")
    await waited_for(market, customer, "900.00")
    moved = [Moved("250.00", text="my deposit", name="DUARTE INES", ref="B1", day=day())]
    await bring(market, camt053(moved, account=IBAN, day=day()))
    (line,) = await lines_of(market)

    async with market.opener()() as work:
        found = await suggestions.of(work, line)
    assert [one.id for one in found] == [row.id]
    assert found[0].fit.score >= 70
    assert "same amount" in [text for text, _ in found[0].fit.reasons]
    assert await customer.available() == 0

    async with market.opener(finance())() as work:
        await wires.choose(work, line.id, row.id)
    assert await customer.available() == Decimal("250.00")
    with pytest.raises(Conflict):
        async with market.opener(finance())() as work:
            await wires.choose(work, line.id, row.id)
    assert await customer.available() == Decimal("250.00")


async def _posted(market, amount: str, code: str = "bank:usd-clients") -> UUID:
    """An entry that put money on the bank account: what a line may turn out to be."""
    async with market.opener()() as work:
        money = Money(Decimal(amount), "USD")
        bank, other = accounts.house(work, code, "USD"), accounts.house(work, "suspense", "USD")
        return (
            await posting.post(
                work,
                operation=f"test:{uuid7()}",
                kind="suspense",
                legs=[posting.Leg(bank, -money), posting.Leg(other, money)],
            )
        ).entry


async def test_lines_are_split_joined_and_undone_and_never_more_than_they_are(market):
    await a_bank(market)
    one, two = await _posted(market, "60.00"), await _posted(market, "40.00")
    joined = await _posted(market, "100.00")
    moved = [
        Moved("100.00", ref="B1", day=day()),
        Moved("70.00", ref="B2", day=day()),
        Moved("30.00", ref="B3", day=day()),
        Moved("-5.00", ref="B4", day=day()),
    ]
    await bring(market, camt053(moved, account=IBAN, day=day()))
    whole, first, second, out = await lines_of(market)

    async with market.opener(finance())() as work:
        split = await matches.accept(work, whole.id, [one, two])
    assert [str(part.amount.normalize()) for part in split] == ["6E+1", "4E+1"]
    for line in (first, second):
        async with market.opener(finance())() as work:
            await matches.accept(work, line.id, [joined])
    assert not any(line.open for line in (await lines_of(market))[:3])

    for line, entry in ((whole, one), (first, joined), (out, joined)):
        with pytest.raises(Conflict):
            async with market.opener(finance())() as work:
                await matches.accept(work, line.id, [entry])
    async with market.opener(finance())() as work:
        await matches.undo(work, split[0].id)
    assert (await lines_of(market))[0].matched == Decimal("40.00")
    with pytest.raises(Conflict):
        async with market.opener(finance())() as work:
            await matches.undo(work, split[0].id)
    with pytest.raises(Denied):
        async with market.opener(finance(without=["recon:matches:make"]))() as work:
            await matches.accept(work, whole.id, [one])


async def test_what_the_bank_did_is_booked_by_a_person_once(market):
    await a_bank(market)
    await a_bank(market, code="usd-house", number="DE89370400440532013000", purpose="house")
    moved = [
        Moved("-12.00", text="account fee", ref="B1", day=day()),
        Moved("500.00", text="ALPHA PAYOUT", ref="B2", day=day()),
        Moved("-200.00", text="to house", ref="B3", day=day()),
        Moved("77.00", text="who knows", ref="B4", day=day()),
    ]
    await bring(market, camt053(moved, account=IBAN, day=day()))
    fee, settled, own, stray = await lines_of(market)
    async with market.opener()() as work:
        house = await banks.of_source(work, "house-bank:usd-house")
        assert house is not None

    async with market.opener(finance())() as work:
        await booking.as_cost(work, fee.id, "Monthly fee of the bank")
        await booking.as_settlement(work, settled.id, "alpha")
        await booking.as_own_transfer(work, own.id, house.id)
        await booking.as_unresolved(work, stray.id)

    assert await balance(market, "bank:usd-clients") == Decimal("365.00")
    assert await balance(market, "costs:usd-clients") == Decimal("12.00")
    assert await balance(market, "psp:alpha") == Decimal("-500.00")
    assert await balance(market, "house-bank:usd-house") == Decimal("200.00")
    assert await balance(market, "suspense") == Decimal("-77.00")
    for line in (fee, settled, own, stray):
        with pytest.raises(Conflict):
            async with market.opener(finance())() as work:
                await booking.as_settlement(work, line.id, "alpha")
    async with market.opener()() as work:
        assert await work.count(select(Unresolved)) == 1
        booked = await work.first(select(LineMatch).where(LineMatch.line == fee.id))
    assert booked is not None
    with pytest.raises(Conflict, match="Reverse the entry first"):
        async with market.opener(finance())() as work:
            await matches.undo(work, booked.id)
    async with market.opener()() as work:
        await posting.reverse(work, booked.entry, operation="test:undo", reason="not a fee")
    async with market.opener(finance())() as work:
        await matches.undo(work, booked.id)
        await booking.as_cost(work, fee.id, "A fee after all")
    assert await balance(market, "costs:usd-clients") == Decimal("12.00")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"number": "CY17002001280000001200527601"}, "number"),
        ({"bic": "BCYP"}, "bic"),
        ({"currency": "XXX"}, "currency"),
        ({"code": "No Spaces"}, "code"),
        ({"purpose": "pocket"}, "purpose"),
        ({"name": " "}, "name"),
    ],
)
async def test_a_wrong_account_is_not_registered(market, wrong, field):
    with pytest.raises(Invalid) as why:
        await a_bank(market, **wrong)
    assert why.value.field == field
    async with market.opener()() as work:
        assert await banks.every(work) == []


async def test_a_closed_account_takes_no_statement_and_no_twin_is_registered(market):
    row = await a_bank(market)
    with pytest.raises(Conflict):
        await a_bank(market, code="other-code")
    async with market.opener(finance())() as work:
        await banks.close(work, row.id)

    told = await bring(market, camt053([Moved("1.00", day=day())], account=IBAN, day=day()))

    assert told.state == "refused"
    async with market.opener()() as work:
        assert await work.count(select(Entry)) == 0
        assert await work.count(select(OutsideFile)) == 1
