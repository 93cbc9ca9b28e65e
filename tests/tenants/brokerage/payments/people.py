"""Staff for payment tests."""

from collections.abc import Iterable

from brokerage.payments.permissions import Payments
from stoa.kernel.ids import uuid7
from stoa.tenancy.actor import Actor, Kind


def finance(*, without: Iterable[str] = ()) -> Actor:
    """Somebody new of the finance desk."""
    may = {str(one) for one in Payments if not one.endswith(":own")} | {"clients:client:view"}
    return Actor(Kind.STAFF, uuid7(), "Fin Ance", frozenset(may - set(without)))
