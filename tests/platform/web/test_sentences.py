"""A refusal's sentence is written as its reader writes, also where no page is drawn around it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.web import errors


@pytest.mark.parametrize(
    ("locale", "amount"),
    [("en", "20,000.50 EUR"), ("es", "20.000,50 EUR"), ("ar", "20,000.50 EUR")],
)
def test_an_amount_has_the_readers_separators(locale: str, amount: str) -> None:
    why = Invalid("The most at once is {most}.", most=Money(Decimal("20000.50"), "EUR"))

    assert amount in errors.sentence(why, locale)


@pytest.mark.parametrize(("locale", "day"), [("en", "1 Mar 2026, 04:05 UTC"), ("es", "1 mar 2026")])
def test_a_moment_is_told_as_people_tell_it(locale: str, day: str) -> None:
    again = datetime(2026, 3, 1, 4, 5, 6, 789, tzinfo=UTC)
    why = Conflict("You can take this test again from {again}.", again=again)

    told = errors.sentence(why, locale)

    assert day in told
    assert "789" not in told and "+00:00" not in told


def test_a_place_without_a_value_stays_readable() -> None:
    assert errors.sentence(Invalid("At most {n}."), "en") == "At most {n}."
