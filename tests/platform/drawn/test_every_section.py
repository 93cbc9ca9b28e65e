"""Every section of settings as a form: a value becomes fields, and the fields the same value again."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from brokerage.product import PRODUCT
from stoa.drawn import carried, labels
from stoa.drawn.folding import fold, leaves, weight
from stoa.drawn.hints import hint_of
from stoa.drawn.sent import gather
from stoa.drawn.trees import harvest, plant
from stoa.drawn.views import views
from stoa.kernel import where
from stoa.tenancy import settings
from stoa.theming import texts
from support.made_up import value_of
from support.typing_in import sent

NAMES = sorted(PRODUCT.slices)
BLUEPRINTS = sorted(path.stem for path in where.blueprints().glob("*.toml"))
FOREIGN = [language for language in texts.LANGUAGES if language != texts.SOURCE]


def of_blueprint(blueprint: str, name: str) -> Any:
    text = (where.blueprints() / f"{blueprint}.toml").read_text()
    return settings.read_toml(text, PRODUCT.slices).get(name) or PRODUCT.slices[name]()


def came_back(value: Any, *, folded: bool) -> Any:
    """Through the fields a page draws and the draft it carries, as a browser sends them back."""
    hint = hint_of(type(value))
    tree = plant(hint, value)
    fields = views(hint, tree)
    posted = sent(fold(fields) if folded else fields)
    read = gather(hint, posted, "", carried.unpack(carried.pack(tree)))
    found, faults = harvest(hint, read)
    assert {path: str(fault) for path, fault in faults.items()} == {}
    return found


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_blueprints_section_comes_back_as_it_was(name: str, blueprint: str) -> None:
    value = of_blueprint(blueprint, name)

    assert came_back(value, folded=False) == value
    assert came_back(value, folded=True) == value


@pytest.mark.parametrize("name", NAMES)
@tries(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_any_value_of_a_section_comes_back_as_it_was(name: str, seed: int) -> None:
    value = value_of(PRODUCT.slices[name], random.Random(seed))

    assert came_back(value, folded=False) == value
    assert came_back(value, folded=True) == value


@pytest.mark.parametrize("name", NAMES)
def test_no_section_is_drawn_heavier_than_a_page_bears(name: str) -> None:
    hint = hint_of(PRODUCT.slices[name])
    for blueprint in BLUEPRINTS:
        fields = fold(views(hint, plant(hint, of_blueprint(blueprint, name))))

        assert sum(map(weight, fields)) <= 75


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_label_and_every_choice_a_word(name: str) -> None:
    nameless = [
        path
        for path, part in labels.every(PRODUCT.slices[name])
        if not part.hint.meta.get("hidden") and not labels.known(part)
    ]

    assert nameless == []


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("name", NAMES)
def test_labels_help_and_choices_are_said_in_every_language(name: str, language: str) -> None:
    known = texts.catalog(language).forms
    missing = {
        text
        for _, part in labels.every(PRODUCT.slices[name])
        if not part.hint.meta.get("hidden")
        for text in (
            labels.label(part),
            labels.help_of(part),
            labels.unit(part),
            *(word for code, word in labels.options(part.hint, part) if not code.isdecimal()),
        )
        if text and text not in known and text != "%"
    }

    assert missing == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_two_fields_of_one_place_share_their_label(name: str) -> None:
    hint = hint_of(PRODUCT.slices[name])
    tree = plant(hint, of_blueprint("standard", name))
    told = [one.label for one in fold(views(hint, tree)) if one.said]

    assert sorted(told) == sorted(set(told))
    assert len({one.name for one in leaves(views(hint, tree))}) > 0
