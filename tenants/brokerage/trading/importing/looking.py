"""The dry run: what the server tells of its logins, matched to our clients; nothing is changed."""

import asyncio
from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.trading.connector import TradingConnector, operation_of
from brokerage.trading.importing import rules
from brokerage.trading.importing.lines import Line, Options, Verdict
from brokerage.trading.importing.rules import Known
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.connectors.trouble import Unreadable
from stoa.identity.model import Person
from stoa.identity.people import EMAIL
from stoa.kernel.refusals import NotFound
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work


async def read(connector: TradingConnector, told: Sequence[Line], at_once: int) -> list[Line]:
    """Each login's account as the server tells it. Raises Unavailable: it does not answer."""
    places = asyncio.Semaphore(at_once)

    async def one(line: Line) -> Line:
        async with places:
            try:
                account = await connector.get_account(line.login)
            except NotFound:
                return msgspec.structs.replace(line, verdict=Verdict.REFUSED, why="gone")
            except Unreadable:
                return msgspec.structs.replace(line, verdict=Verdict.REFUSED, why="unreadable")
        return msgspec.structs.replace(
            line,
            group=account.group,
            currency=account.currency,
            balance=format(account.balance, "f"),
            credit=format(account.credit, "f"),
            name=account.name,
            email=account.email.strip(),
            external=account.external_id,
        )

    return list(await asyncio.gather(*(one(line) for line in told)))


async def judge(
    open_work: OpenWork, code: str, options: Options, told: Sequence[Line]
) -> list[Line]:
    """What would become of each login that was read."""
    async with open_work() as work:
        settings = work.settings(TradingSettings)
        server = settings.server(code)
        known = await know(work, code, told)
        if server is None:
            return list(told)
        return [
            rules.judged(line, known, settings, server, options)
            if line.verdict is Verdict.UNREAD
            else line
            for line in told
        ]


async def know(work: Work, code: str, told: Sequence[Line]) -> Known:
    """What the books know of these logins, each kind in one question."""
    ours = await work.rows(
        select(TradingAccount.login).where(
            TradingAccount.server == code,
            TradingAccount.login.in_([line.login for line in told]),
        )
    )
    marks = {line.external: operation_of(line.external) for line in told}
    ids = [found for found in marks.values() if found is not None]
    accounts = {
        row.id: row
        for row in await work.table(
            select(TradingAccount.id, TradingAccount.client, TradingAccount.state).where(
                TradingAccount.id.in_(ids)
            )
        )
    }
    held = {mark: accounts[found] for mark, found in marks.items() if found in accounts}
    emails = {line.email.lower(): work.blind(EMAIL, line.email) for line in told if line.email}
    people = {
        row.email_blind: row.id
        for row in await work.table(
            select(Person.id, Person.email_blind).where(
                Person.kind == "client", Person.email_blind.in_(list(emails.values()))
            )
        )
    }
    references = [line.external.upper()[:16] for line in told if line.external]
    named = {
        row.reference: row.id
        for row in await work.table(
            select(Client.id, Client.reference).where(Client.reference.in_(references))
        )
    }
    waiting = {AccountState.OPENING, AccountState.FAILED}
    return Known(
        ours=frozenset(login for login in ours if login is not None),
        opening=frozenset(mark for mark, row in held.items() if row.state in waiting),
        by_external={mark: row.client for mark, row in held.items()},
        by_reference=named,
        by_email={word: people[blind] for word, blind in emails.items() if blind in people},
        closed=frozenset(
            await work.rows(
                select(Client.id).where(
                    Client.id.in_([*named.values(), *people.values()]), Client.state == "closed"
                )
            )
        ),
    )
