"""The audit speaks of what was done in words; its record keeps the name."""

import pytest

from stoa.theming.brand import Brand
from stoa.theming.deeds import deed
from stoa.theming.look import Look, showing


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("POST /desk/withdrawals/{withdrawal}/approve", "Withdrawals: approved"),
        ("POST /desk/clients/{client}/reveal/{field}", "Clients: unmasked"),
        ("POST /desk/tasks", "Tasks: changed"),
        ("payments:settle", "Deposits: by itself"),
        ("brokerage.kyc.jobs.refresh", "Verification: by itself"),
        ("cli tenant settings", "cli tenant settings"),
        ("POST /", "POST /"),
    ],
)
def test_a_name_becomes_words(action, words):
    assert deed(action) == words


def test_the_words_are_the_reader_s():
    with showing(Look(brand=Brand(), locale="ar")):
        assert deed("POST /desk/withdrawals/{withdrawal}/approve") == "السحوبات: تمت الموافقة عليه"
