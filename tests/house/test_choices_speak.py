"""What is offered to choose from, and what may be granted, has words in every language.

A connector's form offered "Customerpaybillonline", and the page of roles "Pii: see", in Arabic: a word
made from a code is in no source that is searched for texts.
"""

import ast
import inspect
import re

import msgspec
import pytest

from brokerage.bonuses.terms import Terms
from brokerage.kyc import connectors as kyc
from brokerage.payments import connectors as payments
from brokerage.payments.routing.terms import Route
from brokerage.payments.source import analysts
from brokerage.product import PRODUCT
from brokerage.trading import connectors as trading
from brokerage.trading import wiring
from stoa.drawn import faults, labels
from stoa.identity import roles
from stoa.theming import rights, texts
from stoa.theming.brand import Brand

FOREIGN = [language for language in texts.LANGUAGES if language != texts.SOURCE]
NAME = re.compile(r"[A-Z0-9 .-]+|–|")
"""What is called the same everywhere: HMAC SHA-256, PUT, FIX 4.4."""


FORMS: dict[str, type[msgspec.Struct]] = {
    **{f"psp {one.code}": one.settings_type for one in payments.ALL},
    **{f"kyc {one.code}": one.settings_type for one in kyc.ALL},
    **{f"server {one.code}": wiring.form_type(one) for one in trading.ALL},
    **{f"analyst {one.code}": one.settings_type for one in analysts.ALL},
    "brand": Brand,
    "routing rule": Route,
    "bonus campaign": Terms,
}
"""Every form that stands on one page, by the type it is drawn from."""


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("name", sorted(FORMS))
def test_labels_helps_units_and_choices_of_a_form_are_words(name: str, language: str) -> None:
    known = texts.catalog(language).forms
    missing = {
        f"{path}: {text}"
        for path, part in labels.every(FORMS[name])
        if not part.hint.meta.get("hidden")
        for text in (
            labels.label(part),
            labels.help_of(part),
            labels.unit(part),
            *(word for _, word in labels.options(part.hint, part)),
        )
        if text and text not in known and not NAME.fullmatch(text) and text != "%"
    }

    assert missing == set()


@pytest.mark.parametrize("name", ["brand", "routing rule", "bonus campaign"])
def test_a_field_is_named_by_a_person_and_not_by_its_code(name: str) -> None:
    nameless = [
        path
        for path, part in labels.every(FORMS[name])
        if not part.hint.meta.get("hidden") and not labels.known(part)
    ]

    assert nameless == []


@pytest.mark.parametrize("language", FOREIGN)
def test_what_may_be_wrong_with_something_typed_is_said_in_words(language: str) -> None:
    known = texts.catalog(language).forms
    told = ast.parse(inspect.getsource(faults))
    said = [
        str(one.value)
        for one in ast.walk(told)
        if isinstance(one, ast.Constant)
        and isinstance(one.value, str)
        and one.value[-1:] == "."
        and " " in one.value
        and not one.value.startswith(("What is", "A sentence", "The sentence"))
    ]

    assert [one for one in said if one not in known] == []
    assert len(said) > 8


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
