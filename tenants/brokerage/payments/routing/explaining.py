"""Why a payment went where it went: the stored decision, and the same decision made again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select

from brokerage.payments.routing import record
from brokerage.payments.routing.deciding import Ask, Seen
from brokerage.payments.routing.looking import SLICE
from brokerage.payments.routing.terms import Route
from stoa.tenancy.model import Setting
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision with what it looked at. `same` is None where its rules or inputs are not kept."""

    kept: dict[str, Any]
    ask: Ask
    seen: dict[str, Seen]
    route: Route | None
    same: bool | None


def rules_in(body: dict[str, Any], *, payout: bool) -> tuple[Route, ...]:
    """The rules of one version of the payments settings."""
    told = body.get("payout_routes" if payout else "routes", ())
    return msgspec.convert(told, tuple[Route, ...], strict=False)


async def rules_of(work: Work, version: int, *, payout: bool) -> Sequence[Route] | None:
    """The rule set a decision names; None when there is no such version or it cannot be read."""
    body = await work.first(
        select(Setting.body).where(Setting.slice == SLICE, Setting.version == version)
    )
    if body is None:
        return None
    try:
        return rules_in(body, payout=payout)
    except msgspec.ValidationError:
        return None


async def replay(work: Work, kept: dict[str, Any]) -> Replayed:
    """Make a stored decision again, by the rules of its own version."""
    ask, seen = record.ask_of(kept), record.seen_of(kept)
    if kept.get("engine") != record.ENGINE:
        return Replayed(kept, ask, seen, None, None)
    routes = await rules_of(work, kept["version"], payout=ask.payout)
    if routes is None or record.hash_of(routes) != kept["rules"]:
        return Replayed(kept, ask, seen, None, None)
    number = int(kept["rule"])
    route = routes[number - 1] if 0 < number <= len(routes) else None
    return Replayed(kept, ask, seen, route, record.same(kept, record.again(kept, routes)))
