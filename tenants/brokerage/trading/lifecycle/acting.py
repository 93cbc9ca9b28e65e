"""What is said to the server for a wanted change, with no transaction open.

Every change sets a state, so that saying it twice is saying it once: after an answer that was lost
the server is looked at, and told again where it does not hold yet. The margin is looked at in the
same breath, because minutes may lie between the asking and the turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.trading.connector import Access, Account, TradingConnector, Which
from brokerage.trading.groups import Known
from brokerage.trading.lifecycle import effects
from brokerage.trading.lifecycle.asking import CURRENCY_MONEY, NOT_EMPTY, POSITIONS
from brokerage.trading.lifecycle.effects import Effect, Verdict
from brokerage.trading.lifecycle.model import Wish
from stoa.connectors.outcomes import Confirmed, Outcome

_GROUPS: Final = frozenset({Wish.GROUP, Wish.PRODUCT, Wish.SWAP_FREE, Wish.SWAPS})


@dataclass(frozen=True, slots=True)
class Claimed:
    """A request whose turn it is, with all that the calls need."""

    id: UUID
    kind: Wish
    wants: Mapping[str, Any]
    connector: TradingConnector
    login: int
    currency: str
    now: Known
    then: Known
    agreed: Verdict
    secret: str
    access: Access
    live: bool


@dataclass(frozen=True, slots=True)
class Halted:
    """Not sent: what the server says now speaks against it. `ask`: a person looks at the effect."""

    text: str
    places: Mapping[str, str]
    effect: Effect | None = None


Answer = Outcome | Halted


async def act(claimed: Claimed) -> Answer:
    """Make it hold at the server. Raises Unavailable when nothing could be said."""
    match claimed.kind:
        case Wish.PASSWORD:
            return await claimed.connector.reset_password(
                claimed.login, claimed.secret, Which(claimed.wants["which"])
            )
        case Wish.ACCESS | Wish.RESTORE:
            return await _access(claimed, claimed.access)
        case Wish.ARCHIVE:
            return await _archive(claimed)
        case _:
            return await _terms(claimed)


async def _access(claimed: Claimed, to: Access) -> Outcome:
    return await claimed.connector.set_access(claimed.login, to)


async def _archive(claimed: Claimed) -> Answer:
    told = await claimed.connector.get_account(claimed.login)
    if told.margin or told.floating or await claimed.connector.get_positions(claimed.login):
        return Halted(POSITIONS, {})
    if claimed.live and (told.balance or told.credit):
        return Halted(NOT_EMPTY, {})
    able = claimed.connector.capabilities.access
    shut = next(
        (one for one in (Access.NO_LOGIN, Access.NO_TRADING) if one in able), Access.NO_TRADING
    )
    return await _access(claimed, shut)


async def _terms(claimed: Claimed) -> Answer:
    """Leverage first, then the group: a group may not take the leverage that the account has."""
    told = await claimed.connector.get_account(claimed.login)
    group = str(claimed.wants.get("group") or "")
    leverage = int(claimed.wants.get("leverage") or told.leverage)
    if leverage == told.leverage and (not group or group == told.group):
        return Confirmed(str(claimed.login))
    if group and claimed.then.currency and claimed.then.currency != told.currency:
        holds = told.balance or told.credit or told.margin or told.floating
        if holds or await claimed.connector.get_positions(claimed.login):
            return Halted(CURRENCY_MONEY, {"group": group})
    effect = effect_on(claimed, told, leverage)
    if effect.worse_than(claimed.agreed):
        return Halted("", {}, effect)
    outcome: Outcome = Confirmed(str(claimed.login))
    if leverage != told.leverage:
        outcome = await claimed.connector.set_leverage(claimed.login, leverage)
    if group and group != told.group and isinstance(outcome, Confirmed):
        outcome = await claimed.connector.set_group(claimed.login, group)
    return outcome


def effect_on(claimed: Claimed, told: Account, leverage: int) -> Effect:
    """What it does to the margin, by what the server says this moment."""
    now, then = claimed.now, claimed.then
    return effects.of(
        currency=told.currency,
        equity=told.equity,
        margin=max(told.margin, Decimal(0)),
        leverage=told.leverage,
        leverage_after=leverage,
        call=then.call,
        stop=then.stop,
        tighter=claimed.kind in _GROUPS and (then.call > now.call or then.stop > now.stop),
    )
