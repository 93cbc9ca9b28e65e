"""Moving accounts to another server: each step once, with figures that show it (`placing` plans).

    await run(open_work, batch)            a pass over a batch that runs, within the window

An account is closed for trading and money, its positions and balance are looked at, its successor is
opened, the balance goes by a transfer to the wallet and, in the transaction in which it arrives there,
on to the successor; then it is archived with a link to it. Each step may be tried again: what was done
is found by the ids that follow from the request's. What speaks against it gives the account back.
"""

import contextlib
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import select

from brokerage.trading import accounts, carrying, servers, transfers, turns
from brokerage.trading.connector import Access
from brokerage.trading.events import AccountAsked, AccountChanged, TransferAsked
from brokerage.trading.lifecycle import limiting, placing, running
from brokerage.trading.lifecycle.asking import POSITIONS
from brokerage.trading.lifecycle.model import AccountBatch, AccountRequest, BatchState, RequestState
from brokerage.trading.model import AccountState, TradingAccount, Transfer, TransferState
from brokerage.trading.settings import RIGHTS, TradingSettings
from stoa.connectors.outcomes import Confirmed
from stoa.kernel.refusals import Refusal
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SOURCE: Final = "migration"
FROZEN: Final = N_("This account is being moved to another server.")
CREDIT: Final = N_("There is credit on the account, which cannot be moved.")
NOT_OPENED: Final = N_("The new server did not open the account: {why}")
NOT_PAID: Final = N_("The old server did not let the money go: {why}")
STAYED: Final = N_("The money is in the wallet: the new account did not take it.")
MOVED: Final = N_("Your account {old} has become {login} on another server; your money is there")
_AGAIN: Final = timedelta(seconds=3)
_DONE: Final = (TransferState.DONE, TransferState.REFUSED, TransferState.CANCELLED)


def open_now(work: Work) -> bool:
    """Whether the tenant's own window for moving accounts is open."""
    zone = ZoneInfo(work.settings(TenantFacts).time_zone)
    return work.settings(TradingSettings).moving.now(work.now.astimezone(zone))


async def run(open_work: OpenWork, batch: UUID) -> None:
    """Release some, and take each of those under way as far as it goes now."""
    async with open_work() as work:
        row = await work.lock(AccountBatch, batch)
        if row.state != BatchState.RUNNING:
            return
        more = not open_now(work)
        if not more:
            more = bool(await running.released_of(work, row))
        under_way = await work.rows(
            select(AccountRequest.id)
            .where(
                AccountRequest.batch == batch,
                AccountRequest.state.in_((RequestState.APPROVED, RequestState.SENDING)),
                (AccountRequest.next_ask_at.is_(None)) | (AccountRequest.next_ask_at <= work.now),
            )
            .order_by(AccountRequest.id)
            .limit(running.CHUNK)
        )
    for request in list(under_way):
        with contextlib.suppress(Refusal):
            await step(open_work, request)
    async with open_work() as work:
        await running.ended(work, batch, more=more)


async def step(open_work: OpenWork, request: UUID) -> None:
    """Take one account as far as it goes; safe to repeat."""
    if not await _begun(open_work, request):
        return
    if not await _frozen(open_work, request):
        return
    new = await _opened(open_work, request)
    if new is None:
        return
    if not await _paid_over(open_work, request, new):
        return
    await _put_away(open_work, request, new)


async def _begun(open_work: OpenWork, request: UUID) -> bool:
    """Claim it when nothing of the account is under way; close it for money from here on."""
    async with open_work() as work:
        old = await work.lock(TradingAccount, (await work.get(AccountRequest, request)).account)
        row = await work.lock(AccountRequest, request)
        row.next_ask_at = work.now + _AGAIN
        if row.state == RequestState.SENDING:
            return True
        if row.state != RequestState.APPROVED or await turns.first(work, old.id) is not None:
            return False
        row.move(RequestState.SENDING)
        row.sent_at = work.now
        row.was = {"before": "", "state": old.state}
        said = {"why": FROZEN, "by": "", "at": str(work.now)}
        old.shut = {**dict.fromkeys(RIGHTS, said), **(old.shut or {})}
        old.limits = {
            **(old.limits or {}),
            SOURCE: {
                "access": str(Access.NO_TRADING),
                "why": FROZEN,
                "by": "",
                "at": str(work.now),
            },
        }
        return True


async def _frozen(open_work: OpenWork, request: UUID) -> bool:
    """Stop trading at the old server, then look: only an account without positions goes on."""
    async with open_work() as work:
        row = await work.get(AccountRequest, request)
        if (row.was or {}).get("before"):
            return True
        old = await work.get(TradingAccount, row.account)
        connector, login = await servers.connect(work, old.server), old.login or 0
    if not isinstance(await connector.set_access(login, Access.NO_TRADING), Confirmed):
        return False
    told = await connector.get_account(login)
    positions = await connector.get_positions(login)
    async with open_work() as work:
        row = await work.lock(AccountRequest, request)
        old = await work.lock(TradingAccount, row.account)
        old.access = str(Access.NO_TRADING)
        if old.state == AccountState.ACTIVE:
            old.move(AccountState.RESTRICTED)
            old.why = FROZEN
        if positions or told.margin or told.floating or told.balance < 0:
            await _give_back(work, row, old, POSITIONS)
            return False
        if told.credit:
            await _give_back(work, row, old, CREDIT)
            return False
        row.was = {**(row.was or {}), "before": f"{told.balance:f}"}
    return True


