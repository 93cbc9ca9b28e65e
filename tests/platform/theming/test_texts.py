import re
from decimal import Decimal

import pytest
from babel.messages.pofile import read_po
from markupsafe import Markup

from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from stoa.theming import extract, texts, themes

PLACES = re.compile(r"\{(\w*)\}|%\((\w+)\)s")
FOREIGN = [language for language in texts.LANGUAGES if language != texts.SOURCE]


def test_a_text_without_translation_is_said_in_english() -> None:
    assert texts.of("es").say("Nobody wrote {what}.", what="this") == "Nobody wrote this."


def test_an_unknown_language_speaks_english() -> None:
    assert texts.of("xx").gettext("Sign out") == "Sign out"
    assert texts.of("../../etc/passwd").language == "en"


def test_a_region_speaks_its_language() -> None:
    assert texts.of("es-MX").gettext("Sign out") == "Cerrar sesión"


def test_arabic_reads_from_right_to_left_and_counts_in_six_forms() -> None:
    arabic = texts.of("ar")

    assert arabic.direction == "rtl"
    assert len({arabic.ngettext("{n} row", "{n} rows", n) for n in (0, 1, 2, 3, 11, 100)}) == 6


def test_markup_among_the_places_stays_and_everything_else_is_escaped() -> None:
    said = texts.fill("<i> {name} {sum}", {"name": "<b>", "sum": Markup("<bdi>5</bdi>")})

    assert isinstance(said, Markup)
    assert said == "&lt;i&gt; &lt;b&gt; <bdi>5</bdi>"


def test_plain_places_stay_plain_so_that_the_page_escapes_them() -> None:
    assert not isinstance(texts.fill("{name}", {"name": "<b>"}), Markup)


def test_a_percent_sign_is_a_percent_sign() -> None:
    assert texts.of("en").say("71 % of {who} lose", who="us") == "71 % of us lose"


def test_a_refusal_is_said_with_its_places() -> None:
    refused = Conflict("a {state} withdrawal", state="paid")

    assert texts.of("es").refusal(refused) == "a paid withdrawal"


@pytest.mark.parametrize("language", FOREIGN)
def test_everything_the_product_says_is_said_in_every_language(language: str) -> None:
    assert list(extract.missing(language)) == []


@pytest.mark.parametrize("language", FOREIGN)
def test_translations_keep_places_and_have_every_plural_form(language: str) -> None:
    wanted = {"es": 2, "ar": 6}[language]
    for path in sorted(texts.folder(language).glob("*.po")):
        with path.open("rb") as opened:
            catalog = read_po(opened, locale=language)
        for message in catalog:
            if not message.id:
                continue
            ids = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
            said = message.string if isinstance(message.string, tuple) else (message.string,)
            if not any(said):
                continue
            assert len(ids) == 1 or len(said) == wanted, f"{path.name}: {ids[0]}"
            places = {one or other for text in ids for one, other in PLACES.findall(text)}
            for text in said:
                used = {one or other for one, other in PLACES.findall(text)}
                assert used <= places, f"{path.name}: {text} uses places {ids[0]} does not have"
                if len(ids) == 1:
                    assert used == places, f"{path.name}: {text} leaves out a place of {ids[0]}"


def test_texts_are_found_where_they_are_written() -> None:
    said = extract.said()

    assert said["Close the menu"].place.endswith("parts/shell.html")
    assert said["{n} row"].many == "{n} rows"
    assert "Being looked up" in said  # N_ in Python
    assert "This list is longer than we can take." in said  # a refusal's first text
    assert "We could not find that." in said  # a refusal's own default
    assert "Please mend the marked fields." in said  # what a refusal hands to its base


def test_every_theme_speaks_through_the_default_catalogs() -> None:
    for theme in themes.installed():
        assert theme.name == themes.DEFAULT or not (theme.folder / "locales").exists()


@pytest.mark.parametrize(
    ("locale", "shown"),
    [("en", "2,325.80 EUR"), ("es-ES", "2.325,80 EUR"), ("ar", "2,325.80 EUR")],
)
def test_an_amount_kept_in_a_sentence_is_written_as_the_reader_writes_it(locale, shown) -> None:
    """ "2325.80 EUR" stood in the checks of a withdrawal, on a page of "2,325.80 EUR"."""
    say = texts.of(locale).say

    assert say("{amount}!", amount="2325.80 EUR") == f"{shown}!"
    assert say("{amount}!", amount=Money(Decimal("2325.80"), "EUR")) == f"{shown}!"
    assert say("{code}!", code="W-2325 XX") == "W-2325 XX!"
