"""What follows when a provider did not take a part: another try and when, or none. By settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings, Retries
from brokerage.payments.troubles import Trouble
from brokerage.payments.withdrawing import placing, rows
from brokerage.payments.withdrawing.model import PayoutAttempt, PayoutState, Withdrawal
from brokerage.payments.withdrawing.story import tell
from stoa.identity import roles
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


@dataclass(frozen=True, slots=True)
class Again:
    """Another try: when, and the moment of the timeline that says why."""

    at: datetime
    what: str


async def after(work: Work, row: Withdrawal, part: PayoutAttempt, trouble: Trouble) -> Again | None:
    """The next try of a refused part; None: it is over for this place."""
    rules = work.settings(PaymentsSettings).withdrawals.retries
    tried = [one for one in await rows.parts_of(work, row.id) if one.part == part.part]
    soon = work.now + timedelta(seconds=rules.technical_pause_s)
    match trouble:
        case Trouble.TECHNICAL:
            return _technical(work, rules, tried)
        case Trouble.BALANCE if rules.balance != "stop":
            if rules.balance == "elsewhere" and await placing.another(work, row, part):
                return Again(soon, "elsewhere-balance")
            return await _short(work, row, part, rules, tried)
        case Trouble.DECLINED if rules.declined == "elsewhere":
            if await placing.another(work, row, part):
                return Again(soon, "elsewhere-declined")
            return None
        case Trouble.DESTINATION:
            tell(work, row, "bad-destination", part.code or "")
            return None
        case _:
            return None


def _technical(work: Work, rules: Retries, tried: Sequence[PayoutAttempt]) -> Again | None:
    count = sum(bool(one.technical) for one in tried if one.state == PayoutState.REFUSED)
    if count >= rules.technical_tries:
        return None
    pause = timedelta(seconds=rules.technical_pause_s * 2 ** (count - 1))
    return Again(work.now + pause, "again-technical")


async def _short(
    work: Work,
    row: Withdrawal,
    part: PayoutAttempt,
    rules: Retries,
    tried: Sequence[PayoutAttempt],
) -> Again | None:
    """The provider's account of ours is short: tried again until somebody filled it, or time is up."""
    first = min(one.made_at for one in tried)
    if work.now - first > timedelta(hours=rules.balance_for_h):
        return None
    if all(one["what"] != "again-balance" for one in row.story):
        await _tell_finance(
            work, N_("{psp} has too little of our money to pay {reference}: fill it up"), row, part
        )
    return Again(work.now + timedelta(minutes=rules.balance_every_min), "again-balance")


async def unanswered(work: Work, row: Withdrawal, part: PayoutAttempt) -> None:
    """Nobody knows whether it was sent, and that for long: people are told, once per part."""
    rules = work.settings(PaymentsSettings).withdrawals.retries
    late = timedelta(minutes=rules.unknown_tell_min)
    if part.state != PayoutState.SENDING or part.sent_at is None or work.now - part.sent_at < late:
        return
    if any(one["what"] == "unknown-long" and one["code"] == str(part.id) for one in row.story):
        return
    tell(work, row, "unknown-long", str(part.id))
    await _tell_finance(
        work, N_("{psp} does not say whether it paid {reference}: ask it by telephone"), row, part
    )


async def _tell_finance(work: Work, title: str, row: Withdrawal, part: PayoutAttempt) -> None:
    path = f"/desk/withdrawals/{row.id}"
    people = await roles.holders(work, Payments.PSPS)
    await notices.tell_all(work, people, title, path=path, psp=part.psp, reference=row.reference)


def next_try(work: Work, row: Withdrawal, part: PayoutAttempt, at: datetime) -> PayoutAttempt:
    """Another attempt of the same part: a new id, for the provider has refused the other one."""
    return PayoutAttempt(
        id=work.new_id(),
        withdrawal=row.id,
        part=part.part,
        number=part.number + 1,
        psp=part.psp if placing.bound(part) else "",
        way=part.way,
        method=part.method,
        source=part.source,
        amount=part.amount,
        fee=part.fee,
        currency=part.currency,
        made_at=work.now,
        next_ask_at=at,
    )
