"""What only the moment knows of the fields of a form: choices, secrets that are stored, what is fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """By dotted path, a row's number as `*` (`use.*.psp`).

    `secrets` are written and never shown: what may be said of the stored one, empty for none.
    `locked` names who fixed a field, as a sentence in the reader's language.
    """

    options: Mapping[str, Choices] = field(default_factory=dict[str, Choices])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    locked: Mapping[str, str] = field(default_factory=dict[str, str])

    def choices(self, path: str) -> Choices:
        return self.options.get(_anywhere(path), ())

    def secret(self, path: str) -> str | None:
        return self.secrets.get(path)

    def lock(self, path: str) -> str:
        return self.locked.get(_anywhere(path), "")


NOTHING: Final = Given()


def _anywhere(path: str) -> str:
    return ".".join("*" if one.isdecimal() else one for one in path.split("."))
