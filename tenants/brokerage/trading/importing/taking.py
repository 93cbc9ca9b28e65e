"""One login taken over: account, history and opening balance in one transaction, or none of them.

History is stored for statements, charts and reports. It happened before our books began, so it is
not posted and pays nobody a reward; the balance of the moment is posted instead, against money on its
way to or from this platform, until a bank's statement explains it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from sqlalchemy import func, select

from brokerage.clients import joining
from brokerage.crm import leads
from brokerage.ledger import accounts as ledger
from brokerage.ledger import posting
from brokerage.trading import deals
from brokerage.trading.connector import Access, Account, DealBatch, DealCursor, TradingConnector
from brokerage.trading.importing import looking, rules
from brokerage.trading.importing.lines import How, Line, Verdict
from brokerage.trading.importing.state import State
from brokerage.trading.model import AccountState, Deal, QuarantinedDeal, TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.connectors.trouble import Unreadable
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_TRIES: Final = 4


class _Restless(Exception):
    """It trades faster than it can be read."""


async def take(
    open_work: OpenWork, code: str, connector: TradingConnector, now: State, line: Line
) -> Line:
    """Safe to repeat. Raises Unavailable where the server does not answer."""
    if line.how is How.NEW_LEAD:
        return await _lead(open_work, line)
    begin = rules.start(now.options, now.asked_at)
    try:
        account, batch = await _settled(connector, line.login, begin)
    except NotFound:
        return _refused(line, "gone")
    except Unreadable:
        return _refused(line, "unreadable")
    except _Restless:
        return _refused(line, "restless")
    try:
        async with open_work() as work:
            return await _make(work, code, now, line, account, batch)
    except Invalid:
        # The transaction is undone whole: neither client nor account was made.
        return _refused(line, "bad-details")


async def _settled(
    connector: TradingConnector, login: int, begin: datetime
) -> tuple[Account, DealBatch]:
    """A balance and the deals that led to it: read until no deal came between the two."""
    batch = await connector.get_deals([login], DealCursor(begin))
    for _ in range(_TRIES):
        account = await connector.get_account(login)
        later = await connector.get_deals([login], DealCursor(begin))
        if {deal.deal for deal in later.deals} == {deal.deal for deal in batch.deals}:
            return account, later
        batch = later
    raise _Restless


async def _make(
    work: Work, code: str, now: State, line: Line, account: Account, batch: DealBatch
) -> Line:
    settings = work.settings(TradingSettings)
    server = settings.server(code)
    if server is None:
        raise NotFound("There is no such trading server.")
    known = await looking.know(work, code, [line])
    again = rules.judged(line, known, settings, server, now.options)
    if again.verdict is Verdict.OURS:
        return await _made_before(work, code, line)
    if again.verdict is not Verdict.MAKE:
        return again
    if account.currency != line.currency:
        return _refused(line, "currency-not-offered")
    client = again.client
    if client is None:
        first, last = rules.names_of(line.name or line.email.partition("@")[0])
        client = (
            await joining.register(
                work,
                email=line.email,
                first_name=first,
                last_name=last,
                country=now.options.country,
            )
        ).id
    row = TradingAccount(
        id=work.new_id(),
        client=client,
        server=code,
        kind=server.kind,
        product=again.product,
        state=AccountState.ACTIVE if account.access is Access.FULL else AccountState.RESTRICTED,
        login=line.login,
        server_group=account.group[:80],
        currency=account.currency,
        leverage=account.leverage,
        opened_at=account.registered or work.now,
        balance=account.balance,
        credit=account.credit,
        equity=account.equity,
        margin=account.margin,
        margin_free=account.margin_free,
        floating=account.floating,
        deals_at=batch.cursor.at,
    )
    work.add(row)
    await work.flush()
    owner = deals.Owner(row.id, client, row.currency, live=row.kind == "live")
    stored = await deals.store_history(work, code, batch.deals, {line.login: owner})
    for bad in batch.misread:
        work.add(
            QuarantinedDeal(
                id=uuid7(),
                server=code,
                login=line.login,
                raw=bad.raw[:4000],
                why=bad.why[:400],
                at=work.now,
            )
        )
    await _open_books(work, row)
    work.record("account.imported", server=code, login=line.login, deals=stored)
    work.announce(f"client:{client}|accounts", "desk|accounts")
    return msgspec.structs.replace(
        again,
        client=client,
        verdict=Verdict.MADE,
        balance=format(account.balance, "f"),
        credit=format(account.credit, "f"),
        deals=stored,
    )


async def _made_before(work: Work, code: str, line: Line) -> Line:
    """It was to be made and is there: a turn made it whose end was never written down."""
    row = await work.first(
        select(TradingAccount).where(
            TradingAccount.server == code, TradingAccount.login == line.login
        )
    )
    assert row is not None  # noqa: S101 - it was judged to be ours in this transaction
    stored = await work.value(
        select(func.count())
        .select_from(Deal)
        .where(Deal.client == row.client, Deal.account == row.id)
    )
    return msgspec.structs.replace(line, verdict=Verdict.MADE, client=row.client, deals=int(stored))


async def _open_books(work: Work, row: TradingAccount) -> None:
    """The balance of the moment, posted once for ever; demo money is nobody's."""
    money = Money(row.balance, row.currency).rounded()
    if row.kind != "live" or not money:
        return
    mine = ledger.platform(work, row.client, row.currency, row.id)
    house = ledger.house(work, f"platform-clearing:{row.server}", row.currency)
    gain = money.amount > Decimal(0)
    await posting.post(
        work,
        operation=f"opening:{row.server}:{row.login}",
        kind="trading",
        legs=posting.moving(
            house if gain else mine, mine if gain else house, money if gain else -money
        ),
        ref=("trading-account", row.id),
        despite_freeze=True,
    )


async def _lead(open_work: OpenWork, line: Line) -> Line:
    """A lead of the name and address the server tells; its account waits for the client."""
    wish = leads.Wish(name=line.name or line.email, email=line.email, source="import")
    try:
        async with open_work() as work:
            await leads.create(work, wish)
    except Conflict:
        return msgspec.structs.replace(line, verdict=Verdict.LEAD)
    except Invalid:
        return _refused(line, "bad-details")
    return msgspec.structs.replace(line, verdict=Verdict.LEAD)


def _refused(line: Line, why: str) -> Line:
    return msgspec.structs.replace(line, verdict=Verdict.REFUSED, why=why)
