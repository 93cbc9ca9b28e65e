"""A person's word on a wanted change, and taking one back before it is sent.

await approve(work, request, seen)      `seen` is what the person saw of the effect
await refuse(work, request, why)
await cancel(work, request)
"""

from uuid import UUID

from brokerage.clients import queries as clients
from brokerage.kyc import standing
from brokerage.trading import terms, turns
from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import asking, effects, paying, rules, wording
from brokerage.trading.lifecycle.effects import Effect
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.rules import Verdict
from brokerage.trading.lifecycle.writing import effect_on, said
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, Denied
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work


async def approve(work: Work, request: UUID, seen: str = "") -> AccountRequest:
    """Another person's yes; it is sent in its turn. Raises Denied for who asked for it.

    The jurisdiction's cap and the margin are computed anew: a yes to a change that would cause a
    margin call or close positions is bound to the figures it was given for.
    """
    row, account = await _to_decide(work, request)
    must_be_another(work, row)
    stale = await _again(work, row, account)
    if stale is not None:
        raise Conflict(stale.text, code=stale.rule, **stale.places)
    effect = await effect_now(work, row, account)
    if effect.verdict != "none" and seen != effect.seal:
        raise Conflict(
            "The figures have changed since this page was drawn. Look at them again; nothing was "
            "changed.",
            code="figures-changed",
        )
    await paying.charge(work, row, account)

    row.effect = effect.record()
    row.answer = {}
    row.decided_by, row.decided_at, row.ready_at = work.actor.id, work.now, work.now
    row.move(RequestState.APPROVED)
    await work.flush()
    work.tell(RequestReady(request=row.id))
    _shown(work, row)
    return row


async def refuse(work: Work, request: UUID, why: str) -> AccountRequest:
    """No, with a reason that its owner reads; nothing changes."""
    row, _ = await _to_decide(work, request)
    reason = said(why)

    row.move(RequestState.REFUSED)
    row.answer = {"text": reason, "places": {}}
    row.decided_by, row.decided_at, row.done_at = work.actor.id, work.now, work.now
    await wording.tell(work, row)
    _shown(work, row)
    return row


async def cancel(work: Work, request: UUID) -> AccountRequest:
    """Taken back by whoever asked, before it is sent. What was charged for it is given back."""
    seen = await work.get(AccountRequest, request)
    await work.lock(TradingAccount, seen.account)
    row = await work.lock(AccountRequest, request)
    if work.actor.kind is Kind.CLIENT:
        work.require(Trading.OWN)
        work.actor.own(row.client)
    else:
        work.require(Trading.EDIT)
        await clients.seen(work, row.client)
    if row.asked_by != work.actor.id:
        raise Denied("Only who asked for it can take it back. Nothing was changed.")
    if row.state == RequestState.SENDING:
        raise Conflict("It is being sent to the server and cannot be taken back any more.")

    row.move(RequestState.CANCELLED)
    row.done_at = work.now
    await paying.give_back(work, row, "taken back")
    await turns.ring(work, row.account)
    _shown(work, row)
    return row


def must_be_another(work: Work, row: AccountRequest) -> None:
    """Who asked does not decide."""
    if work.actor.kind is not Kind.STAFF or work.actor.id is None:
        raise Denied("This is decided by a person who is signed in.")
    if row.asked_by == work.actor.id:
        raise Denied(
            "You asked for this yourself; someone else decides. Nothing was changed.", code="maker"
        )


async def effect_now(work: Work, row: AccountRequest, account: TradingAccount) -> Effect:
    """What the change would do to the margin by what the server told last."""
    return await effect_on(
        work,
        account,
        leverage=row.wants.get("leverage"),
        group=row.wants.get("group") or None,
    )


async def _to_decide(work: Work, request: UUID) -> tuple[AccountRequest, TradingAccount]:
    work.require(Trading.DECIDE)
    seen = await work.get(AccountRequest, request)
    await clients.seen(work, seen.client)
    account = await work.lock(TradingAccount, seen.account)
    row = await work.lock(AccountRequest, request)
    work.subject = row.client
    if row.state != RequestState.ASKED:
        raise Conflict("This was decided already. Nothing was changed.", code="wrong-state")
    return row, account


async def _again(work: Work, row: AccountRequest, account: TradingAccount) -> Verdict | None:
    """The rules that no person may set aside, asked at the moment of the yes."""
    if row.kind in {Wish.LEVERAGE, Wish.PRODUCT} and account.kind == "live":
        code = row.wants.get("product") or account.product
        limits = await standing.limits(work, row.client)
        cap = terms.cap_for(limits, work.settings(TradingSettings).product(str(code)))
        return rules.capped(int(row.wants["leverage"]), cap)
    if row.kind == Wish.RESTORE:
        return await asking.fresh(work, account)
    return None


def _shown(work: Work, row: AccountRequest) -> None:
    work.announce(f"client:{row.client}|accounts", "desk|requests")


def seal_of(row: AccountRequest) -> str:
    """What the yes of a stored request is bound to."""
    effect = effects.read(row.effect)
    return effect.seal if effect is not None else ""
