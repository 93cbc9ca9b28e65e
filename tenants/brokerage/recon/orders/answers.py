"""What the bank answers about a file of transfers (pain.002): each payout goes on as it says.

Paid and rejected move a payout; accepted is noted. What was paid and is rejected afterwards is not
undone on a message's word: it is named for a person. An answer read twice changes nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments.model import PayoutAttempt, PayoutState
from brokerage.payments.withdrawing import concluding, rows
from brokerage.payments.withdrawing.story import tell
from brokerage.recon import files
from brokerage.recon.model import OutsideFile
from brokerage.recon.orders.making import BANK_KNOWS, KIND
from brokerage.recon.reading import camt, hardened
from brokerage.recon.values import Answered, Fault
from stoa.connectors.outcomes import hard
from stoa.kernel.money import Money
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

ANSWERS: Final = "pain.002"


async def take(open_work: OpenWork, file: UUID) -> int:
    """Follow every answer of a file that was read; how many payouts it moved. Safe to repeat."""
    async with open_work() as work:
        row = await work.get(OutsideFile, file)
        if not row.kind.startswith(ANSWERS):
            return 0
        content, zone = files.original(work, row), files.zone_of(work)
    made = await asyncio.to_thread(camt.read, content, zone)
    async with open_work() as work:
        told, faults = await _sorted(work, made.answers, made.about)
    moved = 0
    for part, answer in told:
        async with open_work() as work:
            fault = await _follow(work, part, answer)
        moved += fault is None
        faults += [fault] if fault is not None else []
    async with open_work() as work:
        row = await work.lock(OutsideFile, file)
        row.lines, row.fresh = len(made.answers), len(told)
        files.report(row, [*made.faults, *faults])
        work.record("recon.answers", file=str(file), about=made.about, told=len(told))
        work.announce(f"desk|recon-file-{file}")
    return moved


async def _sorted(
    work: Work, answers: Sequence[Answered], about: str
) -> tuple[list[tuple[UUID, Answered]], list[Fault]]:
    """Each payout with the one answer about it: its own before its group's."""
    order = await work.first(
        select(OutsideFile).where(OutsideFile.kind == KIND, OutsideFile.name == about)
    )
    if order is None:
        return [], [Fault(0, N_("We made no file of the name {name}."), {"name": about or "–"})]
    mine = {
        part.id.hex: part.id
        for part in await work.rows(select(PayoutAttempt).where(PayoutAttempt.file == order.id))
    }
    told, faults = _single(answers, mine)
    groups = _groups(files.original(work, order))
    for one in answers:
        if not one.reference:
            for end in groups.get(one.group, ()) if one.group else mine:
                if end in mine:
                    told.setdefault(end, one)
    return [(mine[end], one) for end, one in sorted(told.items()) if one is not None], faults


def _single(
    answers: Sequence[Answered], mine: Mapping[str, UUID]
) -> tuple[dict[str, Answered | None], list[Fault]]:
    """What is said of payments by name; None where the bank says two things of one."""
    faults: list[Fault] = []
    told: dict[str, Answered | None] = {}
    for one in answers:
        end = one.reference.lower()
        known = told.get(end)
        if not end:
            continue
        if end not in mine:
            text = N_("{name} is no payment of this file.")
            faults.append(Fault(one.line, text, {"name": one.reference}, stops=False))
        elif end not in told:
            told[end] = one
        elif known is not None and known.state != one.state:
            text = N_("The bank says two things of {name}; neither is followed.")
            faults.append(Fault(one.line, text, {"name": one.reference}, stops=False))
            told[end] = None
    return told, faults


def _groups(content: bytes) -> dict[str, list[str]]:
    """End-to-end ids by group, of a file we wrote ourselves."""
    root, _ = hardened.read(content, frozenset(), lambda _one, _parent: None)
    return {
        info.said("PmtInfId"): [one.said("PmtId/EndToEndId") for one in info.all("CdtTrfTxInf")]
        for body in root.children
        for info in body.all("PmtInf")
    }


async def _follow(work: Work, payout: UUID, answer: Answered) -> Fault | None:
    """Let one payout go on; a sentence where it cannot."""
    row, part = await concluding.both(work, payout)
    if answer.money is not None and answer.money != Money(part.amount, part.currency):
        return _fault(answer, N_("The bank speaks of {amount} for {name}; ours is another amount."),
                      amount=str(answer.money), name=row.reference)  # fmt: skip
    here = part.state == PayoutState.ACCEPTED
    match answer.state:
        case "paid" if here:
            await concluding.paid(work, row, part)
        case "rejected" if here:
            await concluding.refused(work, row, part, hard(answer.reason or "bank-rejected"))
        case "accepted" if here:
            if part.code != BANK_KNOWS:
                part.code = BANK_KNOWS
                tell(work, row, "bank-accepted")
        case "paid" if part.state in {PayoutState.REFUSED, PayoutState.CANCELLED}:
            return _fault(answer, N_("The bank paid {name}, which was given up here: look at it now."),
                          name=row.reference)  # fmt: skip
        case "rejected" if part.state == PayoutState.PAID:
            return _fault(answer, N_("The bank rejects {name}, which it paid before: ask it."),
                          name=row.reference)  # fmt: skip
        case _:
            return None
    rows.announce(work, row)
    return None


def _fault(answer: Answered, sentence: str, **places: str) -> Fault:
    return Fault(answer.line, sentence, places, stops=False)
