"""What a tenant may decide is decided by it: no setting is only a field of a form."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec

from brokerage.product import PRODUCT

ROOT = Path(__file__).resolve().parents[2]


def types_of(kind: object, known: set[type]) -> Iterator[type[msgspec.Struct]]:
    """A section's type and those of everything in it."""
    for argument in typing.get_args(kind):
        yield from types_of(argument, known)
    own = typing.get_origin(kind) or kind
    if isinstance(own, type) and issubclass(own, msgspec.Struct) and own not in known:
        known.add(own)
        yield own
        for hint in typing.get_type_hints(own, include_extras=True).values():
            yield from types_of(hint, known)


def written() -> str:
    """All code and templates but the labels of fields."""
    code = [
        path
        for base in ("platform", "tenants")
        for path in (ROOT / base).rglob("*.py")
        if path.name != "labels.py"
    ]
    return "\n".join(path.read_text() for path in [*code, *(ROOT / "themes").rglob("*.html")])


def test_every_setting_is_read_by_something():
    """Two rules of accounts before verification, a likeness of faces and a time of keeping could be set,
    were exported and compared, and decided nothing."""
    known: set[type] = set()
    fields = {
        field.name: kind.__name__
        for module in PRODUCT.modules
        if module.settings is not None
        for kind in types_of(module.settings, known)
        for field in msgspec.structs.fields(kind)
    }
    read = set(re.findall(r"\.(\w+)\b", text := written())) | set(
        re.findall(r"[\"'](\w+)[\"']", text)
    )

    assert len(fields) > 400
    assert {name: kind for name, kind in fields.items() if name not in read} == {}
