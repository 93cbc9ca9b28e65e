"""Real servers and real tenants for every test that wants them."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from support.fixtures import *  # noqa: F403
from support.patience import day_ends_in
from support.sharing import Sharing, by_length

# The same examples each time, and as long as each takes: what a run finds is a change's doing.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

LAST_OF_THE_DAY_S = 45
"""Longer than any test takes that asks what day it is."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """No test begins on one day and ends on the next: `yesterday` means the same all through it.

    What the product does at midnight is tested with clocks of its own, at every hour.
    """
    left = day_ends_in(time.time())
    if left < LAST_OF_THE_DAY_S:
        time.sleep(left + 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        by_length(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)
