"""The register of bank accounts: whose money lies where, by entity, currency and purpose."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import accounts
from brokerage.ledger.model import Leg
from brokerage.recon import rules
from brokerage.recon.model import BankAccount, Purpose
from brokerage.recon.permissions import Recon
from stoa.kernel import currencies
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_IBAN_LIKE = re.compile(r"[A-Z]{2}[0-9]{2}.*", re.ASCII)


async def register(
    work: Work,
    *,
    code: str,
    name: str,
    number: str,
    currency: str,
    purpose: str,
    entity: str = "",
    bic: str = "",
    bank: str = "",
    psp: str | None = None,
) -> BankAccount:
    """Name a bank account; its account in the ledger follows from its code and purpose.

    Raises Invalid for a wrong IBAN or BIC and Conflict for an account that is registered already.
    """
    work.require(Recon.ACCOUNTS)
    plain, swift = _number(number), re.sub(r"\s", "", bic).upper()
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,30}", code):
        raise Invalid("Use small letters, digits and dashes, such as eur-clients.", field="code")
    if swift and not rules.bic(swift):
        raise Invalid("This BIC is not right. It has 8 or 11 signs.", field="bic")
    if not currencies.known(currency):
        raise Invalid("This currency is not available.", field="currency")
    if purpose not in set(Purpose):
        raise Invalid("Choose one of the offered values.", field="purpose")
    if not name.strip():
        raise Invalid("Please fill this in.", field="name")
    known = await work.first(
        select(BankAccount).where(
            (BankAccount.code == code)
            | ((BankAccount.number == plain) & (BankAccount.currency == currency))
        )
    )
    if known is not None:
        raise Conflict("This account is registered already, as {name}.", name=known.name)
    row = BankAccount(
        id=work.new_id(),
        code=code,
        name=name.strip()[:80],
        entity=(entity.strip() or work.settings(TenantFacts).legal_entity or work.tenant.name)[
            :160
        ],
        purpose=purpose,
        number=plain,
        bic=swift,
        bank=bank.strip()[:80],
        currency=currency,
        psp=psp or None,
        state="open",
        opened_at=work.now,
        opened_by=work.actor.id,
    )
    work.add(row)
    await work.flush()
    await accounts.ensure(work, [accounts.house(work, row.source, currency)])
    work.announce("desk|recon")
    return row


def _number(text: str) -> str:
    plain = re.sub(r"[\s]", "", text).upper()
    if not re.fullmatch(r"[A-Z0-9/.-]{4,48}", plain):
        raise Invalid("Write the account's number in letters and digits.", field="number")
    if _IBAN_LIKE.fullmatch(plain) and not rules.iban(plain):
        raise Invalid("This IBAN is not right. Compare it with your bank's.", field="number")
    return plain


async def close(work: Work, account: UUID) -> BankAccount:
    """No statement is taken for it any more; what it proved stays."""
    work.require(Recon.ACCOUNTS)
    row = await work.lock(BankAccount, account)
    row.move("closed")
    work.announce("desk|recon")
    return row


async def reopen(work: Work, account: UUID) -> BankAccount:
    work.require(Recon.ACCOUNTS)
    row = await work.lock(BankAccount, account)
    row.move("open")
    work.announce("desk|recon")
    return row


async def of_numbers(work: Work, numbers: Iterable[str]) -> dict[tuple[str, str], BankAccount]:
    """Open accounts by (number, currency)."""
    wanted = sorted(set(numbers))
    rows = await work.rows(
        select(BankAccount).where(BankAccount.number.in_(wanted), BankAccount.state == "open")
    )
    return {(row.number, row.currency): row for row in rows}


async def every(work: Work) -> list[BankAccount]:
    return list(await work.rows(select(BankAccount).order_by(BankAccount.entity, BankAccount.code)))


async def of_source(work: Work, source: str) -> BankAccount | None:
    """The bank account behind a ledger code such as `bank:eur-clients`."""
    return await work.first(select(BankAccount).where(BankAccount.code == source.partition(":")[2]))


async def balances(work: Work, rows: Sequence[BankAccount]) -> list[Money]:
    """What the books say lies on each account now, in one query."""
    named = {accounts.house(work, row.source, row.currency).id: row for row in rows}
    found = await work.table(
        select(Leg.account, func.sum(-Leg.amount))
        .where(Leg.account.in_(named))
        .group_by(Leg.account)
    )
    known = {named[account].id: total for account, total in found}
    return [Money(known.get(row.id, Decimal(0)), row.currency) for row in rows]
