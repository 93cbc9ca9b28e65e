"""What an operator asks for when a sub-broker is to be made, and what is refused of it at once."""

import re
import tomllib
from typing import Final
from zoneinfo import available_timezones

import msgspec
from email_validator import EmailNotValidError, validate_email

from stoa.kernel import currencies, where
from stoa.kernel.refusals import Invalid

_LONGEST_NAME: Final = 120
_LONGEST_ENTITY: Final = 160
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_RESERVED: Final = frozenset(
    {"control", "www", "api", "mail", "admin", "status", "platform", "operator", "static", "app"}
)


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator asks for a new sub-broker. `blueprint` names a file of settings."""

    name: str
    slug: str
    legal_entity: str
    owner_email: str
    blueprint: str = "standard"
    base_currency: str | None = None
    time_zone: str | None = None
    accent: str | None = None
    mode: str = "assume"


def check(asked: Asked) -> Asked:
    """Raises Invalid, the field named."""
    if not _SLUG.fullmatch(asked.slug) or "--" in asked.slug:
        raise Invalid(
            "The short name has 3 to 32 small letters, digits or hyphens and starts with a letter.",
            field="slug",
        )
    if asked.slug in _RESERVED:
        raise Invalid("This short name is reserved. Choose another.", field="slug")
    if not 0 < len(asked.name.strip()) <= _LONGEST_NAME:
        raise Invalid(
            "Give the sub-broker a name of up to {n} letters.", field="name", n=_LONGEST_NAME
        )
    if not 0 < len(asked.legal_entity.strip()) <= _LONGEST_ENTITY:
        raise Invalid(
            "Name the legal entity in up to {n} letters.", field="legal_entity", n=_LONGEST_ENTITY
        )
    _check_wishes(asked)
    if asked.mode not in {"assume", "login"}:
        raise Invalid("The isolation mode is assume or login.", field="mode")
    if asked.blueprint not in blueprints():
        raise Invalid(
            "There is no blueprint {name}; known are {known}.",
            field="blueprint",
            name=asked.blueprint,
            known=", ".join(blueprints()),
        )
    return asked


def _check_wishes(asked: Asked) -> None:
    """What a later step would stumble over, when the short name is used up already."""
    try:
        validate_email(asked.owner_email, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as why:
        raise Invalid("Give the owner's e-mail address.", field="owner_email") from why
    if asked.base_currency and not currencies.known(asked.base_currency):
        raise Invalid(
            "The currency {code} is not known.", field="base_currency", code=asked.base_currency
        )
    if asked.time_zone and asked.time_zone not in available_timezones():
        raise Invalid("The time zone {name} is not known.", field="time_zone", name=asked.time_zone)
    if asked.accent and not _HEX.fullmatch(asked.accent):
        raise Invalid("Write a colour as # and six hex digits.", field="accent")


def blueprints() -> list[str]:
    return sorted(path.stem for path in where.blueprints().glob("*.toml"))


def told_of_blueprints() -> list[tuple[str, str, str]]:
    """Each blueprint's name, its title, and what it says of itself."""
    told: list[tuple[str, str, str]] = []
    for name in blueprints():
        head = tomllib.loads((where.blueprints() / f"{name}.toml").read_text()).get("blueprint", {})
        told.append((name, str(head.get("title", name)), str(head.get("about", ""))))
    return told
