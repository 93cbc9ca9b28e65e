"""What the books do for a dispute: held, owed, undone, lost; and what the provider took for it.

    await follow(work, row, deposit)                 the books stand as the stage says
    await took(work, row, deposit, money, fee)       the provider's debit, once until it is returned
    await returned(work, row, deposit)               what it gave back, linked to what it took

The row is locked. What is in the wallet is held; the rest is owed by the client, in an account of
its own: a wallet is never below zero. Everything is undone by reversals linked to what they undo.
"""

from decimal import Decimal
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from brokerage.ledger import accounts, kinds, posting
from brokerage.ledger.accounts import Account
from brokerage.ledger.model import Entry, LedgerBalance
from brokerage.payments import hooks
from brokerage.payments.disputes.model import Dispute, Standing
from brokerage.payments.disputes.story import tell
from brokerage.payments.model import Deposit
from brokerage.payments.values import DisputeStage
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

kinds.learn(
    "receivable",
    N_("Owed by the client"),
    "receipt-2",
    N_("A payment was taken back and was no longer in the wallet."),
)
kinds.learn(
    "collected",
    N_("Collected"),
    "cash",
    N_("What the client owed was taken from the wallet."),
)
kinds.learn(
    "write-off",
    N_("Given up"),
    "eraser",
    N_("What a client owed is borne by the house; two people agreed."),
)
kinds.learn(
    "chargeback-fee",
    N_("Fee of a chargeback"),
    "receipt",
    N_("The provider charged for a payment that was taken back."),
)

_WANTED: Final = {
    DisputeStage.INQUIRY: Standing.FROZEN,
    DisputeStage.CHARGEBACK: Standing.SECURED,
    DisputeStage.PRE_ARBITRATION: Standing.SECURED,
    DisputeStage.LOST: Standing.LOST,
    DisputeStage.WON: Standing.NONE,
    DisputeStage.REVERSED: Standing.NONE,
}
_UNDONE: Final = aliased(Entry)
_UNDONE_IN: Final = ("write-off", "collected", "chargeback", "receivable", "hold")
"""In this order: what was used of a hold is there again before the hold itself is released."""
_TAKEN: Final = frozenset({Standing.SECURED, Standing.LOST})


def aside(work: Work, row: Dispute) -> Account:
    """Where the disputed money is held."""
    return accounts.hold(work, row.client, row.paid_in, ("dispute", row.id))


def claim(work: Work, row: Dispute) -> Account:
    """What the client owes for this dispute: below zero as long as they do."""
    return accounts.receivable(work, row.client, row.paid_in, ("dispute", row.id))


async def held(work: Work, row: Dispute) -> Money:
    return await _balance(work, aside(work, row))


async def owed(work: Work, row: Dispute) -> Money:
    """What the client still owes for it; zero or more."""
    return -await _balance(work, claim(work, row))


async def _balance(work: Work, account: Account) -> Money:
    found = await work.value(
        select(LedgerBalance.balance).where(LedgerBalance.account == account.id)
    )
    return Money(found or Decimal(0), account.currency)


async def follow(work: Work, row: Dispute, deposit: Deposit, secured: Money) -> None:
    """Let the books stand as the stage says, over `secured` of the deposit."""
    wanted = _WANTED[DisputeStage(row.stage)]
    was = Standing(row.standing)
    if (
        was is not Standing.NONE and (wanted is Standing.NONE or secured.amount != row.secured)
    ) or (was is Standing.LOST and wanted is not Standing.LOST):
        await _undo(work, row, deposit)
    if wanted is Standing.NONE:
        row.ended_at = work.now
        return

    row.secured = secured.amount
    if row.standing == Standing.NONE:
        row.turn += 1
    row.ended_at = work.now if wanted is Standing.LOST else None
    await _hold(work, row)
    if wanted is not Standing.FROZEN and row.standing not in _TAKEN:
        await _owe(work, row)
        row.standing = Standing.SECURED
        for hook in hooks.deposit_undone if row.secured else ():
            await hook(work, _undoing(row, deposit))
        # A fee that was given back with it lies in the wallet now and pays for what is owed.
        if await owed(work, row):
            await collect(work, row)
    if wanted is Standing.LOST:
        await _lose(work, row)
    row.standing = wanted


def _undoing(row: Dispute, deposit: Deposit) -> hooks.Undoing:
    share = row.secured / deposit.amount
    money = Money(row.secured, row.paid_in)
    return hooks.Undoing(row.deposit, row.client, row.id, row.turn, money, share)


async def _hold(work: Work, row: Dispute) -> None:
    """As much of it as the wallet has; the same again holds only what was not held yet."""
    if row.standing in _TAKEN:
        return
    wallet, there = accounts.client_wallet(work, row.client, row.paid_in), aside(work, row)
    await accounts.ensure(work, [wallet, there])
    # Locked before it is read, so that nothing else spends what is about to be held.
    available = Money((await work.lock(LedgerBalance, wallet.id)).balance, row.paid_in)
    lacking = Money(row.secured, row.paid_in) - await _balance(work, there)
    take = min(available, lacking, key=lambda one: one.amount)
    if take.amount <= 0:
        return
    step = "hold" if row.standing == Standing.NONE else "hold-more"
    await posting.post(
        work,
        operation=f"dispute:{row.id}:{row.turn}:{step}",
        kind="hold",
        legs=posting.moving(wallet, there, take),
        ref=("dispute", row.id),
        despite_freeze=True,
    )
    tell(work, row, "held", {"amount": str(take)})


