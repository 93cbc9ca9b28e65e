"""Secrets as a connector sees them: by name, newest first, several while one is being rotated."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, get_args, get_type_hints

import msgspec

from stoa.connectors.trouble import Unreachable

SecretName = Annotated[str, msgspec.Meta(extra={"secret": True}, min_length=1, max_length=64)]
"""A settings field that holds the *name* of a secret in the vault, never the secret."""


class Keyring:
    """The opened secrets of one connector of one tenant. Never printed, never compared, short-lived."""

    __slots__ = ("_held",)

    def __init__(self, held: Mapping[str, str | Iterable[str]]) -> None:
        self._held = {
            name: (values,) if isinstance(values, str) else tuple(values)
            for name, values in held.items()
        }

    def current(self, name: str) -> str:
        """The newest value, for what we send.

        Raises:
            Unreachable: there is none, so nothing can be sent.
        """
        for value in self.active(name):
            return value
        raise Unreachable("This connector is missing a secret: {name}.", name=name)

    def active(self, name: str) -> tuple[str, ...]:
        """All values that still count, newest first; empty ones never count."""
        return tuple(value for value in self._held.get(name, ()) if value)

    def __repr__(self) -> str:
        return f"<Keyring {', '.join(sorted(self._held))}>"


def secret_fields(settings: type[msgspec.Struct]) -> tuple[str, ...]:
    """Which fields of a settings type name a secret; forms show them as write-only."""
    hints = get_type_hints(settings, include_extras=True)
    return tuple(name for name, hint in hints.items() if _is_secret(hint))


def filled_fields(settings: type[msgspec.Struct], what: str) -> tuple[str, ...]:
    """Which fields the product fills itself with `what`; forms do not show them."""
    hints = get_type_hints(settings, include_extras=True)
    return tuple(name for name, hint in hints.items() if _extra(hint, "filled") == what)


def secret_names(settings: msgspec.Struct) -> tuple[str, ...]:
    """The names of the secrets one connector's settings point at, to be opened before a call."""
    named = (getattr(settings, field) for field in secret_fields(type(settings)))
    return tuple(name for name in named if name)


def secrets_of(
    settings: type[msgspec.Struct], told: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Each secret a connector wants, as its field and its name in the vault; `told` is as typed."""
    usual = {field.name: field.default for field in msgspec.structs.fields(settings)}
    named = ((field, told.get(field, usual[field])) for field in secret_fields(settings))
    return tuple((field, name) for field, name in named if isinstance(name, str) and name)


def _is_secret(hint: Any) -> bool:
    return bool(_extra(hint, "secret"))


def _extra(hint: Any, name: str) -> Any:
    found = (
        (meta.extra or {}).get(name) for meta in get_args(hint) if isinstance(meta, msgspec.Meta)
    )
    return next((one for one in found if one), None)
