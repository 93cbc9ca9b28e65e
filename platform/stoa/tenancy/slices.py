"""Sections of settings as they are stored, read with the types of today."""

from collections.abc import Mapping
from typing import Any

import msgspec


def current(slice_type: type[msgspec.Struct], body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored or exported section without the fields that its type once had (`RETIRED`): versions are
    never rewritten, and an older one still opens, comes back and is imported.
    """
    retired: frozenset[str] = getattr(slice_type, "RETIRED", frozenset())
    return {key: value for key, value in body.items() if key not in retired}
