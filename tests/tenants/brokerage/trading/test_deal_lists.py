"""Money moved on an account is shown as such, and never as the result of a trade."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from brokerage.trading import tables
from brokerage.trading.connector import DealKind
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money


def a_row(kind, work):
    deal = SimpleNamespace(
        id=uuid7(), account=uuid7(), client=uuid7(), at=work.now, number=1, login=4711,
        symbol="EURUSD", kind=str(kind), entry="out", lots=Decimal(1), price=Decimal("1.1"),
        profit=Decimal("-12.5"), swap=Decimal(0), commission=Decimal(0), currency="USD",
    )  # fmt: skip
    return (deal,)


@pytest.mark.parametrize("kind", list(DealKind))
@pytest.mark.parametrize("desk", [True, False])
async def test_only_trades_have_a_result(house, borealis, kind, desk):
    table = tables.deal_table(desk=desk)

    async with house.door.open(borealis, purpose="test") as work:
        [shown] = await table.view(work, [a_row(kind, work)])

    cells = dict(zip((one.key for one in table.columns), shown.cells, strict=True))
    told = Money(Decimal("-12.50"), "USD")
    assert (cells["profit"], cells["moved"]) == ((told, None) if kind.trade else (None, told))
    kinds = {one.key: one.kind for one in table.columns}
    assert (kinds["profit"], kinds["moved"]) == ("pnl", "money")
