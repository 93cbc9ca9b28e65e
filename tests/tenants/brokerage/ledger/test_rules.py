"""Which legs are sound: two of them, as most postings have, are told by a shorter way."""

from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest

from brokerage.ledger import accounts
from brokerage.ledger.rules import Leg, Side, paired
from stoa.kernel.money import LARGEST, Money

WORK = SimpleNamespace(tenant=SimpleNamespace(id=UUID(int=1)))
BANK, FEES = (accounts.house(WORK, code, "EUR") for code in ("bank", "fees"))
DOLLARS = accounts.house(WORK, "fees", "USD")


def leg(account, amount, currency="EUR"):
    return Leg(account, Money(Decimal(amount), currency))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("amount", ["0.01", "12.5", "12.500", "1E+3", str(LARGEST)])
def test_two_opposite_legs_are_one_line_giver_before_taker(amount, turned):
    legs = [leg(BANK, f"-{amount}"), leg(FEES, amount)]

    sides = paired(legs[::-1] if turned else legs)

    assert sides == [Side(1, BANK, -Decimal(amount)), Side(1, FEES, Decimal(amount))]


def test_opposite_amounts_of_unlike_scale_are_opposite():
    assert len(paired([leg(BANK, "-12.5"), leg(FEES, "12.50")])) == 2


@pytest.mark.parametrize(
    ("legs", "why"),
    [
        ([leg(BANK, "-1"), leg(FEES, "1.01")], "sum to zero"),
        ([leg(BANK, "1"), leg(FEES, "1")], "sum to zero"),
        ([leg(BANK, "0"), leg(FEES, "0")], "more than nothing"),
        ([leg(BANK, "-0.001"), leg(FEES, "0.001")], "finer"),
        ([leg(BANK, -LARGEST - 1), leg(FEES, LARGEST + 1)], "largest"),
        ([leg(BANK, "-1"), leg(DOLLARS, "1", "USD")], "sum to zero"),
        ([leg(BANK, "-1"), leg(DOLLARS, "1")], "cannot go to an account in USD"),
        ([leg(BANK, "-1", "USD"), leg(DOLLARS, "1", "USD")], "cannot go to an account in EUR"),
        ([leg(BANK, "-1")], "2 to"),
    ],
)
def test_legs_that_are_not_sound_are_refused(legs, why):
    with pytest.raises(ValueError, match=why):
        paired(legs)
