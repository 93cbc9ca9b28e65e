"""A form's fields as a browser sends them: what is drawn, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any

from stoa.drawn.views import View

PARTS = ("group", "row", "pair", "rows", "pairs", "money", "duo", "maybe")


def sent(fields: Iterable[View]) -> dict[str, Any]:
    """Line ends of text areas are sent as browsers do."""
    found: dict[str, Any] = {}
    for one in fields:
        if one.kind == "folded":
            found[f"{one.name}._kept"] = str(one.at)
        elif one.kind in PARTS:
            if one.kind == "maybe" and one.count:
                found[f"{one.name}._on"] = "1"
            found |= sent(one.fields)
        elif one.kind == "switch":
            if one.value:
                found[one.name] = "true"
        elif one.kind == "secret":
            found[one.name] = ""
        elif one.kind == "multi":
            if one.value:
                found[one.name] = [code for code, _ in one.options if code in one.value]
        else:
            found[one.name] = str(one.value).replace("\n", "\r\n")
    return found


def step(drawn: Mapping[str, Any], do: str, **changed: Any) -> dict[str, Any]:
    """One press of a button of a drawn form, with fields changed before it; dots are `__`."""
    fields = sent(drawn["fields"])
    for name, value in changed.items():
        dotted = name.replace("__", ".")
        if value is None:
            fields.pop(dotted, None)
        else:
            fields[dotted] = value
    return fields | {
        "_draft": drawn["draft"],
        "_version": str(drawn["version"]),
        "_at": drawn["at"],
        "_drawn": "1",
        "_do": do,
    }
