"""Fills netted into deals: nothing is held or earned that the fills themselves do not come to."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.trading.dropcopy import netting
from brokerage.trading.dropcopy.netting import DEALS_OF_ONE, Fill
from brokerage.trading.values import DealKind, Entry

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
FILLS = st.lists(
    st.tuples(
        st.sampled_from([DealKind.BUY, DealKind.SELL]),
        st.integers(1, 500).map(lambda one: Decimal(one) / 100),
        st.integers(90_000, 120_000).map(lambda one: Decimal(one) / 100_000),
    ),
    max_size=30,
)


def made(told):
    return [
        Fill(root=at + 1, side=side, lots=lots, price=price, at=AT)
        for at, (side, lots, price) in enumerate(told)
    ]


def signed(kind, lots):
    return lots if kind is DealKind.BUY else -lots


@settings(max_examples=300, deadline=None)
@given(FILLS)
def test_lots_and_money_come_to_what_the_fills_do(told):
    fills = made(told)

    legs, held = netting.run(fills)

    every = [leg for one in legs.values() for leg in one]
    net = sum((signed(fill.side, fill.lots) for fill in fills), Decimal(0))
    assert net == (signed(held.side, held.lots) if held else 0)
    for fill in fills:
        mine = legs[fill.root]
        assert sum(leg.lots for leg in mine) == fill.lots
        assert [leg.entry for leg in mine] in ([Entry.IN], [Entry.OUT], [Entry.OUT, Entry.IN])
    opened = sum((leg.lots for leg in every if leg.entry is Entry.IN), Decimal(0))
    closed = sum((leg.lots for leg in every if leg.entry is Entry.OUT), Decimal(0))
    assert opened - closed == (held.lots if held else 0)
    # Cash of all fills, and what is held at its average price, is what was earned.
    cash = sum((-signed(fill.side, fill.lots) * fill.price for fill in fills), Decimal(0))
    worth = signed(held.side, held.lots) * held.price if held else Decimal(0)
    earned = sum((leg.gain for leg in every), Decimal(0))
    assert abs(earned - cash - worth) < Decimal("1e-12")


@settings(max_examples=200, deadline=None)
@given(FILLS.filter(bool), st.data())
def test_a_fill_taken_out_changes_only_what_followed_from_it(told, data):
    fills = made(told)
    gone = data.draw(st.integers(0, len(fills) - 1))
    before, _ = netting.run(fills)
    after, _ = netting.run([*fills[:gone], *fills[gone + 1 :]])

    moved = dict(netting.changed(before, after))

    assert moved[gone + 1] == []
    assert all(root > gone for root in moved)
    for root, legs in before.items():
        if root not in moved:
            assert after[root] == legs


def test_a_fill_that_turns_a_position_is_two_deals_and_two_positions():
    legs, held = netting.run(
        made(
            [
                (DealKind.BUY, Decimal(1), Decimal("1.1")),
                (DealKind.SELL, Decimal(3), Decimal("1.2")),
            ]
        )
    )

    out, into = legs[2]
    assert (out.entry, out.lots, out.gain) == (Entry.OUT, 1, Decimal("0.1"))
    assert (into.entry, into.lots) == (Entry.IN, 2)
    assert (held.side, held.lots, held.position) == (DealKind.SELL, 2, 2 * DEALS_OF_ONE + 1)
    assert out.position == DEALS_OF_ONE
