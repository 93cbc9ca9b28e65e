"""Stripe's form encoding: `line_items[0][price_data][unit_amount]=500`, read with its own errors."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.alpha.errors import invalid, missing, unknown

Params = dict[str, Any]
DEEPEST = 8


def nested(pairs: Iterable[tuple[str, str]]) -> Params:
    """Dictionaries and lists out of bracketed names."""
    root: Params = {}
    for name, value in pairs:
        path = [re.split(r"[\[\]]", name, maxsplit=1)[0], *re.findall(r"\[([^\]]*)\]", name)]
        if len(path) > DEEPEST:
            raise invalid(f"Invalid parameter: {name[:80]}", param=name[:80])
        _place(root, path, value)
    return {name: _lists(value) for name, value in root.items()}


def _place(root: Params, path: list[str], value: str) -> None:
    spot = root
    for step in path[:-1]:
        below = spot.setdefault(step or str(len(spot)), {})
        if not isinstance(below, dict):
            raise invalid(f"Invalid parameter: {path[0]}", param=path[0])
        spot = below
    spot[path[-1] or str(len(spot))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(below) for key, below in value.items()}


def only(params: Params, known: Iterable[str]) -> None:
    for name in params:
        if name not in known:
            raise unknown(name)


def need(params: Params, name: str) -> str:
    value = params.get(name)
    if value in (None, ""):
        raise missing(name)
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {name}", param=name)
    return value


def text(params: Params, name: str, longest: int = 5_000) -> str | None:
    value = params.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {name}", param=name)
    if len(value) > longest:
        message = f"Invalid string: {name} must be at most {longest} characters"
        raise invalid(message, code="parameter_invalid_string", param=name)
    return value


def whole(value: object, param: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,15}", value):
        raise invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def metadata(params: Params, name: str = "metadata") -> dict[str, str]:
    """Up to 50 keys of 40 characters with values of 500."""
    given = params.get(name) or {}
    if not isinstance(given, dict):
        raise invalid(f"Invalid hash: {name}", code="parameter_invalid", param=name)
    if len(given) > 50:
        raise invalid("Metadata can have at most 50 keys.", param=name)
    for key, value in given.items():
        if not isinstance(value, str) or len(key) > 40 or len(value) > 500:
            raise invalid(f"Invalid metadata: {key[:40]}", param=f"{name}[{key[:40]}]")
    return given


def address(params: Params, name: str, *, needed: bool = False) -> str | None:
    value = need(params, name) if needed else text(params, name)
    if value is not None and not re.match(r"https?://[^/\s]+", value):
        raise invalid("Not a valid URL", code="url_invalid", param=name)
    return value
