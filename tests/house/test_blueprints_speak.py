"""What a blueprint shows to clients is said in every language until the broker writes their own.

Products came to Arabic readers as "Play money at real prices.": a settings file is no template,
so nothing had asked for its translation.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from brokerage.payments.settings import PaymentsSettings
from stoa.kernel import where
from stoa.theming import texts

SHOWN = {"about"}
OURS = {"pulse", "northlight", "standard"}
FOREIGN = [language for language in texts.LANGUAGES if language != texts.SOURCE]


def shown(value: Any, under: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from shown(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from shown(inner, under)
    elif isinstance(value, str) and under in SHOWN:
        yield value


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("blueprint", sorted(OURS))
def test_products_of_a_blueprint_are_told_in_every_language(blueprint: str, language: str) -> None:
    path = where.blueprints() / f"{blueprint}.toml"
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    products = said["trading"]["products"]

    missing = [text for text in shown(products) if text not in texts.catalog(language).forms]

    assert missing == []
    assert list(shown(products))


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("blueprint", sorted(OURS))
def test_ways_to_pay_are_told_in_every_language(blueprint: str, language: str) -> None:
    """ "Back to your card" stood on Arabic pages: a label of the settings is shown to clients too."""
    said = tomllib.loads((where.blueprints() / f"{blueprint}.toml").read_text(encoding="utf-8"))
    payments = msgspec.convert(said.get("payments", {}), PaymentsSettings, strict=False)
    ways = (*payments.methods, *payments.withdrawals.methods)

    missing = [one.label for one in ways if one.label not in texts.catalog(language).forms]

    assert missing == []
    assert ways
