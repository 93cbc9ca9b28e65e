from decimal import Decimal

import pytest

from stoa.kernel.money import Money
from stoa.theming import figures
from stoa.theming.brand import Brand
from stoa.theming.look import Look, showing

THIN, MINUS = "\u2009", "\u2212"


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def shown(locale: str) -> showing:
    return showing(Look(brand=Brand(), locale=locale))


def test_an_amount_has_a_true_minus_grouping_and_its_currency_after_a_thin_space() -> None:
    with shown("en"):
        assert figures.plain_money(eur("-1234.5")) == f"{MINUS}1,234.50{THIN}EUR"


@pytest.mark.parametrize(
    ("locale", "text"), [("en", "1,234,567.50"), ("es", "1.234.567,50"), ("ar", "1,234,567.50")]
)
def test_an_amount_is_grouped_as_its_reader_writes_it(locale: str, text: str) -> None:
    with shown(locale):
        assert figures.plain_money(eur("1234567.5")) == f"{text}{THIN}EUR"


@pytest.mark.parametrize(
    ("currency", "text"), [("JPY", "1,235"), ("KWD", "1,234.567"), ("BTC", "1,234.56700000")]
)
def test_an_amount_has_the_digits_of_its_currency(currency: str, text: str) -> None:
    with shown("en"):
        assert figures.plain_money(Decimal("1234.567"), currency) == f"{text}{THIN}{currency}"


def test_an_amount_keeps_its_direction_in_right_to_left_text() -> None:
    assert str(figures.money(eur("5"))).startswith('<bdi dir="ltr" class="money">')


def test_gain_and_loss_are_told_by_sign_and_colour() -> None:
    assert 'class="money gain">+5.00' in figures.money(eur("5"), tone=True)
    assert f'class="money loss">{MINUS}5.00' in figures.money(eur("-5"), tone=True)
    assert 'class="money">0.00' in figures.money(eur("0"), tone=True)


@pytest.mark.parametrize(
    ("kept", "shown"),
    [("0.015000000000", "0.015"), ("397", "397.00"), ("22.8", "22.80"), ("0.5000", "0.50")],
)
def test_an_exact_amount_shows_all_it_has_and_no_padding(look: Look, kept: str, shown: str) -> None:
    """Two partners' figures of 0.03 and 0.015, each rounded, once differed by 0.02."""
    with showing(look):
        assert f">{shown}<" in figures.money(Decimal(kept), "USD", exact=True)


def test_a_shortened_amount_keeps_the_exact_one_on_hover() -> None:
    text = str(figures.money(eur("1240000.55"), compact=True))

    assert f"1.24{THIN}M" in text
    assert f'title="1,240,000.55{THIN}EUR"' in text


def test_a_float_is_never_shown_as_an_amount() -> None:
    with pytest.raises(TypeError):
        figures.money(1.5, "EUR")
    with pytest.raises(TypeError):
        figures.number(0.1)


def test_a_large_figure_is_drawn_in_pieces_that_read_as_the_whole() -> None:
    for currency, whole, rest in [
        ("EUR", "14,382", ".55"),
        ("JPY", "14,383", ""),
        ("KWD", "14,382", ".550"),
    ]:
        drawn = figures.parts(Decimal("14382.55"), currency)

        assert (drawn.whole, drawn.rest) == (whole, rest)


def test_what_is_not_known_is_a_dash_and_not_a_zero() -> None:
    assert figures.NONE in figures.money(None)
    assert figures.NONE in figures.number(None)


def test_a_percentage_is_shown_as_it_is_given() -> None:
    with shown("es"):
        assert f"12,5{THIN}%" in figures.percent(Decimal("12.5"))


def test_a_columns_padding_is_not_shown() -> None:
    assert "0.03<" in figures.number(Decimal("0.030000000000000000"))
    assert "0.50<" in figures.number(Decimal("0.500"))
    assert ">7<" in figures.number(Decimal("7.000000"))
    assert "0.123456<" in figures.number(Decimal("0.123456"))
