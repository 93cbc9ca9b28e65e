"""A tenant's provider accounts: added, changed, switched; their secrets written and never shown.

await keep(work, "adyen-eu", Typed(...), why="the new acquirer")
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from brokerage.payments import connectors
from brokerage.payments.connector import PaymentConnector
from brokerage.payments.routing import watching
from brokerage.payments.settings import PaymentsSettings, Psp
from stoa.connectors.keyring import filled_fields, secret_fields
from stoa.connectors.outside import own_addresses
from stoa.drawn import whole
from stoa.drawn.given import Given
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.vault import credentials

SLICE: Final = "payments"
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person entered. `value` holds the connector's own settings, `entered` its secrets by field."""

    label: str
    on: bool
    value: msgspec.Struct
    entered: Mapping[str, str] = field(default_factory=dict[str, str])


def kind_of(connector: str) -> type[PaymentConnector]:
    """Raises NotFound for a connector there is none of."""
    return connectors.named(connector)


def form_of(
    kind: type[msgspec.Struct], told: Mapping[str, Any], known: Mapping[str, str], noted: str
) -> whole.Whole:
    """The connector's settings as a form; of a secret only whether it is stored, and its end.

    `known` maps the name of a secret in the vault to what may be shown of it; `noted` says who fixed
    an address of the installation's own.
    """
    usual = {one.name: one.default for one in msgspec.structs.fields(kind)}
    secrets = {
        name: known.get(str(told.get(name, usual[name])), "") for name in secret_fields(kind)
    }
    locked = dict.fromkeys(own_addresses(told), noted)
    return whole.opened(kind, told, given=Given(secrets=secrets, locked=locked))


async def known(work: Work, kind: type[msgspec.Struct], told: Mapping[str, Any]) -> dict[str, str]:
    """What may be shown of an account's secrets, by their name in the vault."""
    usual = {one.name: one.default for one in msgspec.structs.fields(kind)}
    names = [str(told.get(name, usual[name])) for name in secret_fields(kind)]
    return {name: one.masked for name, one in (await credentials.known(work, names)).items()}


async def keep(work: Work, code: str, typed: Typed, *, why: str, connector: str = "") -> int | None:
    """Put a provider in force, new or changed; its version, or None where a second person is owed.

    Secrets that were entered are stored at once and count from the next call on. Raises Invalid,
    Conflict or NotFound; then nothing was changed.
    """
    work.require(Settings.EDIT)
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    now = work.settings(PaymentsSettings)
    held = now.psp(code)
    if connector and held is not None:
        raise Conflict("Another provider has this code.", field="code")
    if not connector and held is None:
        raise NotFound
    if not _CODE.fullmatch(code):
        raise Invalid("A code has 2 to 31 small letters, digits and hyphens.", field="code")
    kind = kind_of(connector or (held.connector if held is not None else ""))
    told, entered = told_and_entered(
        code, held.settings if held is not None else None, typed.value, typed.entered
    )
    if entered:
        work.require(Settings.SECRETS)

    base = held or Psp(code=code, connector=kind.code)
    made = msgspec.structs.replace(
        base, label=typed.label.strip()[:80] or kind.label, on=typed.on, settings=told
    )
    rest = [made if one.code == code else one for one in now.psps]
    psps = tuple(rest if held is not None else [*rest, made])
    changed = msgspec.structs.replace(now, psps=psps)
    settings.parse(SLICE, PaymentsSettings, settings.as_data(changed))
    version = await settings.put(work, SLICE, changed, why=why.strip()[:400])
    for name, value in sorted(entered.items()):
        await credentials.put(work, name, value)
    if held is None:
        await watching.inherit(work, code, kind.code)
    return version


def told_and_entered(
    code: str,
    held: Mapping[str, Any] | None,
    value: msgspec.Struct,
    entered: Mapping[str, str],
) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings to store, as far as they differ from the usual, and the secrets to write by name."""
    kind = type(value)
    secrets = secret_fields(kind)
    before = dict(held or {})
    usual = settings.as_data(kind())
    unseen = {*secrets, *filled_fields(kind, "callback")}
    told = {
        name: one
        for name, one in settings.as_data(value).items()
        if name not in unseen and one != usual.get(name)
    }
    told |= own_addresses(before)
    for name in secrets:
        told[name] = str(before.get(name) or (f"{code}.{name}" if held is None else usual[name]))
    return told, {told[name]: text for name, text in entered.items()}
