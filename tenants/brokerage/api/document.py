"""The OpenAPI 3.1 document, drawn from the same declarations as the routes."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from brokerage.api import offer as offers
from brokerage.api.offer import PREFIX, Offer
from brokerage.api.token import PATH as TOKEN_PATH
from stoa.events.facts import Fact, catalogue

VERSION: Final = "1.0.0"
_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = "application/problem+json"
ABOUT: Final = (
    "Access with OAuth2 client credentials: keys are made in Settings, API and webhooks. Amounts "
    "are strings of plain digits, ids are UUIDs, times are RFC 3339 in UTC. Unknown fields are "
    "refused. Lists are read page by page with `after`. Every POST wants an `Idempotency-Key`: "
    "the same key gives the same answer and does nothing twice. Errors are problem documents with "
    "a stable `code`; `reference` finds the call in logs and audit."
)


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457: why a call was refused. `code` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    reference: Annotated[str, Meta(description="Also in the header X-Request-Id.")]
    field: str | None = None
    problems: list[FieldProblem] = []


ERRORS: Final = {
    "400": "Not well-formed, or the Idempotency-Key is missing.",
    "401": "The access token is missing, over, or not good here.",
    "403": "The key lacks the scope.",
    "404": "Unknown, or not this broker's.",
    "409": "Not possible in this state, or a call with the same key is under way.",
    "413": "The body is larger than a megabyte.",
    "415": "The body is not application/json.",
    "422": "A field is wrong or not known, or the key was used for another request.",
    "429": "Too many calls in this minute; `Retry-After` tells when.",
    "503": "Not available at this moment; nothing was changed.",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document without `servers` and the broker's name, which the host decides."""
    made = sorted_offers()
    facts = public_facts()
    kinds: list[Any] = [Problem, *facts]
    for one in made:
        kinds += [kind for kind in (one.answer, one.body, one.query) if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    by_kind = {_name(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {TOKEN_PATH: {"post": _token()}}
    for one in made:
        path = paths.setdefault(PREFIX + one.path, {})
        path[one.method.lower()] = _operation(one, by_kind, components)
    used = {_name(one.query) for one in made if one.query is not None}
    return {
        "openapi": "3.1.0",
        "info": {"title": "API", "version": VERSION, "description": ABOUT},
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in made)],
        "paths": paths,
        "webhooks": {kind.kind: {"post": _event(kind, by_kind)} for kind in facts},
        "components": {
            "schemas": {
                name: schema
                for name, schema in components.items()
                if not (used & {_ref_name(_REF.format(name=name))})
            },
            "securitySchemes": {"oauth2": _security(made)},
        },
    }


def sorted_offers() -> list[Offer]:
    """Reads before changes of the same path, paths in the order of their declaration."""
    return list(offers.OFFERS)


def public_facts() -> list[type[Fact]]:
    return [told for _, told in sorted(catalogue().items()) if told.public]


def _name(kind: Any) -> str:
    return str(kind) if not isinstance(kind, type) else kind.__qualname__


def _ref_name(ref: str) -> str:
    return ref.rsplit("/", 1)[-1]


def _operation(one: Offer, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary.rstrip("."),
        "security": [{"oauth2": [one.permission]}],
        "responses": {
            str(one.status): {
                "description": "Done.",
                "headers": _headers(),
                "content": {"application/json": {"schema": schemas[_name(one.answer)]}},
            },
            **{code: _refusal(why) for code, why in ERRORS.items() if _fits(one, code)},
        },
    }
    if one.about:
        said["description"] = " ".join(one.about.split())
    parameters = [*_ids(one.ids), *_query(one, components), *(_KEY if one.changes else ())]
    if parameters:
        said["parameters"] = parameters
    if one.body is not None:
        said["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[_name(one.body)]}},
        }
    return said


def _fits(one: Offer, code: str) -> bool:
    if code in {"400", "409"}:
        return one.changes
    return one.body is not None if code in {"413", "415"} else True


_KEY: Final = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "A new one for every new operation, the same one for a repeat.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 120},
    },
)


