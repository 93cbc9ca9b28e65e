"""Codes of failures in words: what a provider wrote is not what a client should have to read."""

import pytest

from brokerage.payments import declines
from brokerage.payments.model import Withdrawal
from brokerage.payments.withdrawing.story import reason_of
from stoa.theming import texts, words
from stoa.theming.brand import Brand
from stoa.theming.look import Look, showing


@pytest.mark.parametrize("language", ["es", "ar"])
def test_every_known_code_is_said_in_every_language(language):
    known = texts.catalog(language).forms

    assert [code for code in declines.WORDS if declines.why(code) not in known] == []
    assert declines.why("expired") in known and declines.why("cancelled") in known


def test_a_code_that_nobody_named_stands_as_it_came():
    assert declines.why("E-1042") == "E-1042"


def test_why_a_withdrawal_ended_is_said_in_the_readers_language():
    row = Withdrawal(reason="insufficient_funds", code="refused", checks=[])

    with showing(Look(brand=Brand(), locale="es")):
        assert str(reason_of(row).__html__()) == "No hay suficiente dinero allí"


def test_a_kept_sentence_says_the_codes_in_its_places_by_name():
    places = words.worded({"reason": "stolen_card", "name": "stolen_card"}, "reason")

    said = texts.of("es").say("({reason}) {name}", **places)

    assert said == "(La tarjeta se denunció como perdida o robada) stolen_card"
