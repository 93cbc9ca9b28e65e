"""What the tests of the look share: built assets, and a look to render with."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from stoa.cli import npm
from stoa.theming import assets
from stoa.theming.brand import Brand
from stoa.theming.look import Look

NOW = datetime(2026, 3, 18, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def built() -> Mapping[str, str]:
    return assets.build(npm.ensure_node_modules())


@pytest.fixture
def look() -> Look:
    return Look(brand=Brand(name="Aurora"), now=NOW, nonce="abc", csrf="token")