def _ids(names: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
        for name in names
    ]


def _query(one: Offer, components: dict[str, Any]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = components[one.query.__name__]
    owed = schema.get("required", ())
    return [_parameter(name, part, name in owed) for name, part in schema["properties"].items()]


def _parameter(name: str, part: dict[str, Any], required: bool) -> dict[str, Any]:
    """A query has no null: what may be absent is simply left out."""
    real = next((one for one in part.get("anyOf", ()) if one.get("type") != "null"), part)
    about = part.get("description") or real.get("description")
    shown = {key: value for key, value in real.items() if key != "description"}
    if "enum" in shown:
        shown["enum"] = [one for one in shown["enum"] if one is not None]
    said = {"name": name, "in": "query", "required": required, "schema": shown}
    return said | {"description": about} if about else said


def _headers() -> dict[str, Any]:
    return {
        name: {"description": about, "schema": {"type": kind}}
        for name, about, kind in (
            ("X-Request-Id", "Finds this call in logs and audit.", "string"),
            ("RateLimit-Limit", "Calls a minute.", "integer"),
            ("RateLimit-Remaining", "Calls left in this minute.", "integer"),
            ("RateLimit-Reset", "Seconds to the next minute.", "integer"),
        )
    }


def _refusal(why: str) -> dict[str, Any]:
    return {
        "description": why,
        "content": {_PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _token() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "operationId": "token-issue",
        "tags": ["Access"],
        "summary": "Get an access token",
        "description": "The key's id and secret by HTTP Basic, or as fields of the form.",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {
                            "grant_type": {"const": "client_credentials"},
                            "scope": text | {"description": "Absent: all scopes of the key."},
                            "client_id": text,
                            "client_secret": text,
                        },
                    }
                }
            },
        },
        "responses": {
            "200": {
                "description": "A token for an hour.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["access_token", "token_type", "expires_in", "scope"],
                            "properties": {
                                "access_token": text,
                                "token_type": {"const": "Bearer"},
                                "expires_in": {"type": "integer"},
                                "scope": text,
                            },
                        }
                    }
                },
            },
            "400": {"description": "The request or a scope is not valid (RFC 6749)."},
            "401": {"description": "The client could not be recognised."},
            "429": {"description": ERRORS["429"]},
        },
    }


def _security(made: Iterable[Offer]) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": scopes(made)}},
    }


def scopes(made: Iterable[Offer] | None = None) -> dict[str, str]:
    """Every scope a key may have, with what it opens."""
    found: dict[str, list[str]] = {}
    for one in made if made is not None else sorted_offers():
        found.setdefault(one.permission, []).append(one.summary.rstrip("."))
    found.update({name: [about] for name, about in BESIDES.items()})
    return {name: "; ".join(what) for name, what in sorted(found.items())}


BESIDES: Final = {
    "clients:pii:view": "See names, e-mail addresses and telephone numbers",
    "kyc:screening:view": "See the risk of verification cases",
}
"""Scopes that open no call of their own but more of an answer."""


def _event(kind: type[Fact], schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": f"event-{kind.kind}",
        "tags": ["Events"],
        "summary": kind.kind,
        "description": event_about(kind),
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["type", "timestamp", "data"],
                        "properties": {
                            "type": {"const": kind.kind},
                            "timestamp": {"type": "string", "format": "date-time"},
                            "data": schemas[_name(kind)],
                        },
                    }
                }
            },
        },
        "responses": {"2XX": {"description": "Any 2xx is a receipt."}},
    }


def event_about(kind: type[Fact]) -> str:
    """Its own sentence; the general one of the base says nothing about it."""
    return " ".join((kind.__doc__ or "").split()) if kind.__doc__ != Fact.__doc__ else ""
