"""The port with an ear: every question and answer is noted, secrets left out."""

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from brokerage.trading.conformance.report import Call
from brokerage.trading.connector import News, TradingConnector
from stoa.kernel.refusals import Refusal

_LONGEST: Final = 400
_MOST: Final = 200
"""Calls kept of one case; waiting for something asks the same again and again."""
_SECRET: Final = frozenset({"password", "investor_password"})


class Recorder:
    """Calls the connector's verbs by name and notes them."""

    def __init__(self, connector: TradingConnector) -> None:
        self.connector = connector
        self._calls: list[Call] = []

    async def ask(self, verb: str, *given: Any, **named: Any) -> Any:
        """The verb's answer; what it raises is noted and raised on."""
        do: Callable[..., Any] = getattr(self.connector, verb)
        asked = _asked(verb, do, given, named)
        try:
            answer = await do(*given, **named)
        except Refusal as why:
            self._note(asked, f"{type(why).__name__} {why.code}: {why}")
            raise
        except Exception as why:
            self._note(asked, f"raised {type(why).__name__}: {why}")
            raise
        self._note(asked, _short(answer))
        return answer

    def stream(self) -> AsyncIterator[News]:
        return self.connector.stream()

    def taken(self) -> tuple[Call, ...]:
        """What was noted since the last time."""
        calls, self._calls = self._calls, []
        return tuple(calls)

    def _note(self, asked: str, answered: str) -> None:
        call = Call(asked, answered)
        if len(self._calls) < _MOST and (not self._calls or self._calls[-1] != call):
            self._calls.append(call)


def _asked(verb: str, do: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> str:
    bound: dict[str, Any] = inspect.signature(do).bind(*given, **named).arguments
    told = (f"{name}={'…' if name in _SECRET else _short(value)}" for name, value in bound.items())
    return f"{verb}({', '.join(told)})"


def _short(value: Any) -> str:
    if isinstance(value, tuple | list) and len(value) > 3:
        shown = ", ".join(_plain(one) for one in value[:3])
        return f"({shown}, … {len(value)} in all)"[:_LONGEST]
    text = _plain(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else repr(value)
