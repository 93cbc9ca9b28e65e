"""Clients for tests."""

import secrets

from brokerage.clients import clients
from brokerage.clients.model import Client
from stoa.tenancy.work import Work


async def a_client(work: Work, **more) -> Client:
    """A registered client with an address of their own."""
    asked = {
        "email": f"{secrets.token_hex(6)}@example.com",
        "first_name": "María",
        "last_name": "López",
        "country": "ES",
    } | more
    return await clients.register(work, **asked)
