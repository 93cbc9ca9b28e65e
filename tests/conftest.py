"""Real servers and real tenants for every test that wants them."""

from support.fixtures import *  # noqa: F403