async def _owe(work: Work, row: Dispute) -> None:
    lacking = Money(row.secured, row.paid_in) - await held(work, row)
    if not lacking:
        return
    await posting.post(
        work,
        operation=f"dispute:{row.id}:{row.turn}:owed",
        kind="receivable",
        legs=posting.moving(
            claim(work, row), accounts.house(work, "chargebacks", row.paid_in), lacking
        ),
        ref=("dispute", row.id),
        despite_freeze=True,
    )
    tell(work, row, "owed", {"amount": str(lacking)})


async def _lose(work: Work, row: Dispute) -> None:
    there = await held(work, row)
    if not there:
        return
    await posting.post(
        work,
        operation=f"dispute:{row.id}:{row.turn}:lost",
        kind="chargeback",
        legs=posting.moving(
            aside(work, row), accounts.house(work, "chargebacks", row.paid_in), there
        ),
        ref=("dispute", row.id),
        despite_freeze=True,
    )
    tell(work, row, "gone", {"amount": str(there)})


async def _undo(work: Work, row: Dispute, deposit: Deposit) -> None:
    """Reverse what was posted this time, each entry by a reversal linked to it."""
    rows = await work.table(
        select(Entry.id, Entry.kind).where(
            Entry.ref == row.id,
            Entry.ref_kind == "dispute",
            Entry.reverses.is_(None),
            ~select(_UNDONE.id).where(_UNDONE.reverses == Entry.id).exists(),
        )
    )
    for entry in sorted(rows, key=lambda one: (_UNDONE_IN.index(one.kind), str(one.id))):
        await posting.reverse(
            work,
            entry.id,
            operation=f"dispute:{row.id}:undo:{entry.id}",
            reason=f"{row.reference} {row.stage}",
            ref=("dispute", row.id),
        )
    restored = row.standing in _TAKEN and row.secured > 0
    row.standing, row.written_off = Standing.NONE, Decimal(0)
    tell(work, row, "undone")
    if restored:
        for hook in hooks.deposit_restored:
            await hook(work, _undoing(row, deposit))


async def took(work: Work, row: Dispute, money: Money, fee: Money | None = None) -> None:
    """The provider's debit against what it holds for us; a second one waits until it gave it back."""
    if row.debited:
        return
    account = accounts.house(work, f"psp:{row.psp}", money.currency)
    number = 1 + await _debits(work, row)
    await posting.post(
        work,
        operation=f"dispute:{row.id}:debit:{number}",
        kind="chargeback",
        legs=posting.moving(accounts.house(work, "chargebacks", money.currency), account, money),
        ref=("deposit", row.deposit),
    )
    row.debited = money.amount
    tell(work, row, "debited", {"amount": str(money)})
    if fee:
        await posting.post(
            work,
            operation=f"dispute:{row.id}:fee:{number}",
            kind="chargeback-fee",
            legs=posting.moving(
                accounts.house(work, f"costs:{row.psp}", fee.currency),
                accounts.house(work, f"psp:{row.psp}", fee.currency),
                fee,
            ),
            ref=("deposit", row.deposit),
        )
        tell(work, row, "fee", {"amount": str(fee)})


async def _debits(work: Work, row: Dispute) -> int:
    return int(
        await work.value(
            select(func.count()).where(
                Entry.ref == row.deposit, Entry.operation.like(f"dispute:{row.id}:debit:%")
            )
        )
        or 0
    )


async def returned(work: Work, row: Dispute) -> None:
    """What the provider took is there again: the debit is reversed, linked to it."""
    if not row.debited:
        return
    number = await _debits(work, row)
    known = await posting.found(work, f"dispute:{row.id}:debit:{number}")
    assert known is not None  # noqa: S101 - what is debited was posted
    await posting.reverse(
        work,
        known.entry,
        operation=f"dispute:{row.id}:returned:{number}",
        reason=f"{row.reference} {row.stage}",
        ref=("deposit", row.deposit),
    )
    tell(work, row, "returned", {"amount": str(Money(row.debited, row.paid_in))})
    row.debited = Decimal(0)


async def collect(work: Work, row: Dispute) -> Money:
    """Take from the wallet what is there of what is owed; answers how much it was."""
    wallet = accounts.client_wallet(work, row.client, row.paid_in)
    await accounts.ensure(work, [wallet])
    available = Money((await work.lock(LedgerBalance, wallet.id)).balance, row.paid_in)
    money = min(available, await owed(work, row), key=lambda one: one.amount)
    if money.amount <= 0:
        return Money.zero(row.paid_in)
    number = 1 + int(
        await work.value(select(func.count()).where(Entry.ref == row.id, Entry.kind == "collected"))
        or 0
    )
    await posting.post(
        work,
        operation=f"dispute:{row.id}:{row.turn}:collect:{number}",
        kind="collected",
        legs=posting.moving(wallet, claim(work, row), money),
        ref=("dispute", row.id),
        despite_freeze=True,
    )
    tell(work, row, "collected", {"amount": str(money)})
    return money


async def write_off(work: Work, row: Dispute, money: Money) -> None:
    """The house bears what the client owes. What may be given up was decided before."""
    await posting.post(
        work,
        operation=f"dispute:{row.id}:{row.turn}:write-off",
        kind="write-off",
        legs=posting.moving(
            accounts.house(work, "write-offs", row.paid_in), claim(work, row), money
        ),
        ref=("dispute", row.id),
        reason=row.asked_note,
        despite_freeze=True,
    )
    row.written_off += money.amount
    tell(work, row, "written-off", {"amount": str(money)}, row.asked_note or "")
