"""Amounts never drift: random operations in decimals beside the same in whole smallest units.

A part of the million of `make bench` (`stoa bench --only drift`), with a seed of its own.
"""

from decimal import Decimal

import pytest

from brokerage.bench.drift import CODES, Drift


@pytest.mark.parametrize("seed", [1, 20260731])
def test_random_operations_agree_to_the_last_unit(seed):
    drift = Drift(seed)

    drift.run(10_000)

    assert drift.wrong == []
    assert drift.moved > 10_000
    assert {code for code, _ in drift.accounts} == set(CODES)


def test_half_a_unit_too_much_is_seen():
    drift = Drift(3)
    drift.run(500)
    account = drift.account("ETH", 1)
    drift.balances[account.id] += Decimal("1e-18")

    drift.settle()

    assert [one.split(" is ")[0] for one in drift.wrong] == [
        "the balance of ETH",
        "the sum of all ETH",
    ]


def test_a_sum_kept_in_floats_would_be_seen():
    drift = Drift(4)
    drift.run(2_000)
    drift.balances |= {key: Decimal(float(held)) for key, held in drift.balances.items()}

    drift.settle()

    assert drift.wrong
