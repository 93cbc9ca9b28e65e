"""Builders of clients and staff for payment tests."""

import secrets
from collections.abc import Iterable

from brokerage.clients import clients
from brokerage.clients.model import Client
from brokerage.payments.permissions import Payments
from stoa.kernel.ids import uuid7
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.work import Work


async def a_client(work: Work, **more) -> Client:
    """A registered client with an address of their own."""
    asked = {
        "email": f"{secrets.token_hex(6)}@example.com",
        "first_name": "Ines",
        "last_name": "Duarte",
        "country": "ES",
    } | more
    return await clients.register(work, **asked)


def finance(*, without: Iterable[str] = ()) -> Actor:
    """Somebody new of the finance desk."""
    may = {str(one) for one in Payments if not one.endswith(":own")} | {"clients:client:view"}
    return Actor(Kind.STAFF, uuid7(), "Fin Ance", frozenset(may - set(without)))
