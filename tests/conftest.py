"""Real servers and real tenants for every test that wants them."""

from pathlib import Path

import pytest

from support.fixtures import *  # noqa: F403

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, a file stays whole, and the journeys share a product."""
    for item in items:
        place = item.path.relative_to(HERE)
        group = place.parts[0] if place.parts[0] == "journeys" else str(place)
        item.add_marker(pytest.mark.xdist_group(group))
