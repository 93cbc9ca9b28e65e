"""What is offered to choose from, and what may be granted, has words in every language.

A connector's form offered "Customerpaybillonline", and the page of roles "Pii: see", in Arabic: a word
made from a code is in no source that is searched for texts.
"""

import re
from collections.abc import Iterator

import pytest

from brokerage.kyc import connectors as kyc
from brokerage.payments import connectors as payments
from brokerage.payments.source import analysts
from brokerage.product import PRODUCT
from brokerage.trading import connectors as trading
from stoa.identity import roles
from stoa.theming import forms, rights, texts

FOREIGN = [language for language in texts.LANGUAGES if language != texts.SOURCE]
NAME = re.compile(r"[A-Z0-9 .-]+|–|")
"""What is called the same everywhere: HMAC SHA-256, PUT, FIX 4.4."""


def offered(views: tuple[forms.FieldView, ...]) -> Iterator[str]:
    for view in views:
        yield view.label
        yield from (label for _, label in view.options)
        yield from offered((*view.fields, *view.blank))


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("floor", [payments, kyc, trading, analysts], ids=lambda one: one.__name__)
def test_a_connectors_form_offers_words(floor, language: str) -> None:
    known = texts.catalog(language).forms
    missing = {
        f"{kind.code}: {label}"
        for kind in floor.ALL
        for label in offered(forms.describe(kind.settings_type))
        if label not in known and not NAME.fullmatch(label)
    }

    assert missing == set()


@pytest.mark.parametrize("language", FOREIGN)
def test_every_role_that_a_tenant_starts_with_is_said_in_words(language: str) -> None:
    known = texts.catalog(language).forms

    assert set(roles.starting(PRODUCT)) == set(roles.STARTING)
    assert [name for name in roles.STARTING if name not in known] == []


@pytest.mark.parametrize("language", FOREIGN)
def test_every_permission_is_said_in_words(language: str) -> None:
    known = texts.catalog(language).forms
    codes = [str(code) for module in PRODUCT.modules for code in module.permissions or ()]
    lines = [rights.line(code) for code in codes]

    assert {one.code: one.thing for one in lines if one.thing not in known} == {}
    assert {one.code: one.verb for one in lines if one.verb not in known} == {}
    assert len(codes) > 80
