"""The one tracker that client and staff see: done, missing, who acts next, by when. Pure.

A list hit never shows here: what a person looks at is "your details" (no tipping off).
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from brokerage.kyc import levels
from brokerage.kyc.evidence import papers
from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.jurisdictions.packs import ClientType, Pack, StepKind
from brokerage.kyc.rules import Check, Outcome
from stoa.theming.texts import N_

CLOSED: Final = (5, 6)  # Saturday and Sunday
LONGEST_WAIT_DAYS: Final = 400


class State(StrEnum):
    DONE = "done"
    MISSING = "missing"
    MEND = "mend"
    """Done once, and to be done again; `says` tells why."""
    WAITING = "waiting"


class Who(StrEnum):
    CLIENT = "client"
    STAFF = "staff"
    PROVIDER = "provider"
    NOBODY = "nobody"


class Case(StrEnum):
    """Where the whole case stands."""

    OPEN = "open"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class Progress(msgspec.Struct, frozen=True):
    """What is known of one client's verification. `uploaded` are document kinds shown so far."""

    client_type: ClientType
    steps_done: tuple[str, ...] = ()
    uploaded: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    case: Case = Case.OPEN
    submitted_at: datetime | None = None
    with_provider: bool = False


class Item(msgspec.Struct, frozen=True):
    """One line. `step` is the wizard's page where it is done."""

    code: str
    title: str
    state: State
    who: Who
    step: str = ""
    says: str = ""
    by: datetime | None = None


class Tracker(msgspec.Struct, frozen=True):
    """All lines, who acts next, and when an answer may be expected; None when it is the client's turn."""

    items: tuple[Item, ...]
    next_who: Who
    next_item: str
    done_percent: int
    expected_at: datetime | None


def track(pack: Pack, progress: Progress, *, time_zone: str) -> Tracker:
    """Everything that is asked of this client, in the wizard's order, and then our part."""
    by = None
    if progress.case is Case.SUBMITTED and progress.submitted_at:
        by = promise(progress.submitted_at, pack.review_hours, time_zone)
    items = (*_asked(pack, progress), _ours(pack, progress, by))
    turn = next((item for item in items if item.who is Who.CLIENT), None) or next(
        (item for item in items if item.who is not Who.NOBODY), None
    )
    done = sum(item.state is State.DONE for item in items)
    return Tracker(
        items=items,
        next_who=turn.who if turn else Who.NOBODY,
        next_item=turn.code if turn else "",
        done_percent=100 * done // len(items),
        expected_at=by if turn is None or turn.who is not Who.CLIENT else None,
    )


def missing(pack: Pack, progress: Progress) -> tuple[str, ...]:
    """Codes of what the client has still to do, in order; empty when the case can be submitted."""
    return tuple(item.code for item in _asked(pack, progress) if item.who is Who.CLIENT)


def _asked(pack: Pack, progress: Progress) -> Iterator[Item]:
    checks = {check.code: check for check in progress.checks}
    for step in forms.steps_of(pack):
        if progress.client_type not in step.for_types:
            continue
        if step.kind is StepKind.DOCUMENTS:
            for rule in papers.needed(pack, progress.client_type):
                check = checks.get(f"document-{rule.kind}")
                shown = rule.kind in progress.uploaded
                yield _line(
                    f"document-{rule.kind}", rule.title or rule.kind, step.code, check, done=shown
                )
        elif step.kind is StepKind.QUESTIONNAIRE:
            check = checks.get(forms.APPROPRIATENESS)
            done = step.code in progress.steps_done
            yield _line(step.code, step.title, step.code, check, done=done)
        else:
            done = step.code in progress.steps_done
            yield _line(step.code, step.title, step.code, None, done=done)


def _line(code: str, title: str, step: str, check: Check | None, *, done: bool) -> Item:
    if not done:
        return Item(code, title, State.MISSING, Who.CLIENT, step)
    if check and check.outcome is Outcome.RETRY:
        return Item(code, title, State.MEND, Who.CLIENT, step, check.tell)
    return Item(code, title, State.DONE, Who.NOBODY, step)


def _ours(pack: Pack, progress: Progress, by: datetime | None) -> Item:
    title = N_("We check your details")
    if progress.case is Case.APPROVED:
        return Item("review", title, State.DONE, Who.NOBODY)
    if progress.case is Case.REJECTED:
        says = N_("We could not verify you. Write to us if you think that this is a mistake.")
        return Item("review", title, State.DONE, Who.NOBODY, says=says)
    if progress.case is Case.OPEN:
        return Item("review", title, State.WAITING, Who.NOBODY)
    pending = _pending(pack, progress)
    who = Who.PROVIDER if progress.with_provider and pending else Who.STAFF
    return Item("review", title, State.WAITING, who, by=by)


def _pending(pack: Pack, progress: Progress) -> Collection[str]:
    settled = {c.code for c in progress.checks if c.outcome is not Outcome.PENDING}
    return set(levels.checks_of(pack, progress.client_type)) - settled


def promise(
    asked_at: datetime, hours: int, time_zone: str, closed: Collection[int] = CLOSED
) -> datetime:
    """When `hours` of working days have gone by; days of the week in `closed` do not count.

    Reckoned in the tenant's zone: what is asked on a Friday evening is answered on Monday evening.
    """
    zone = ZoneInfo(time_zone)
    at = asked_at.astimezone(zone)
    left = timedelta(hours=hours)
    for _ in range(LONGEST_WAIT_DAYS):
        midnight = datetime(at.year, at.month, at.day, tzinfo=zone) + timedelta(days=1)
        if at.weekday() in closed:
            at = midnight
            continue
        if at + left <= midnight:
            return at + left
        left -= midnight - at
        at = midnight
    return at
