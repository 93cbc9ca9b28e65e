"""Values of settings types made up at random: whatever the types allow, told by a seed."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from stoa.drawn import labels
from stoa.drawn.hints import (
    Hint,
    Part,
    codes,
    element,
    fixed,
    hint_of,
    mapping,
    parts,
    sort_of,
)

WORDS = ("alpha", "Beta, and more", "göld", "ذهب", "x-1", "a=b", '"quoted" <b>', "real\\eu-eur")
PATTERNED = ("alpha", "b2", "c-3", "ES", "DE", "EUR/USD", "07:30", "en", "XAUUSD", "#a1b2c3")


def value_of(kind: type[msgspec.Struct], dice: random.Random, tries: int = 30) -> Any:
    """A value of the type. What its own rules refuse is made anew, at last as it is usual."""
    for _ in range(tries):
        try:
            return _struct(kind, dice, 0)
        except (ValueError, TypeError, KeyError):
            continue
    return kind()


def _struct(kind: Any, dice: random.Random, depth: int) -> Any:
    """Fields differ from the usual one by one, so that rules over several are seldom broken."""
    for _ in range(4):
        told: dict[str, Any] = {}
        for one in parts(kind):
            if one.required or dice.random() < (0.5 if depth else 0.35):
                told[one.name] = _one(one.hint, dice, depth, one)
        try:
            data = {name: value for name, value in told.items() if value is not _NOTHING}
            return _made(kind, data)
        except (ValueError, TypeError, KeyError, msgspec.ValidationError):
            continue
    data = {one.name: _one(one.hint, dice, depth, one) for one in parts(kind) if one.required}
    return _made(kind, data)


_NOTHING: Any = object()


def _made(kind: Any, data: dict[str, Any]) -> Any:
    if dataclasses.is_dataclass(kind):
        return kind(**data)  # type: ignore[operator] # pyright: ignore[reportCallIssue]
    return msgspec.convert(msgspec.json.decode(msgspec.json.encode(data)), kind, strict=False)


def _one(hint: Hint, dice: random.Random, depth: int, part: Part | None) -> Any:
    if hint.optional and dice.random() < 0.4:
        return None
    sort = sort_of(hint)
    if sort == "money":
        names = {
            one.name: Decimal(dice.randint(0, 10**6)).scaleb(-2)
            if one.name == "amount"
            else dice.choice(("EUR", "USD"))
            for one in parts(hint.kind)
        }
        return _made(hint.kind, names)
    if sort == "struct":
        return _struct(hint.kind, dice, depth + 1)
    inner = element(hint.kind)
    if inner is not None:
        offered = [code for code, _ in labels.options(hint, part)]
        if offered:
            return dice.sample(offered, dice.randint(0, len(offered)))
        least = int(hint.meta.get("min_length", 0))
        count = dice.randint(least, max(least, 4 if depth < 2 else 2))
        return [_one(inner, dice, depth + 1, None) for _ in range(count)]
    if (pair := mapping(hint.kind)) is not None:
        if sort == "free":
            return {"base_url": "https://x.example", "n": dice.randint(0, 9), "deep": {"on": True}}
        return {
            str(_plain(pair[0], dice, None)): _one(pair[1], dice, depth + 1, None)
            for _ in range(dice.randint(0, 60 if depth == 1 else 3))
        }
    if members := fixed(hint.kind):
        return [_plain(one, dice, None) for one in members]
    if sort == "free":
        return {"a": dice.randint(0, 9)}
    return _plain(hint, dice, part)


def _plain(hint: Hint, dice: random.Random, part: Part | None) -> Any:
    kind = hint.kind
    if kind is bool:
        return dice.random() < 0.5
    if offered := codes(kind):
        return (
            dice.choice(offered)
            if isinstance(kind, type) and issubclass(kind, Enum)
            else _as(dice.choice(offered), hint)
        )
    if kind is int:
        least = int(hint.meta.get("ge", -5))
        return dice.randint(least, int(hint.meta.get("le", least + 1000)))
    if kind is Decimal:
        return Decimal(dice.randint(0, 99999)).scaleb(-dice.randint(0, 3))
    if kind is datetime:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randint(0, 10**7))
        return at + timedelta(microseconds=dice.choice((0, 0, 123456)))
    if kind is UUID:
        return UUID(int=dice.getrandbits(128))
    if pattern := hint.meta.get("pattern"):
        fitting = [one for one in PATTERNED if _fits(one, hint)]
        return dice.choice(fitting) if fitting else str(pattern)
    offered_here = [code for code, _ in labels.options(hint, part)] if part is not None else []
    if offered_here:
        return dice.choice(offered_here)
    text = dice.choice(WORDS)
    return text[: int(hint.meta.get("max_length", 200))].strip()


def _as(code: str, hint: Hint) -> Any:
    return msgspec.convert(code, hint.whole, strict=False)


def _fits(text: str, hint: Hint) -> bool:
    try:
        msgspec.convert(text, hint.whole)
    except msgspec.ValidationError:
        return False
    return True


__all__ = ["hint_of", "value_of"]
