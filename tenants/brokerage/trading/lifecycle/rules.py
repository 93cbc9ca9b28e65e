"""Who decides about a wanted change, and what. Pure: values in, a verdict with its reason out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from brokerage.kyc.levels import Cap
from brokerage.trading.connector import Access
from brokerage.trading.lifecycle.effects import Effect
from brokerage.trading.lifecycle.model import RequestState
from brokerage.trading.lifecycle.settings import Requests, Way
from stoa.theming.texts import N_

ORDER: Final = (Access.FULL, Access.CLOSE_ONLY, Access.NO_TRADING, Access.NO_LOGIN)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request: `approved`, `asked` (a person decides) or `refused`, and why."""

    state: RequestState
    rule: str
    text: str = ""
    places: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def answer(self) -> dict[str, object]:
        return {"text": self.text, "places": dict(self.places)} if self.text else {}


def yes(rule: str) -> Verdict:
    return Verdict(RequestState.APPROVED, rule)


def ask(rule: str, text: str = "", **places: str) -> Verdict:
    return Verdict(RequestState.ASKED, rule, text, places)


def no(rule: str, text: str, **places: str) -> Verdict:
    return Verdict(RequestState.REFUSED, rule, text, places)


def by(way: Way) -> Verdict:
    """What the settings say of a kind where nothing else speaks against it."""
    return yes("by rule") if way == "rule" else ask("staff decide")


CAPPED: Final = N_("Leverage is limited to 1:{cap} by the rules where you live.")
ABOVE: Final = N_("Leverage above 1:{most} is decided by a person.")
WOULD_STOP: Final = N_(
    "It would close positions: the margin level would fall to {level} %, and {stop} % closes them. "
    "Close some or add money first."
)
WOULD_CALL: Final = N_(
    "It would cause a margin call: the margin level would fall to {level} %, and the call is at "
    "{call} %. Close some positions or add money first."
)


def capped(asked: int, cap: Cap | None) -> Verdict | None:
    """The jurisdiction's no, with the rule that made it; None where it allows it."""
    if cap is None or asked <= cap.leverage:
        return None
    lowest = min(cap.because, key=lambda one: one[1])
    return no(lowest[0], CAPPED, cap=str(cap.leverage))


def endangered(effect: Effect, requests: Requests) -> Verdict | None:
    """What a margin call or a stop-out makes of a client's own request; None for neither."""
    if effect.verdict == "none":
        return None
    level = _whole(effect.level_after)
    if effect.verdict == "stop-out":
        return no("stop-out", WOULD_STOP, level=level, stop=_whole(effect.stop))
    places = {"level": level, "call": _whole(effect.call)}
    if requests.margin_call == "stop":
        return no("margin call", WOULD_CALL, **places)
    return ask("margin call", WOULD_CALL, **places)


def _whole(level: Decimal | None) -> str:
    return "–" if level is None else f"{int(level)}"


def leverage(asked: int, *, cap: Cap | None, effect: Effect, requests: Requests) -> Verdict:
    """A client's own request: the jurisdiction first, then the margin, then who decides."""
    found = capped(asked, cap) or endangered(effect, requests)
    if found is not None:
        return found
    if requests.leverage == "rule" and asked > requests.leverage_most:
        return ask("above what goes by rule", ABOVE, most=str(requests.leverage_most))
    return by(requests.leverage)


def staffs(*, rises: bool, effect: Effect | None) -> Verdict:
    """A change that staff asks for: another person decides where risk rises or margin is short."""
    if effect is not None and effect.verdict == "stop-out":
        places = {"level": _whole(effect.level_after), "stop": _whole(effect.stop)}
        return ask("stop-out", WOULD_STOP, **places)
    if effect is not None and effect.verdict == "margin-call":
        places = {"level": _whole(effect.level_after), "call": _whole(effect.call)}
        return ask("margin call", WOULD_CALL, **places)
    return ask("a second person") if rises else yes("by staff")


def strictest(limits: Mapping[str, Mapping[str, str]] | None) -> Access:
    """What an account may do under all that limits it."""
    return max(
        (Access(one["access"]) for one in (limits or {}).values()),
        key=ORDER.index,
        default=Access.FULL,
    )
