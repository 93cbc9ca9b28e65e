"""What a drop copy tells becomes deals once, in either version and either form of report."""

from decimal import Decimal

import pytest


@pytest.mark.parametrize("form", ["8", "AE"])
async def test_fills_become_deals_positions_and_money(both, form):
    await both.adopt("ACC-1")
    await both.lever("", form=form)
    await both.listen()
    await both.until(lambda row: row.state == "open")

    await both.fill("ACC-1", "1", 200_000, "1.10000", commission="7.00")
    await both.fill("ACC-1", "1", 100_000, "1.10300")
    await both.fill("ACC-1", "2", 100_000, "1.10500")
    await both.in_step()

    first, second, third = await both.deals("ACC-1")
    assert (first.kind, first.entry, first.lots, first.commission) == ("buy", "in", 2, -7)
    assert (second.entry, second.position) == ("in", first.position)
    assert (third.kind, third.entry, third.lots, third.profit) == ("sell", "out", 1, 400)
    assert third.opened_at == first.at
    held = await both.position("ACC-1")
    assert (held.side, held.lots, held.price_open) == ("buy", 2, Decimal("1.101"))
    assert (await both.account("ACC-1")).balance == Decimal("393.00")
    assert await both.laws() == []
