"""Lines the books do not know yet, written into them by a person's word: once per line."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import accounts, kinds, posting
from brokerage.ledger.model import Entry
from brokerage.ledger.posting import Leg
from brokerage.payments.depositing import crediting
from brokerage.payments.settings import PaymentsSettings
from brokerage.recon import banks, matches
from brokerage.recon.model import BankAccount, LineMatch, OutsideFile, OutsideLine, Purpose
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

kinds.learn(
    "bank-arrival",
    N_("Arrived at the bank"),
    "building-bank",
    N_("The bank's statement shows the money of a deposit."),
)
kinds.learn(
    "settlement",
    N_("Settlement"),
    "building-bank",
    N_("A provider sent what it held for us to a bank account."),
)
kinds.learn(
    "outside-cost",
    N_("Costs"),
    "receipt",
    N_("A provider or a bank kept a fee; the house bears it."),
    reversible=True,
)
kinds.learn(
    "own-transfer",
    N_("Between own accounts"),
    "arrows-left-right",
    N_("Money went from one bank account of the house or its clients to another."),
)
HOW: Final = "posted"


async def _opened(work: Work, line: UUID) -> OutsideLine:
    work.require(Recon.MATCH)
    row = await work.lock(OutsideLine, line)
    if not row.open or row.matched:
        raise Conflict("This line stands for something in the books already. Nothing was posted.")
    return row


async def _post(work: Work, row: OutsideLine, code: str, kind: str, note: str | None) -> UUID:
    """Move a line's amount between its account and another; the line then stands for it."""
    money = Money(row.amount, row.currency)
    here = accounts.house(work, row.source, row.currency)
    there = accounts.house(work, code, row.currency)
    done = await posting.post(
        work,
        operation=await operation(work, row.id),
        kind=kind,
        legs=[Leg(here, -money), Leg(there, money)],
        ref=("outside-line", row.id),
        reason=note,
    )
    await matches.posted(work, row, done.entry, HOW)
    work.announce("desk|recon")
    return done.entry


async def operation(work: Work, line: UUID) -> str:
    """Unique per line; once what was posted for it was reversed and undone, it has a new life."""
    undone = await work.count(
        select(LineMatch.id).where(
            LineMatch.line == line, LineMatch.how == HOW, LineMatch.state == "undone"
        )
    )
    return f"line:{line}:{undone + 1}" if undone else f"line:{line}"


async def as_settlement(work: Work, line: UUID, psp: str) -> UUID:
    """Money from a provider at the bank: it is at the provider no more. Raises Invalid."""
    row = await _opened(work, line)
    if work.settings(PaymentsSettings).psp(psp) is None:
        raise Invalid("Choose one of your providers.", field="psp")
    if row.source.startswith("psp:"):
        raise Conflict("This line is a provider's own. Book the bank's line of it.")
    return await _post(work, row, f"psp:{psp}", "settlement", None)


async def as_own_transfer(work: Work, line: UUID, account: UUID) -> UUID:
    """Money to or from another of our bank accounts; its own line there finds this entry."""
    row = await _opened(work, line)
    other = await work.get(BankAccount, account)
    if other.source == row.source or other.currency != row.currency:
        raise Invalid("Choose another account in the same currency.", field="account")
    return await _post(work, row, other.source, "own-transfer", None)


async def as_cost(work: Work, line: UUID, note: str) -> UUID:
    """A fee of the bank or the provider, borne by the house. Raises Invalid for money that came."""
    row = await _opened(work, line)
    if row.amount > 0:
        raise Invalid("Money that came is no cost.", field="outcome")
    if not note.strip():
        raise Invalid("Please write what it is for.", field="note")
    code = f"costs:{row.source.partition(':')[2]}"
    return await _post(work, row, code, "outside-cost", note.strip()[:400])


async def as_unresolved(work: Work, line: UUID, *, deposit: UUID | None = None) -> UUID:
    """Clients' money nobody is known for: into suspense, and into the queue of the unresolved."""
    row = await _opened(work, line)
    account = await banks.of_source(work, row.source)
    if row.amount < 0 or (account is not None and account.purpose == Purpose.HOUSE):
        raise Conflict("Only money that came for clients waits in suspense.")
    return await suspend(work, row, deposit=deposit, problem="unknown-reference")


async def suspend(work: Work, row: OutsideLine, *, deposit: UUID | None, problem: str) -> UUID:
    """`row` is locked."""
    entry = await _post(work, row, crediting.SUSPENSE, "suspense", None)
    await crediting.note(
        work,
        psp=row.source[:32],
        problem=problem,
        reference=row.key,
        proposed="credit" if deposit is not None else "look",
        deposit=deposit,
        money=Money(row.amount, row.currency),
        entry=entry,
    )
    return entry


async def fees(work: Work, file: UUID) -> list[UUID]:
    """The fees a provider kept by its file, as the house's cost: once per file and currency."""
    work.require(Recon.MATCH)
    row = await work.lock(OutsideFile, file)
    if row.psp is None:
        raise Conflict("Only a provider's file carries fees.")
    made: list[UUID] = []
    for currency, total in await fees_of(work, file):
        money = Money(total, currency)
        done = await posting.post(
            work,
            operation=f"file-fees:{file}:{currency}",
            kind="outside-cost",
            legs=posting.moving(
                accounts.house(work, f"costs:{row.psp}", currency),
                accounts.house(work, f"psp:{row.psp}", currency),
                money,
            ),
            ref=("outside-file", file),
            reason=row.name[:400],
        )
        made.append(done.entry)
    work.announce("desk|recon")
    return made


async def fees_of(work: Work, file: UUID) -> list[tuple[str, Decimal]]:
    """What a file's lines say was kept, by currency."""
    rows = await work.table(
        select(OutsideLine.currency, func.sum(OutsideLine.fee))
        .where(OutsideLine.file == file, OutsideLine.fee > 0)
        .group_by(OutsideLine.currency)
        .order_by(OutsideLine.currency)
    )
    return [(row[0], row[1]) for row in rows]


async def fees_booked(work: Work, file: UUID) -> set[str]:
    """Currencies in which a file's fees are in the books, and were not taken back."""
    undone = select(Entry.reverses).where(Entry.reverses.is_not(None))
    rows = await work.rows(
        select(Entry.currency).where(
            Entry.ref == file, Entry.kind == "outside-cost", Entry.id.not_in(undone)
        )
    )
    return set(rows)
