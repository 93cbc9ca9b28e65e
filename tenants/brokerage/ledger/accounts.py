"""Accounts as values. Naming one asks the database nothing: its id is the digest of what it is.

client_wallet(work, client, currency) -> Account        what a client may spend
hold(work, client, currency, cause)   -> Account        set aside; cause = ("withdrawal", id)
platform(work, client, currency, trading_account) -> Account
credit(work, client, currency, cause) -> Account        a bonus: the house's until it is earned
receivable(work, client, currency, cause) -> Account    what a client owes: never a wallet below zero
house(work, code, currency)           -> Account        "psp:alpha", "fees", "bank", ...
await get(work, id)                   -> Account        of a stored id, such as a hold's
await freeze(work, client, why) / unfreeze(work, client)
await ensure(work, accounts)          rows for accounts never used before (posting does it)
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.ledger.model import Guard, LedgerAccount, LedgerBalance, Tree
from brokerage.ledger.permissions import Ledger
from stoa.kernel import currencies
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work

Ref = tuple[str, UUID]
"""What a posting or a hold is about: the row's kind and its id, such as ("withdrawal", id)."""

WALLET: Final = "wallet"
HOLD: Final = "hold"
PLATFORM: Final = "platform"
CREDIT: Final = "credit"
RECEIVABLE: Final = "receivable"

CLIENT_GUARDS: Final = {
    WALLET: Guard.FLOOR,
    HOLD: Guard.FLOOR,
    PLATFORM: Guard.RUNNING,
    CREDIT: Guard.FLOOR,
    RECEIVABLE: Guard.RUNNING,
}

CLIENT_TREES: Final = dict.fromkeys(CLIENT_GUARDS, Tree.CLIENT_MONEY) | {
    CREDIT: Tree.HOUSE,
    RECEIVABLE: Tree.HOUSE,
}
"""A bonus is the house's until it is earned, and what a client owes is a claim of the house."""

HOUSE: Final[dict[str, Tree]] = {
    "bank": Tree.CLIENT_MONEY,
    "psp": Tree.CLIENT_MONEY,
    "payout": Tree.CLIENT_MONEY,
    "platform-clearing": Tree.CLIENT_MONEY,
    "suspense": Tree.CLIENT_MONEY,
    "house-bank": Tree.HOUSE,
    "fees": Tree.HOUSE,
    "fx": Tree.HOUSE,
    "partners": Tree.HOUSE,
    "bonus": Tree.HOUSE,
    "trading": Tree.HOUSE,
    "negative-balance": Tree.HOUSE,
    "chargebacks": Tree.HOUSE,
    "write-offs": Tree.HOUSE,
    "adjustments": Tree.HOUSE,
    "costs": Tree.HOUSE,
}
"""Kinds of house accounts. A code is a kind, or `kind:name` for one of several (`psp:alpha`)."""

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing one can misread aloud


@dataclass(frozen=True, slots=True)
class Account:
    """An account's name; whether its row exists is for `posting` to see to."""

    id: UUID
    code: str
    kind: str
    tree: Tree
    guard: Guard
    currency: str
    owner: UUID | None = None
    ref_kind: str | None = None
    ref: UUID | None = None

    @property
    def number(self) -> str | None:
        """What other clients pay to; wallets have one. 49 bits, from the id."""
        if self.kind != WALLET:
            return None
        value, signs = self.id.int >> 64, ""
        for _ in range(10):
            value, at = divmod(value, len(_ALPHABET))
            signs += _ALPHABET[at]
        return f"W-{signs[:5]}-{signs[5:]}"


def _named(
    work: Work,
    code: str,
    kind: str,
    currency: str,
    *,
    tree: Tree,
    guard: Guard,
    owner: UUID | None = None,
    ref: Ref | None = None,
) -> Account:
    if not currencies.known(currency):
        raise Invalid("This currency is not available.", field="currency")
    ref_kind, ref_id = ref or (None, None)
    what = f"{work.tenant.id}|{code}|{owner or ''}|{currency}|{ref_id or ''}"
    digest = hashlib.sha256(what.encode()).hexdigest()
    return Account(
        UUID(hex=digest[:32]), code, kind, tree, guard, currency, owner, ref_kind, ref_id
    )


def client_wallet(work: Work, client: UUID, currency: str) -> Account:
    """What a client may spend in one currency."""
    return _of_client(work, WALLET, client, currency, None)


def hold(work: Work, client: UUID, currency: str, cause: Ref) -> Account:
    """What is set aside for one cause; an account of its own, so it is used up at most once."""
    return _of_client(work, HOLD, client, currency, cause)


def platform(work: Work, client: UUID, currency: str, trading_account: UUID) -> Account:
    """A client's money at one trading account.

    Its balance runs but has no floor: what the platform did to it is a fact, and a loss beyond the
    balance shows until the house has funded it.
    """
    return _of_client(work, PLATFORM, client, currency, ("trading-account", trading_account))


