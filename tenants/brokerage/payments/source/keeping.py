"""The tenant's chain analyst: connected, changed, left; its secrets written and never shown."""

from collections.abc import Mapping
from typing import Final

import msgspec

from brokerage.payments.psp import psps
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import examining
from brokerage.payments.source.settings import Analyst
from stoa.connectors.checks import Check, failed
from stoa.kernel.refusals import Invalid, NotFound, Refusal
from stoa.tenancy import settings
from stoa.tenancy.door import OpenWork
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials

SLICE: Final = "payments"


async def keep(
    work: Work, value: msgspec.Struct, entered: Mapping[str, str], *, why: str, connector: str
) -> int | None:
    """Connect or change the analyst; the settings' version, or None where a second person is owed.

    `value` is the connector's settings, `entered` its secrets by field; they are stored at once.
    Raises Invalid.
    """
    work.require(Settings.EDIT)
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    now = work.settings(PaymentsSettings)
    held = now.sources.analyst
    same = held if held is not None and held.connector == connector else None
    told, written = psps.told_and_entered(
        f"source-{connector}", same.settings if same is not None else None, value, entered
    )
    if written:
        work.require(Settings.SECRETS)

    made = Analyst(connector=connector, settings=told)
    version = await _put(work, now, made, why)
    for name, text in sorted(written.items()):
        await credentials.put(work, name, text)
    return version


async def leave(work: Work, *, why: str) -> int | None:
    """Without an analyst from now on: the amount rule decides alone. As `keep`."""
    work.require(Settings.EDIT)
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    now = work.settings(PaymentsSettings)
    if now.sources.analyst is None:
        raise NotFound
    return await _put(work, now, None, why)


async def _put(work: Work, now: PaymentsSettings, made: Analyst | None, why: str) -> int | None:
    sources = msgspec.structs.replace(now.sources, analyst=made)
    changed = msgspec.structs.replace(now, sources=sources)
    settings.parse(SLICE, PaymentsSettings, settings.as_data(changed))
    return await settings.put(work, SLICE, changed, why=why.strip()[:400])


async def tested(open_work: OpenWork) -> list[Check]:
    """What a test of the connection finds, with no transaction open meanwhile."""
    try:
        async with open_work() as work:
            analyst = await examining.connected(work)
        if analyst is None:
            raise NotFound
        return await analyst.test_connection()
    except Refusal as why:
        return [failed(N_("Reach the analyst"), why)]