async def _opened(open_work: OpenWork, request: UUID) -> UUID | None:
    """The successor on the other server, made once; nothing while it is not there yet."""
    new = uuid5(request, "account")
    async with open_work() as work:
        known = await work.session.get(TradingAccount, new)
        if known is None:
            row = await work.lock(AccountRequest, request)
            old = await work.get(TradingAccount, row.account)
            known = placing.successor(work, new, old, row.wants)
            work.add(known)
        state = known.state
    if state == AccountState.OPENING:
        await accounts.make(open_work, AccountAsked(account=new))
    async with open_work() as work:
        known = await work.get(TradingAccount, new)
        if known.state == AccountState.FAILED:
            row = await work.lock(AccountRequest, request)
            old = await work.lock(TradingAccount, row.account)
            known.predecessor = None
            await _give_back(work, row, old, NOT_OPENED, why=known.why or "")
            return None
        return new if known.login is not None else None


async def _paid_over(open_work: OpenWork, request: UUID, new: UUID) -> bool:
    """The balance by two transfers, each once; whether they have ended."""
    out = uuid5(request, "out")
    async with open_work() as work:
        row = await work.lock(AccountRequest, request)
        before = Decimal((row.was or {})["before"])
        if not before:
            return True
        first = await work.session.get(Transfer, out)
        if first is None:
            old = await work.get(TradingAccount, row.account)
            first = Transfer(
                id=out,
                client=old.client,
                account=old.id,
                direction=transfers.TO_WALLET,
                amount=before,
                currency=old.currency,
                state=TransferState.HELD,
                asked_at=work.now,
                onward=new,
            )
            work.add(first)
            work.tell(TransferAsked(transfer=out))
    await _pushed(open_work, out)
    await _pushed(open_work, transfers.second_of(out))
    async with open_work() as work:
        first = await work.get(Transfer, out)
        if first.state in {TransferState.REFUSED, TransferState.CANCELLED}:
            row = await work.lock(AccountRequest, request)
            old = await work.lock(TradingAccount, row.account)
            await _give_back(work, row, old, NOT_PAID, why=first.why or "")
            return False
        if first.state != TransferState.DONE:
            return False
        second = await work.session.get(Transfer, transfers.second_of(out))
        return second is None or second.state in _DONE


async def _pushed(open_work: OpenWork, transfer: UUID) -> None:
    async with open_work() as work:
        row = await work.session.get(Transfer, transfer)
        if row is None or row.state not in {TransferState.HELD, TransferState.SENDING}:
            return
    with contextlib.suppress(Refusal):
        await carrying.send(open_work, TransferAsked(transfer=transfer))


async def _put_away(open_work: OpenWork, request: UUID, new: UUID) -> None:
    """Shut the old account at its server, compare both sides, and say so."""
    async with open_work() as work:
        row = await work.get(AccountRequest, request)
        old, fresh = (
            await work.get(TradingAccount, row.account),
            await work.get(TradingAccount, new),
        )
        shut = Access.NO_LOGIN
        if shut not in limiting.possible(work, old.server):
            shut = Access.NO_TRADING
        source = await servers.connect(work, old.server)
        target = await servers.connect(work, fresh.server)
        logins = old.login or 0, fresh.login or 0
    if not isinstance(await source.set_access(logins[0], shut), Confirmed):
        return
    left, there = await source.get_account(logins[0]), await target.get_account(logins[1])
    async with open_work() as work:
        row = await work.lock(AccountRequest, request)
        old = await work.lock(TradingAccount, row.account)
        if row.state != RequestState.SENDING:
            return
        before = Decimal((row.was or {})["before"])
        second = await work.session.get(Transfer, transfers.second_of(uuid5(request, "out")))
        moved = before if second is not None and second.state == TransferState.DONE else Decimal(0)
        row.was = {
            **(row.was or {}),
            "new": str(new),
            "login": str(logins[1]),
            "moved": f"{moved:f}",
            "left": f"{left.balance:f}",
            "after": f"{there.balance:f}",
            "difference": f"{before - left.balance - there.balance:f}",
        }
        row.answer = {"text": STAYED, "places": {}} if before and not moved else {}
        row.move(RequestState.DONE)
        row.done_at, row.next_ask_at = work.now, None
        old.move(AccountState.ARCHIVED)
        old.access, old.balance, old.equity = str(shut), left.balance, left.equity
        old.limits = {key: one for key, one in (old.limits or {}).items() if key != SOURCE}
        old.shut = _without(old.shut)
        work.subject = row.client
        places = {"old": str(logins[0]), "login": str(logins[1])}
        await notices.tell(work, row.client, MOVED, path=f"/accounts/{new}", **places)
        work.tell(
            AccountChanged(request=row.id, account=old.id, client=row.client, change=row.kind)
        )
        work.announce(f"client:{row.client}|accounts", "desk|batches")


async def _give_back(
    work: Work, row: AccountRequest, old: TradingAccount, text: str, **places: str
) -> None:
    """It does not move: what was closed for it is open again, and the server is told so."""
    row.move(RequestState.REFUSED)
    row.answer = {"text": text, "places": places}
    row.done_at, row.next_ask_at = work.now, None
    old.shut = _without(old.shut)
    await work.flush()
    await limiting.limit(work, old, SOURCE, None, "not moved")
    work.announce("desk|batches", f"client:{row.client}|accounts")


def _without(shut: dict[str, Any] | None) -> dict[str, Any]:
    return {key: one for key, one in (shut or {}).items() if one.get("why") != FROZEN}
