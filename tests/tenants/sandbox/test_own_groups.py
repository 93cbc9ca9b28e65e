"""Brokers who share a trading server are kept apart by groups: no manager sees another's."""

import tomllib

import pytest

from brokerage.demo.groups import CONDITIONS, mask, own
from sandbox.trading.masks import matches
from stoa.kernel import where


@pytest.mark.parametrize("group", CONDITIONS)
def test_a_manager_sees_its_own_broker_only(group):
    """The second broker's page of accounts to take over once named the first one's clients."""
    assert matches(mask("pulse"), own("pulse", group))
    assert not matches(mask("pulse"), own("northlight", group))
    assert not matches(mask("pulse"), group)


@pytest.mark.parametrize("blueprint", ["northlight", "pulse"])
def test_every_group_of_a_demo_blueprint_is_made(blueprint):
    root = where.checkout()
    assert root is not None
    servers = tomllib.loads((root / f"tenants/blueprints/{blueprint}.toml").read_text())["trading"]
    named = {rule["group"] for one in servers["servers"] for rule in one["groups"]}
    assert named and named <= set(CONDITIONS)
