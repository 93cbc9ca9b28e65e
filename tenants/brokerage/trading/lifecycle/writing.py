"""How a wanted change is written down: by whom, with which verdict, one of a kind at a time."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.trading import groups
from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import effects
from brokerage.trading.lifecycle.effects import Effect
from brokerage.trading.lifecycle.model import OPEN, AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.rules import Verdict
from brokerage.trading.lifecycle.settings import Way
from brokerage.trading.model import AccountState, TradingAccount, Transfer, TransferState
from brokerage.trading.permissions import Trading
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

LIVING: Final = (AccountState.ACTIVE, AccountState.RESTRICTED)
_MOST_A_DAY: Final = 50


async def own(work: Work, account: UUID, *states: str) -> TradingAccount:
    """The account, locked, for its owner or for staff who may change it."""
    row = await work.lock(TradingAccount, account)
    if work.actor.kind is Kind.CLIENT:
        work.require(Trading.OWN)
        work.actor.own(row.client)
    else:
        work.require(Trading.EDIT)
        await clients.seen(work, row.client)
    if row.state not in (states or LIVING) or row.login is None:
        raise Conflict("This account cannot be changed now. Nothing was changed.")
    return row


def staff(work: Work) -> bool:
    return work.actor.kind is not Kind.CLIENT


async def write(
    work: Work,
    row: TradingAccount,
    wish: Wish,
    wants: dict[str, Any],
    verdict: Verdict,
    effect: Effect | None = None,
    *,
    note: str = "",
    once: str | None = None,
) -> AccountRequest:
    """Write it down with what was decided; one of a kind at a time. Raises Conflict."""
    if await open_of(work, row.id, wish) is not None:
        raise Conflict(
            "Something of this kind is under way for this account already. Nothing was changed.",
            code="under-way",
        )
    if work.actor.kind is Kind.CLIENT:
        await _not_too_many(work, row.client)
    decided = verdict.state is not RequestState.ASKED
    made = AccountRequest(
        id=work.new_id(),
        client=row.client,
        account=row.id,
        kind=wish,
        state=verdict.state,
        wants=wants,
        effect=effect.record() if effect is not None else {},
        answer=verdict.answer,
        note=note.strip()[:400] or None,
        rule=verdict.rule[:80],
        once=once,
        asked_by=work.actor.id,
        asked_kind=_asker(work),
        asked_at=work.now,
        decided_at=work.now if decided else None,
        ready_at=work.now if verdict.state is RequestState.APPROVED else None,
        done_at=work.now if verdict.state is RequestState.REFUSED else None,
    )
    work.add(made)
    work.subject = row.client
    await work.flush()
    if verdict.state is RequestState.APPROVED:
        work.tell(RequestReady(request=made.id))
    work.announce(f"client:{row.client}|accounts", "desk|requests")
    return made


async def _not_too_many(work: Work, client: UUID) -> None:
    asked = await work.count(
        select(AccountRequest.id).where(
            AccountRequest.client == client,
            AccountRequest.asked_kind == "client",
            AccountRequest.asked_at > work.now - timedelta(hours=24),
        )
    )
    if asked >= _MOST_A_DAY:
        raise Conflict("You have asked for many changes today. Try again tomorrow, or write to us.")


def _asker(work: Work) -> str:
    if work.actor.kind is Kind.CLIENT:
        return "client"
    return "rule" if work.actor.kind is Kind.SYSTEM else "staff"


async def open_of(work: Work, account: UUID, wish: Wish) -> AccountRequest | None:
    return await work.first(
        select(AccountRequest).where(
            AccountRequest.account == account,
            AccountRequest.kind == wish,
            AccountRequest.state.in_(OPEN),
        )
    )


async def money_moves(work: Work, account: UUID) -> bool:
    """Whether a transfer of the account is open."""
    return (
        await work.first(
            select(Transfer.id).where(
                Transfer.account == account,
                Transfer.state.in_(
                    (TransferState.WAITING, TransferState.HELD, TransferState.SENDING)
                ),
            )
        )
        is not None
    )


async def effect_on(
    work: Work, row: TradingAccount, *, leverage: int | None = None, group: str | None = None
) -> Effect:
    """What a change would do to the margin, by what the server told last."""
    there = await groups.known(work, row.server)
    now = groups.level_of(there, row.server_group)
    then = groups.level_of(there, group or row.server_group)
    return effects.of(
        currency=row.currency,
        equity=row.equity,
        margin=row.margin,
        leverage=row.leverage,
        leverage_after=leverage or row.leverage,
        call=then.call,
        stop=then.stop,
        tighter=then.call > now.call or then.stop > now.stop,
    )


def must_be_offered(way: Way) -> None:
    if way == "off":
        raise Denied("This cannot be asked for here. Write to us. Nothing was changed.")


def said(why: str) -> str:
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="reason")
    return why.strip()
