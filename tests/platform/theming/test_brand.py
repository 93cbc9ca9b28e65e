import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoa.theming import colour, contrast, texts, themes
from stoa.theming.brand import Brand
from stoa.theming.css import variables
from stoa.theming.palette import palette

HOSTILE = [
    "red;background:url(//e)",
    "}</style><script>alert(1)</script>",
    "expression(alert(1))",
    "@import '//e'",
    "#12345",
    "#1234567",
    "#12345g",
    "#123456\n",
    "url(javascript:alert(1))",
    "var(--x)",
    "#１２３４５６",
    "",
]
HEX = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("token", ["accent", "ink", "paper", "danger", "accent_dark"])
def test_nothing_but_a_hex_colour_becomes_a_token(token: str, text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({token: text}, Brand)
    with pytest.raises(ValueError):
        Brand(**{token: text})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "slice_",
    [
        {"radius": 99},
        {"radius": -1},
        {"fonts": "Comic Sans"},
        {"theme": "../../etc"},
        {"theme": "a\n"},
        {"mode": "neon"},
        {"logo_light": "https://tracker.example/logo.svg"},
        {"css": "body{}"},
    ],
)
def test_values_outside_the_offered_ones_are_refused(slice_: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(slice_, Brand)


@given(accent=HEX, ink=HEX, paper=HEX)
def test_style_variables_never_hold_anything_that_could_leave_them(
    accent: str, ink: str, paper: str
) -> None:
    text = str(variables(Brand(accent=accent, ink=ink, paper=paper)))

    assert "<" not in text
    assert "@" not in text
    assert "url" not in text
    assert text.count("{") == text.count("}") == 2


def test_contrast_ratios_are_those_of_wcag() -> None:
    assert colour.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colour.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert colour.contrast("#0000ff", "#ffffff") == pytest.approx(8.592, abs=0.001)


def test_a_pale_accent_is_refused_and_the_failing_pair_named() -> None:
    found = contrast.problems(Brand(accent="#ffe14d", paper="#ffffff"))

    assert [(p.mode, p.text, p.ground) for p in found] == [("light", "accent", "paper")]
    said = found[0].refusal()
    assert said.field == "accent"
    assert "Accent #ffe14d on Paper #ffffff in light mode" in str(said)
    assert "needs 3.0:1" in str(said)
    assert "Acento #ffe14d sobre Papel #ffffff" in texts.of("es").refusal(said)


def test_grey_text_is_refused_in_words_that_name_both_colours() -> None:
    found = contrast.problems(Brand(ink="#999999", paper="#ffffff"))

    assert {(p.text, p.ground) for p in found} >= {("ink", "paper"), ("ink", "surface")}
    assert all(p.ratio < p.needed for p in found)


def test_the_dark_mode_is_checked_as_well() -> None:
    found = contrast.problems(Brand(accent_dark="#101418", paper_dark="#0a0c0f"))

    assert ("dark", "accent", "paper") in {(p.mode, p.text, p.ground) for p in found}


@pytest.mark.parametrize("theme", themes.installed(), ids=lambda theme: theme.name)
def test_every_theme_starts_from_a_readable_brand(theme: themes.Theme) -> None:
    assert contrast.problems(theme.starting_brand("Any")) == []


@settings(deadline=None)
@given(accent=HEX, paper=HEX)
def test_derived_text_is_readable_whatever_the_accent(accent: str, paper: str) -> None:
    for shade in ("light", "dark"):
        shown = palette(Brand(accent=accent, paper=paper), shade)  # type: ignore[arg-type]

        grounds = (shown["paper"], shown["surface"], shown["accent-soft"])
        best = max(colour.worst("#000000", grounds), colour.worst("#ffffff", grounds))
        assert colour.worst(shown["accent-text"], grounds) >= min(4.5, best) - 0.01
        assert colour.contrast(shown["on-accent"], shown["accent"]) >= 4.5


@given(HEX)
def test_a_colour_survives_the_way_to_lightness_and_back(shown: str) -> None:
    back = colour.of_lch(*colour.lch(shown))

    assert all(
        abs(a - b) <= 1.5 / 255
        for a, b in zip(colour.channels(shown), colour.channels(back), strict=True)
    )
