"""What a change does to an account's margin, before it is made. Pure.

Margin is taken to follow the leverage in full. On a platform some symbols do not (CFDs with a margin
of their own), so that what is computed for a lower leverage is the worst that can happen.
"""

from decimal import ROUND_UP, Decimal
from typing import Final, Literal

import msgspec

from stoa.kernel.money import EXACT

Verdict = Literal["none", "margin-call", "stop-out"]
_WORSE: Final = {"none": 0, "margin-call": 1, "stop-out": 2}
_PLACES: Final = Decimal("0.01")


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts in the account's currency, levels in percent of the margin."""

    currency: str
    equity: Decimal
    margin: Decimal
    margin_after: Decimal
    call: Decimal
    stop: Decimal
    verdict: Verdict

    @property
    def level(self) -> Decimal | None:
        return _level(self.equity, self.margin)

    @property
    def level_after(self) -> Decimal | None:
        return _level(self.equity, self.margin_after)

    @property
    def seal(self) -> str:
        """What a yes is bound to: the verdict and the level after it, in steps of ten percent."""
        level = self.level_after
        return f"{self.verdict}:{'-' if level is None else int(level // 10)}"

    def worse_than(self, agreed: Verdict) -> bool:
        return _WORSE[self.verdict] > _WORSE[agreed]

    def record(self) -> dict[str, str]:
        """As it is stored: texts, so that no digit is lost."""
        plain: dict[str, str] = msgspec.to_builtins(self, builtin_types=())
        return {
            **{key: str(value) for key, value in plain.items()},
            "level": _text(self.level),
            "level_after": _text(self.level_after),
        }


def _text(level: Decimal | None) -> str:
    return "" if level is None else str(level.quantize(_PLACES))


def _level(equity: Decimal, margin: Decimal) -> Decimal | None:
    return EXACT.divide(equity * 100, margin) if margin > 0 else None


def read(stored: dict[str, str] | None) -> Effect | None:
    """A stored effect; None where nothing was computed."""
    if not stored:
        return None
    return msgspec.convert(
        {key: value for key, value in stored.items() if not key.startswith("level")},
        Effect,
        strict=False,
    )


def of(
    *,
    currency: str,
    equity: Decimal,
    margin: Decimal,
    leverage: int,
    leverage_after: int,
    call: Decimal,
    stop: Decimal,
    tighter: bool = False,
) -> Effect:
    """`tighter`: the levels themselves rise, so that the same margin may be too much.

    What is not made worse is no effect of the change, however little margin is left.
    """
    after = EXACT.divide(margin * leverage, Decimal(max(leverage_after, 1))).quantize(
        _PLACES, rounding=ROUND_UP
    )
    level = _level(equity, after)
    verdict: Verdict = "none"
    if level is not None and (after > margin or tighter):
        if level <= stop:
            verdict = "stop-out"
        elif level <= call:
            verdict = "margin-call"
    return Effect(
        currency=currency,
        equity=equity,
        margin=margin,
        margin_after=after,
        call=call,
        stop=stop,
        verdict=verdict,
    )
