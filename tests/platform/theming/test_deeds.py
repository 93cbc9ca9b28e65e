"""The audit speaks of what was done in words; its record keeps the name."""

import pytest

from brokerage.product import PRODUCT
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


def test_everything_staff_and_clients_do_has_a_name():
    """A new page's orders are told in words from the first day."""
    nameless = set()
    for module in PRODUCT.modules:
        for handler in module.web:
            if not {"POST", "PUT", "PATCH", "DELETE"} & {str(one) for one in handler.http_methods}:
                continue
            for path in handler.paths:
                action = f"POST {path}"
                if deed(action) == action and path != "/":
                    nameless.add(path)
    assert nameless == set()
