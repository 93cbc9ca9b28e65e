import pytest

from stoa.theming.masks import initials, mask, masked

DOT = "\u2022" * 3


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("maria.lopez@example.com", "email", f"m{DOT}@e{DOT}.com"),
        ("+34600123456", "phone", f"+34{DOT}56"),
        ("112", "phone", DOT),
        ("María López", "name", f"M{DOT} L{DOT}"),
        ("ES9121000418450200051332", "iban", f"ES91{DOT}1332"),
        ("4242424242424242", "card", f"{DOT}4242"),
        ("secret", "text", f"s{DOT}"),
        (None, "email", ""),
    ],
)
def test_enough_is_left_to_recognise_and_too_little_to_use(value, kind, shown) -> None:
    assert mask(value, kind) == shown


def test_the_length_of_what_is_hidden_is_not_told() -> None:
    assert mask("ab@x.com", "email") == mask("a" * 40 + "@xyz.com", "email")


def test_a_masked_value_is_escaped() -> None:
    assert "&lt;" in masked("<b>@<i>.com", "email")


@pytest.mark.parametrize(
    ("name", "letters"), [("María López García", "MG"), ("prince", "P"), ("", "?"), ("—", "?")]
)
def test_initials_are_at_most_two(name: str, letters: str) -> None:
    assert initials(name) == letters
