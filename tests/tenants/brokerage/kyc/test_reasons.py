"""Reasons are kept as rules write them and read in the reader's language."""

import pytest

from brokerage.kyc.reasons import Because


@pytest.mark.parametrize(
    "kept, read",
    [
        (
            "unreadable: blurred; the client has no better one",
            "Cannot be read: blurred; The client",
        ),
        ("country ES, client type individual", "Country ES; Client type: Individual"),
        ("public office: former; risk high", "Public office: in office before; Risk: High"),
        ("3 possible matches", "Possible matches: 3"),
        ("97%: experienced", "97 of 100 points: experienced"),
        ("FORGERY, {braces}", "FORGERY, {braces}"),
        ("", ""),
    ],
)
def test_a_reason_becomes_a_sentence(kept, read):
    assert str(Because(kept)).startswith(read)


def test_a_reason_is_escaped_on_a_page():
    assert Because("<b>").__html__() == "&lt;b&gt;"
