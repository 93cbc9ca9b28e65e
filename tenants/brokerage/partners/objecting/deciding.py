"""Answering objections: a word from either side, the decision, and what it changes in the rewards.

What is agreed becomes lines of rewards that name the objection; the lines it is about stay as they were.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select

from brokerage.clients import queries as clients
from brokerage.partners.events import ObjectionDecided
from brokerage.partners.model import Objection, ObjectionState, Reward
from brokerage.partners.objecting import causes
from brokerage.partners.objecting.raising import tell
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices import notices
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

KIND: Final = "adjustment"
AGREED: Final = N_("Your objection {reference}: we agreed, {amount} is added to your rewards")
REFUSED: Final = N_("Your objection {reference}: we did not agree; the reason is with it")
ANSWERED: Final = N_("A word from us on your objection {reference}")


async def say(work: Work, objection: UUID, words: str) -> Objection:
    """A word from the partner or from us, while it is open. Raises Invalid, Conflict."""
    row = await work.lock(Objection, objection)
    if work.actor.kind is Kind.CLIENT:
        work.require(Partners.OWN)
        work.actor.own(row.partner)
    else:
        work.require(Partners.DECIDE)
        await clients.seen(work, row.partner)
    if not words.strip():
        raise Invalid("Write something.", field="says")
    _open(row)

    tell(work, row, "said", words)
    if work.actor.kind is not Kind.CLIENT:
        await notices.tell(
            work, row.partner, ANSWERED, path=f"/partner/objections/{row.id}",
            reference=row.reference,
        )  # fmt: skip
    _announce(work, row)
    return row


async def withdraw(work: Work, objection: UUID) -> Objection:
    """The partner takes it back. Raises Conflict when it was answered."""
    work.require(Partners.OWN)
    row = await work.lock(Objection, objection)
    work.actor.own(row.partner)
    _open(row)

    _end(work, row, ObjectionState.WITHDRAWN)
    tell(work, row, "withdrawn")
    return row


async def refuse(work: Work, objection: UUID, *, why: str) -> Objection:
    """Our figures stand, with a reason the partner reads."""
    row = await _to_decide(work, objection)
    _reasoned(why)

    _end(work, row, ObjectionState.REFUSED)
    tell(work, row, "refused", why)
    await notices.tell(
        work, row.partner, REFUSED, path=f"/partner/objections/{row.id}", reference=row.reference
    )
    return row


async def agree(work: Work, objection: UUID, *, lines: Sequence[int], why: str) -> Objection:
    """The partner's figures hold for these lines (by their place), and the rewards are adjusted.

    Raises Invalid for no line and for one without a reward of ours that is below their figure.
    """
    row = await _to_decide(work, objection)
    _reasoned(why)
    chosen = sorted(set(lines))
    if not chosen or not all(0 <= at < len(row.lines) for at in chosen):
        raise Invalid("Choose at least one line.", field="line")
    picked = [row.lines[at] for at in chosen]
    if any(not one["reward"] or causes.difference(one) <= 0 for one in picked):
        raise Invalid("Only deals with a reward of ours below theirs are adjusted.", field="line")

    row.adjusted = sum((causes.difference(one) for one in picked), Decimal(0))
    _end(work, row, ObjectionState.AGREED)
    await adjust(work, row, {UUID(one["reward"]): causes.difference(one) for one in picked})
    tell(work, row, "agreed", why, lines=chosen, amount=causes.plain(row.adjusted))
    await notices.tell(
        work,
        row.partner,
        AGREED,
        path=f"/partner/objections/{row.id}",
        reference=row.reference,
        amount=f"{causes.plain(row.adjusted)} {row.currency}",
    )
    return row


async def adjust(work: Work, row: Objection, by: dict[UUID, Decimal]) -> None:
    """A line of rewards for each, with the base it adds and the rate 1: recomputed like any other."""
    rewards = await work.rows(
        select(Reward).where(Reward.id.in_(by), Reward.partner == row.partner)
    )
    if len(rewards) != len(by):
        raise Conflict("A reward of this objection is not there. Nothing was changed.")
    await work.run(insert(Reward), [_line(work, row, one, by[one.id]) for one in rewards])
    work.record("rewards.adjusted", objection=str(row.id), lines=len(rewards))
    work.announce(f"client:{row.partner}|rewards")


def _line(work: Work, row: Objection, one: Reward, amount: Decimal) -> dict[str, Any]:
    return {
        "server": one.server,
        "deal": one.deal,
        "partner": one.partner,
        "kind": KIND,
        "client": one.client,
        "depth": one.depth,
        "deal_at": work.now,
        "symbol": one.symbol,
        "symbol_group": one.symbol_group,
        "lots": Decimal(0),
        "base": amount,
        "rate": Decimal(1),
        "below": Decimal(0),
        "income": one.income,
        "factor": Decimal(1),
        "fx_rate": Decimal(1),
        "held_s": one.held_s,
        "amount": amount,
        "currency": one.currency,
        "plan": one.plan,
        "plan_version": one.plan_version,
        "accrued_at": work.now,
        "dispute": row.id,
        "step": 2,
    }


async def _to_decide(work: Work, objection: UUID) -> Objection:
    work.require(Partners.DECIDE)
    row = await work.lock(Objection, objection)
    await clients.seen(work, row.partner)
    if work.actor.id == row.partner:
        raise Denied("This is your own objection; somebody else decides.")
    _open(row)
    return row


def _open(row: Objection) -> None:
    if row.state != ObjectionState.OPEN:
        raise Conflict("This objection is answered already. Nothing was changed.")


def _reasoned(why: str) -> None:
    if len(why.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")


def _end(work: Work, row: Objection, state: ObjectionState) -> None:
    row.move(state)
    row.decided_at, row.decided_by = work.now, work.actor.id
    work.subject = row.partner
    work.tell(ObjectionDecided(objection=row.id, partner=row.partner, state=str(state)))
    _announce(work, row)


def _announce(work: Work, row: Objection) -> None:
    work.announce("desk|partner-objections", f"client:{row.partner}|objections")
