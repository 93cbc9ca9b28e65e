"""What is done about an alert: close-only, no trading, less leverage. One asks, another agrees, the
server is told, and all of it can be taken back.

The change itself is one of the account's own requests: sent in its turn, once, and looked up after a
lost answer. A limit of the dealing desk stands beside those of others; the strictest holds.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from brokerage.clients import queries as clients
from brokerage.risk import alerts
from brokerage.risk.alerts import note
from brokerage.risk.model import ActionState, RiskAlert
from brokerage.risk.permissions import Risk
from brokerage.trading import connectors
from brokerage.trading.connector import Access, Verb
from brokerage.trading.lifecycle import limiting
from brokerage.trading.lifecycle import rules as account_rules
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.writing import LIVING, effect_on, write
from brokerage.trading.model import TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_SOURCE: Final = "risk"
_WISHES: Final = (Wish.LEVERAGE, Wish.ACCESS)
WHY: Final = N_("The dealing desk restricted trading on this account.")
KINDS: Final = {
    "close-only": N_("Close only"),
    "no-trading": N_("No trading"),
    "leverage": N_("Less leverage"),
}
_ACCESS: Final = {"close-only": Access.CLOSE_ONLY, "no-trading": Access.NO_TRADING}
_UNDER_WAY: Final = frozenset({ActionState.ASKED, ActionState.SENDING, ActionState.UNDOING})
_MOST: Final = 100


async def ask(work: Work, alert: UUID, *, kind: str, leverage: int | None, why: str) -> RiskAlert:
    """Propose an action on the account an alert is about. Nothing is sent before a second person
    has agreed.
    """
    work.require(Risk.ACT)
    await alerts.seen(work, alert)
    row = await work.lock(RiskAlert, alert)
    if row.account is None:
        raise Conflict("This alert is about no single account. Nothing was changed.")
    if row.action_state in _UNDER_WAY or row.action_state == ActionState.DONE:
        raise Conflict("An action about this alert is in force or under way already.")
    if len(why.strip()) < 3:
        raise Invalid("Please say why.", field="why")
    account = await work.get(TradingAccount, row.account)
    if kind not in possible(work, account):
        raise Invalid("This account's platform cannot be told that.", field="kind")
    wanted = await _wanted(work, account, kind, leverage)
    row.action = {
        "kind": kind,
        "wanted": wanted,
        "was": account.leverage if kind == "leverage" else str(Access.FULL),
        "why": why.strip()[:400],
        "asked_by": str(work.actor.id),
    }
    row.action_state, row.action_at = ActionState.ASKED, work.now
    row.story = [*row.story, note(work, N_("Action asked for: {why}"), why=why.strip()[:400])]
    work.announce("risk|alerts", "desk|approvals")
    return row


def possible(work: Work, account: TradingAccount) -> list[str]:
    """What the account's platform can be told at all."""
    server = work.settings(TradingSettings).server(account.server)
    if server is None or account.login is None:
        return []
    able = connectors.named(server.connector).capabilities
    found = [kind for kind, access in _ACCESS.items() if access in able.access]
    return [*found, "leverage"] if Verb.SET_LEVERAGE in able.verbs else found


async def _wanted(work: Work, account: TradingAccount, kind: str, leverage: int | None) -> Any:
    if kind != "leverage":
        if account.state not in LIVING or _SOURCE in (account.limits or {}):
            raise Conflict("This account is not open for trading now. Nothing was changed.")
        return str(_ACCESS[kind])
    if leverage is None or not 1 <= leverage < account.leverage:
        raise Invalid("Less than 1:{n}, which it is now.", field="leverage", n=account.leverage)
    effect = await effect_on(work, account, leverage=leverage)
    if effect.verdict == "stop-out":
        raise Invalid(
            "With 1:{n} its margin level would be {level} %: the server would close its positions "
            "at once. Nothing was changed.",
            field="leverage",
            n=leverage,
            level=f"{effect.level_after or 0:.0f}",
        )
    return leverage


async def _decided(work: Work, alert: UUID, *states: str) -> RiskAlert:
    work.require(Risk.APPROVE)
    await alerts.seen(work, alert)
    row = await work.lock(RiskAlert, alert)
    if row.action_state not in states or row.action is None:
        raise Conflict("This action does not wait for that. Nothing was changed.")
    work.announce("risk|alerts", "desk|approvals")
    return row


async def agree(work: Work, alert: UUID) -> RiskAlert:
    """The second person's yes. Raises Denied for who asked."""
    row = await _decided(work, alert, ActionState.ASKED)
    if row.action and row.action["asked_by"] == str(work.actor.id):
        raise Denied("You asked for this; someone else agrees to it. Nothing was changed.")
    row.action = {**(row.action or {}), "agreed_by": str(work.actor.id)}
    row.story = [*row.story, note(work, N_("Agreed; the server is told"))]
    await _send(work, row, undoing=False)
    return row


