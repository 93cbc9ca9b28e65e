"""A refusal speaks of a permission in the reader's words, never by its code."""

import pytest

from stoa.kernel.refusals import Denied
from stoa.tenancy.actor import Actor, Kind
from stoa.theming import texts


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Withdrawals: approve"), ("es", "Retiros: aprobar"), ("ar", "السحوبات: موافقة")],
)
def test_a_missing_permission_is_named_in_words(language, words):
    with pytest.raises(Denied) as refused:
        Actor(Kind.STAFF).require("payments:withdrawals:approve")

    told = texts.of(language).refusal(refused.value)
    assert words in told
    assert "payments:" not in told
    assert refused.value.places["permission"] == "payments:withdrawals:approve", "for machines"
