"""The run's own eye for gaps: what was planted is expected, anything else and anything missed is named."""

from decimal import Decimal

from brokerage.faults import evidence
from brokerage.faults.evidence import INVENTED, Lie
from brokerage.faults.record import Record
from brokerage.recon.model import Break
from stoa.kernel.ids import reference, uuid7

LIES = [Lie("psp:alpha", Decimal("60.50"), "EUR"), Lie("psp:beta", Decimal(0), "EUR")]


async def named(market, *gaps):
    record = Record()
    async with market.opener()() as work:
        for source, amount in gaps:
            work.add(
                Break(
                    id=uuid7(),
                    reference=reference("B"),
                    key=f"{source} {amount} {uuid7()}",
                    side="psp",
                    source=source,
                    kind="payment",
                    entity="e",
                    amount=Decimal(amount),
                    currency="EUR",
                    happened_at=work.now,
                    opened_at=work.now,
                    notes=[],
                )
            )
        await work.flush()
        await evidence.compare(work, "t", LIES, record)
    return [one.detail for one in record.breaches]


async def test_what_was_planted_is_no_breach(market):
    planted = [("psp:alpha", "60.50"), ("psp:alpha", -INVENTED), ("psp:beta", -INVENTED)]

    assert await named(market, *planted) == []


async def test_a_planted_gap_that_nobody_found_is_named(market):
    found = await named(market, ("psp:alpha", "60.50"), ("psp:beta", -INVENTED))

    assert found == ["the gap of -12.34 EUR was not found"]


async def test_a_gap_that_nobody_planted_is_named_even_when_it_looks_like_one(market):
    planted = [("psp:alpha", "60.50"), ("psp:alpha", -INVENTED), ("psp:beta", -INVENTED)]

    found = await named(market, *planted, ("psp:beta", -INVENTED), ("psp:beta", "7.00"))

    assert len(found) == 2 and all(one.startswith("psp:beta: payment ") for one in found)
