"""Changed rules before they are in force: begun, written rule by rule, simulated, asked for.

draft = await begin(work, "New split")                  a copy of the rules in force
await put_rule(work, draft.id, "routes", 2, route)      replaces, or adds at the end
await predict(work, draft.id, days=30)                  what they would have done
await ask(work, draft.id, "why")                        a change that a second person agrees to
"""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from brokerage.payments.routing import explaining, history, record
from brokerage.payments.routing.looking import SLICE, version
from brokerage.payments.routing.model import RuleDraft
from brokerage.payments.routing.terms import Route
from brokerage.payments.settings import PaymentsSettings
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.settingsdesk import pending
from stoa.tenancy import settings
from stoa.tenancy.model import Setting, SettingChange
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work

Kind = Literal["routes", "payout_routes"]
KINDS: Final[tuple[Kind, ...]] = ("routes", "payout_routes")
_MOST_RULES: Final = 100
_MOST_OPEN: Final = 20


async def begin(work: Work, name: str, *, of_version: int | None = None) -> RuleDraft:
    """A copy of the rules in force, or of those of an earlier version, to be changed."""
    work.require(Settings.EDIT)
    if not name.strip():
        raise Invalid("Give the draft a name.", field="name")
    still_open = await work.value(
        select(func.count()).select_from(RuleDraft).where(RuleDraft.state != "dropped")
    )
    if still_open >= _MOST_OPEN:
        raise Conflict("There are {n} drafts already. Drop one first.", n=still_open)
    now = work.settings(PaymentsSettings)
    rules: dict[str, Any] = {kind: settings.as_data(getattr(now, kind)) for kind in KINDS}
    if of_version is not None:
        body = await work.first(
            select(Setting.body).where(Setting.slice == SLICE, Setting.version == of_version)
        )
        if body is None:
            raise NotFound
        rules = {kind: body.get(kind, []) for kind in KINDS}
    row = RuleDraft(
        id=work.new_id(),
        name=name.strip()[:120],
        version=await version(work),
        made_by=work.actor.id,
        made_at=work.now,
        changed_at=work.now,
        **rules,
    )
    work.add(row)
    await work.flush()
    return row


def rules_of(row: RuleDraft, kind: Kind) -> tuple[Route, ...]:
    told = row.routes if kind == "routes" else row.payout_routes
    return msgspec.convert(told, tuple[Route, ...], strict=False)


def whole(work: Work, row: RuleDraft, **changed: list[Any]) -> PaymentsSettings:
    """The settings as they would be. Raises Invalid with the path of what cannot be."""
    told = {kind: getattr(row, kind) for kind in KINDS} | changed
    body = settings.as_data(work.settings(PaymentsSettings)) | told
    value = settings.parse(SLICE, PaymentsSettings, body)
    assert isinstance(value, PaymentsSettings)  # noqa: S101 - the type that was asked for
    return value


async def _open(work: Work, draft: UUID) -> RuleDraft:
    work.require(Settings.EDIT)
    row = await work.lock(RuleDraft, draft)
    if row.state != "open":
        raise Conflict("This draft is not being written any more. Nothing was changed.")
    return row


def _store(work: Work, row: RuleDraft, kind: Kind, rules: Sequence[Any]) -> None:
    """What changed was not simulated: the prediction goes."""
    if len(rules) > _MOST_RULES:
        raise Invalid("{most} rules are the most.", most=_MOST_RULES)
    whole(work, row, **{kind: list(rules)})
    if kind == "routes":
        row.routes = list(rules)
    else:
        row.payout_routes = list(rules)
    row.changed_at = work.now
    row.predicted, row.predicted_at = None, None


async def put_rule(work: Work, draft: UUID, kind: Kind, number: int, route: Route) -> None:
    """Write rule `number` (from 1), or add one at the end for any number beyond."""
    row = await _open(work, draft)
    rules = list(getattr(row, kind))
    data = settings.as_data(route)
    if 1 <= number <= len(rules):
        rules[number - 1] = data
    else:
        rules.append(data)
    _store(work, row, kind, rules)


