"""The document as a person reads it: operations by subject, fields in rows, an example of each."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import msgspec

from brokerage.api.document import document

_DEEPEST: Final = 5
_EXAMPLES: Final = {
    "uuid": "0197c4a2-6f3e-7b51-9d3a-4c1f0e8a2b77",
    "date-time": "2026-03-14T09:26:53Z",
    "date": "1990-05-17",
}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    about: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """One call or event with all that is shown of it."""

    key: str
    method: str
    path: str
    summary: str
    about: str
    scope: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    body_example: str
    answer: tuple[Field, ...]
    answer_example: str
    refusals: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """One page of the reference."""

    code: str
    name: str
    operations: tuple[Operation, ...]


@cache
def subjects() -> tuple[Subject, ...]:
    """Every call by its subject, in the order of the document; the events of webhooks last."""
    told = document()
    schemas = told["components"]["schemas"]
    found: dict[str, list[Operation]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            read = _operation(path, method, operation, schemas)
            found.setdefault(operation["tags"][0], []).append(read)
    found["Events"] = [_event(name, one["post"], schemas) for name, one in told["webhooks"].items()]
    return tuple(
        Subject(name.lower().replace(" ", "-"), name, tuple(operations))
        for name, operations in found.items()
    )


def _event(name: str, told: dict[str, Any], schemas: dict[str, Any]) -> Operation:
    """Only what is the event's own: headers and envelope are the same for all and told once."""
    read = _operation(name, "post", told, schemas)
    own = tuple(replace(one, depth=one.depth - 1) for one in read.body if one.depth)
    return replace(read, parameters=(), body=own)


def _operation(
    path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> Operation:
    body = _content(operation.get("requestBody"))
    good = next(code for code in operation["responses"] if code.startswith("2"))
    answer = _content(operation["responses"][good])
    return Operation(
        key=operation["operationId"].replace(".", "-"),
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        scope=next((s["oauth2"][0] for s in operation["security"] if "oauth2" in s), ""),
        parameters=tuple(
            Field(
                one["name"],
                _kind(one["schema"], schemas),
                one["required"],
                one.get("description", ""),
            )
            for one in operation.get("parameters", ())
        ),
        body=tuple(_fields(body, schemas)),
        body_example=_example(body, schemas),
        answer=tuple(_fields(answer, schemas)),
        answer_example=_example(answer, schemas),
        refusals=tuple(
            (code, one["description"])
            for code, one in operation["responses"].items()
            if not code.startswith("2")
        ),
    )


def _content(holder: dict[str, Any] | None) -> dict[str, Any] | None:
    if not holder or "content" not in holder:
        return None
    schema: dict[str, Any] = next(iter(holder["content"].values()))["schema"]
    return schema


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Through references, and past `null` where something else is possible."""
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
        elif "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        else:
            return schema


def _kind(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    may_be_null = any(one.get("type") == "null" for one in schema.get("anyOf", ()))
    real = _resolved(schema, schemas)
    if "enum" in real:
        # None among the values of a Literal union is told as `or null`.
        said = " | ".join(str(one) for one in real["enum"] if one is not None)
        may_be_null = may_be_null or None in real["enum"]
    elif "const" in real:
        said = str(real["const"])
    elif real.get("type") == "array":
        said = f"list of {_kind(real['items'], schemas)}"
    else:
        said = str(real.get("format") or real.get("type", "any"))
    return f"{said} or null" if may_be_null else said


def _fields(schema: dict[str, Any] | None, schemas: dict[str, Any], depth: int = 0) -> list[Field]:
    if schema is None or depth > _DEEPEST:
        return []
    real = _resolved(schema, schemas)
    if real.get("type") == "array":
        return _fields(real["items"], schemas, depth)
    rows: list[Field] = []
    owed = real.get("required", ())
    for name, part in real.get("properties", {}).items():
        inner = _resolved(part, schemas)
        about = str(part.get("description") or inner.get("description", ""))
        nested = inner.get("items", inner) if inner.get("type") == "array" else inner
        nested = _resolved(nested, schemas)
        told = "" if nested is inner and "properties" in inner else about
        rows.append(Field(name, _kind(part, schemas), name in owed, told, depth))
        if "properties" in nested:
            rows += _fields(nested, schemas, depth + 1)
    return rows


def _example(schema: dict[str, Any] | None, schemas: dict[str, Any]) -> str:
    if schema is None:
        return ""
    made = msgspec.json.encode(_value(schema, schemas, 0))
    return msgspec.json.format(made, indent=2).decode()


def _value(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    real = _resolved(schema, schemas)
    if "examples" in real:
        return real["examples"][0]
    if "enum" in real:
        return next(one for one in real["enum"] if one is not None)
    if "const" in real:
        return real["const"]
    match real.get("type"):
        case "object" if "properties" in real and depth < _DEEPEST:
            parts = real["properties"].items()
            return {name: _value(part, schemas, depth + 1) for name, part in parts}
        case "array":
            return [_value(real["items"], schemas, depth + 1)]
        case "integer" | "number":
            return real.get("default", 1)
        case "boolean":
            return real.get("default", True)
        case "string":
            return _EXAMPLES.get(real.get("format", ""), real.get("default") or "text")
        case _:
            return {}
