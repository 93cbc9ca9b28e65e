r"""Masks of groups and symbols as the platform writes them: ``demo\*,!demo\vip``."""

import re
from functools import lru_cache


@lru_cache(maxsize=256)
def _rules(mask: str) -> tuple[tuple[bool, re.Pattern[str]], ...]:
    rules: list[tuple[bool, re.Pattern[str]]] = []
    for piece in mask.split(","):
        word = piece.strip()
        wanted = not word.startswith("!")
        word = word.lstrip("!").strip()
        if word:
            pattern = ".*".join(re.escape(part) for part in word.split("*"))
            rules.append((wanted, re.compile(pattern, re.IGNORECASE | re.DOTALL)))
    return tuple(rules)


def matches(mask: str, *names: str) -> bool:
    """Tell whether any of a thing's names is taken by the mask and none is taken out again.

    A mask of nothing but exclusions takes everything else.
    """
    rules = _rules(mask)
    taken = bool(rules) and not any(wanted for wanted, _ in rules)
    for wanted, pattern in rules:
        if any(pattern.fullmatch(name) for name in names):
            if not wanted:
                return False
            taken = True
    return taken