async def move_rule(work: Work, draft: UUID, kind: Kind, number: int, by: int) -> None:
    """Up (-1) or down (1): the first rule that fits is the one that counts."""
    row = await _open(work, draft)
    rules = list(getattr(row, kind))
    at, to = number - 1, number - 1 + by
    if not (0 <= at < len(rules) and 0 <= to < len(rules)):
        raise Conflict("There is no rule there. Nothing was changed.")
    rules[at], rules[to] = rules[to], rules[at]
    _store(work, row, kind, rules)


async def drop_rule(work: Work, draft: UUID, kind: Kind, number: int) -> None:
    row = await _open(work, draft)
    rules = list(getattr(row, kind))
    if not 1 <= number <= len(rules):
        raise Conflict("There is no rule there. Nothing was changed.")
    del rules[number - 1]
    _store(work, row, kind, rules)


async def predict(work: Work, draft: UUID, days: int) -> RuleDraft:
    """Run the drafted rules over the payments of the last days, and keep what came out."""
    work.require(Settings.EDIT)
    row = await work.lock(RuleDraft, draft)
    value = whole(work, row)
    row.predicted = await history.simulated(work, value.routes, value, days)
    row.predicted_at = work.now
    return row


async def ask(work: Work, draft: UUID, why: str) -> int | None:
    """Ask for the drafted rules as a change of the settings.

    Answers the version in force where nobody has to agree; None while a second person must.
    Raises Conflict where the rules in force changed since the draft was begun, or nothing differs.
    """
    row = await _open(work, draft)
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    if row.predicted is None:
        raise Conflict("Simulate the rules first: what they do should be seen before it is asked.")
    now = work.settings(PaymentsSettings)
    for kind in KINDS:
        begun = await explaining.rules_of(work, row.version, payout=kind == "payout_routes")
        if begun is None or record.hash_of(begun) != record.hash_of(getattr(now, kind)):
            raise Conflict(
                "The rules in force were changed since this draft was begun. Begin a new one from "
                "them. Nothing was changed.",
                code="outdated",
            )
    value = whole(work, row)
    if all(getattr(value, kind) == getattr(now, kind) for kind in KINDS):
        raise Conflict("These are the rules in force. Nothing was changed.")
    row.move("asked")
    return await settings.put(work, SLICE, value, why=f"{row.name}: {why.strip()}"[:400])


async def drop(work: Work, draft: UUID) -> None:
    work.require(Settings.EDIT)
    (await work.lock(RuleDraft, draft)).move("dropped")


async def write_again(work: Work, draft: UUID) -> None:
    """Back to writing, after the change was refused or taken back."""
    work.require(Settings.EDIT)
    if await pending.waiting(work, SLICE) is not None:
        raise Conflict("It waits for a second person. Have it decided or take it back first.")
    (await work.lock(RuleDraft, draft)).move("open")


async def change_of(work: Work, row: RuleDraft) -> SettingChange | None:
    """The change of the settings that a draft was asked for as: the newest with these rules."""
    rows = await work.rows(
        select(SettingChange)
        .where(SettingChange.slice == SLICE, SettingChange.asked_at >= row.made_at)
        .order_by(SettingChange.id.desc())
        .limit(20)
    )
    return next((one for one in rows if _same(row, one.body)), None)


async def released(work: Work, row: RuleDraft) -> Setting | None:
    """The version of the settings in which these rules came into force."""
    rows = await work.rows(
        select(Setting)
        .where(Setting.slice == SLICE, Setting.set_at >= row.made_at)
        .order_by(Setting.id)
        .limit(50)
    )
    return next((one for one in rows if _same(row, one.body)), None)


def _same(row: RuleDraft, body: dict[str, Any]) -> bool:
    return all(
        record.hash_of(rules_of(row, kind))
        == record.hash_of(explaining.rules_in(body, payout=kind == "payout_routes"))
        for kind in KINDS
    )


async def listed(work: Work) -> Sequence[RuleDraft]:
    return await work.rows(
        select(RuleDraft)
        .where(RuleDraft.state != "dropped")
        .order_by(RuleDraft.id.desc())
        .limit(_MOST_OPEN)
    )