async def refuse(work: Work, alert: UUID, why: str) -> RiskAlert:
    row = await _decided(work, alert, ActionState.ASKED)
    if len(why.strip()) < 3:
        raise Invalid("Please say why.", field="reason")
    row.action_state, row.action_at = ActionState.REFUSED, work.now
    row.story = [*row.story, note(work, N_("Action refused: {why}"), why=why.strip()[:400])]
    return row


async def undo(work: Work, alert: UUID, why: str) -> RiskAlert:
    """Give back what was before. The same permission as for agreeing; the alert may be over."""
    row = await _decided(work, alert, ActionState.DONE)
    if len(why.strip()) < 3:
        raise Invalid("Please say why.", field="reason")
    row.story = [*row.story, note(work, N_("To be taken back: {why}"), why=why.strip()[:400])]
    await _send(work, row, undoing=True)
    return row


async def _send(work: Work, row: RiskAlert, *, undoing: bool) -> None:
    """Write down what the server is to be told; it is sent in its turn among the account's changes."""
    action = row.action or {}
    account = await work.lock(TradingAccount, row.account)
    value = action["was" if undoing else "wanted"]
    if action["kind"] == "leverage":
        wants = {"leverage": int(value)}
        made = await write(
            work, account, Wish.LEVERAGE, wants, account_rules.yes(_SOURCE), note=WHY
        )
    else:
        to = None if undoing else Access(value)
        made = await limiting.limit(work, account, _SOURCE, to, WHY)
    row.action = {**action, "request": str(made.id)}
    row.action_state = ActionState.UNDOING if undoing else ActionState.SENDING
    row.action_at = work.now


async def follow(work: Work) -> int:
    """Write down what became of what was sent; how many actions have an end now."""
    rows = await work.rows(
        select(RiskAlert)
        .where(RiskAlert.action_state.in_((ActionState.SENDING, ActionState.UNDOING)))
        .order_by(RiskAlert.action_at)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    )
    if not rows:
        return 0
    accounts = [row.account for row in rows if row.account]
    # The newest of a kind says what holds: one that was under way may have been followed by another.
    newest = {
        (one.account, one.kind): one
        for one in await work.rows(
            select(AccountRequest)
            .where(AccountRequest.account.in_(accounts), AccountRequest.kind.in_(_WISHES))
            .ext(distinct_on(AccountRequest.account, AccountRequest.kind))
            .order_by(AccountRequest.account, AccountRequest.kind, AccountRequest.id.desc())
        )
    }
    ended = 0
    for row in rows:
        wish = Wish.LEVERAGE if (row.action or {}).get("kind") == "leverage" else Wish.ACCESS
        request = newest.get((row.account, wish)) if row.account else None
        if request is not None and request.done_at is not None:
            await _end(work, row, request)
            ended += 1
    return ended


async def _end(work: Work, row: RiskAlert, request: AccountRequest) -> None:
    undoing = row.action_state == ActionState.UNDOING
    row.action_at = work.now
    work.announce("risk|alerts")
    if request.state == RequestState.DONE:
        row.action_state = ActionState.UNDONE if undoing else ActionState.DONE
        said = (
            N_("The server confirmed: it is as before") if undoing else N_("The server confirmed")
        )
        row.story = [*row.story, note(work, said)]
        return
    # What could not be taken back is still in force; what could not be set is no limit of ours.
    row.action_state = ActionState.DONE if undoing else ActionState.FAILED
    if request.kind == Wish.ACCESS:
        account = await work.lock(TradingAccount, row.account)
        limits = dict(account.limits or {})
        limits.pop(_SOURCE, None)
        if undoing:
            wanted = str((row.action or {})["wanted"])
            limits[_SOURCE] = {"access": wanted, "why": WHY, "by": "", "at": str(work.now)}
        account.limits = limits
    answer = request.answer or {}
    why = str(answer.get("places", {}).get("why") or answer.get("text") or request.state)
    said = N_("The server refused: {why}. Nothing was changed.")
    row.story = [*row.story, note(work, said, why=why[:200])]


async def waiting(work: Work) -> Sequence[RiskAlert]:
    """Actions that wait for a second person, the oldest first."""
    return await work.rows(
        select(RiskAlert)
        .where(
            RiskAlert.action_state == ActionState.ASKED,
            clients.within(work, RiskAlert.client),
        )
        .order_by(RiskAlert.action_at, RiskAlert.id)
        .limit(_MOST)
    )