def credit(work: Work, client: UUID, currency: str, cause: Ref) -> Account:
    """What a bonus gives a client to trade for: the house's money until it is earned, never theirs.

    No verb of wallets reaches it, so it cannot be withdrawn as such.
    """
    return _named(
        work,
        CREDIT,
        CREDIT,
        currency,
        tree=CLIENT_TREES[CREDIT],
        guard=CLIENT_GUARDS[CREDIT],
        owner=client,
        ref=cause,
    )


def receivable(work: Work, client: UUID, currency: str, cause: Ref) -> Account:
    """What a client owes for one cause: below zero as long as they owe, never above it.

    A wallet cannot fall below zero; what is not in it is written here.
    """
    return _of_client(work, RECEIVABLE, client, currency, cause)


def _of_client(work: Work, kind: str, client: UUID, currency: str, ref: Ref | None) -> Account:
    return _named(
        work,
        kind,
        kind,
        currency,
        tree=CLIENT_TREES[kind],
        guard=CLIENT_GUARDS[kind],
        owner=client,
        ref=ref,
    )


def house(work: Work, code: str, currency: str) -> Account:
    """An account of the house by code. Raises ValueError for a kind that is not in HOUSE."""
    kind = code.split(":", 1)[0]
    if kind not in HOUSE:
        raise ValueError(f"no house account is called {code}")
    return _named(work, code, kind, currency, tree=HOUSE[kind], guard=Guard.NONE)


def of_row(row: LedgerAccount) -> Account:
    """The value of a stored account."""
    return Account(
        row.id,
        row.code,
        row.kind,
        Tree(row.tree),
        Guard(row.guard),
        row.currency,
        row.owner,
        row.ref_kind,
        row.ref,
    )


async def get(work: Work, account: UUID) -> Account:
    """The account of a stored id. Raises NotFound."""
    return of_row(await work.get(LedgerAccount, account))


async def ensure(work: Work, accounts: Iterable[Account]) -> None:
    """Make the rows of accounts that have none yet; the others stay as they are."""
    wanted = sorted(set(accounts), key=lambda account: account.id)
    rows = [
        {
            "id": account.id,
            "code": account.code,
            "kind": account.kind,
            "tree": str(account.tree),
            "guard": str(account.guard),
            "currency": account.currency,
            "places": currencies.exponent(account.currency),
            "owner": account.owner,
            "ref_kind": account.ref_kind,
            "ref": account.ref,
            "number": account.number,
            "opened_at": work.now,
        }
        for account in wanted
    ]
    if not rows:
        return
    await work.run(insert(LedgerAccount).values(rows).on_conflict_do_nothing())
    owned = [account for account in wanted if account.guard is not Guard.NONE]
    if not owned:
        return
    # A frozen client's new wallet is frozen as the others are; holds are never.
    owners = {account.owner for account in owned if account.kind != HOLD}
    frozen = await _frozen_owners(work, owners) if owners else {}
    values = [
        {
            "account": account.id,
            "currency": account.currency,
            "places": currencies.exponent(account.currency),
            "guard": str(account.guard),
            "balance": Decimal(0),
            "frozen_at": frozen.get(account.owner, (None, None))[0]
            if account.kind != HOLD
            else None,
            "frozen_why": frozen.get(account.owner, (None, None))[1]
            if account.kind != HOLD
            else None,
        }
        for account in owned
    ]
    await work.run(insert(LedgerBalance).values(values).on_conflict_do_nothing())


Frozen = tuple[datetime | None, str | None]


async def _frozen_owners(work: Work, owners: Iterable[UUID | None]) -> dict[UUID | None, Frozen]:
    rows = await work.table(
        select(
            LedgerAccount.owner,
            func.max(LedgerBalance.frozen_at),
            func.max(LedgerBalance.frozen_why),
        )
        .join(LedgerBalance, LedgerBalance.account == LedgerAccount.id)
        .where(LedgerAccount.owner.in_(owners), LedgerBalance.frozen_at.is_not(None))
        .group_by(LedgerAccount.owner)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def freeze(work: Work, client: UUID, why: str) -> int:
    """Let nothing leave a client's wallets and trading accounts until unfrozen.

    Money may still come in, and holds may be released. Returns how many accounts were frozen.
    """
    work.require(Ledger.FREEZE)
    work.subject = client
    changed = await _set_frozen(work, client, why)
    work.record("wallets frozen", client=str(client), why=why, accounts=changed)
    work.announce(f"client:{client}|wallets", f"desk|money-{client}")
    return changed


async def unfreeze(work: Work, client: UUID) -> int:
    """Let money leave again. Returns how many accounts were unfrozen."""
    work.require(Ledger.FREEZE)
    work.subject = client
    changed = await _set_frozen(work, client, None)
    work.record("wallets unfrozen", client=str(client), accounts=changed)
    work.announce(f"client:{client}|wallets", f"desk|money-{client}")
    return changed


async def _set_frozen(work: Work, client: UUID, why: str | None) -> int:
    spendable = select(LedgerAccount.id).where(
        LedgerAccount.owner == client, LedgerAccount.kind != HOLD
    )
    found = await work.run(
        update(LedgerBalance)
        .where(LedgerBalance.account.in_(spendable))
        .values(frozen_at=work.now if why else None, frozen_why=why and why[:200])
        .returning(LedgerBalance.account)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())
