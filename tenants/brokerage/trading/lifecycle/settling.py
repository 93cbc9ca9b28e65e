"""What a change that the server confirmed, or would not make, means for the account."""

from datetime import timedelta
from typing import Any, Final

from brokerage.trading.connector import Access, Which
from brokerage.trading.events import AccountChanged
from brokerage.trading.groups import known
from brokerage.trading.lifecycle import paying, rules, wording
from brokerage.trading.lifecycle.acting import Halted
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.rules import WOULD_CALL, WOULD_STOP
from brokerage.trading.lifecycle.writing import write
from brokerage.trading.model import AccountState, TradingAccount
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SERVER_SAID: Final = N_("The trading server refused: {why}")
_NEVER: Final = timedelta(days=36_500)


def standing_of(account: TradingAccount) -> dict[str, Any]:
    """What an account is before a change, to put it back from."""
    return {
        "leverage": account.leverage,
        "group": account.server_group,
        "product": account.product,
        "access": account.access or "full",
    }


async def done(work: Work, row: AccountRequest, account: TradingAccount) -> None:
    """The server has confirmed it: from here on our books say so too."""
    row.move(RequestState.DONE)
    row.done_at, row.next_ask_at = work.now, None
    await _apply(work, row, account)
    await wording.tell(work, row)
    work.subject = row.client
    work.tell(
        AccountChanged(request=row.id, account=account.id, client=row.client, change=row.kind)
    )
    work.announce(f"client:{row.client}|accounts", "desk|accounts", "desk|requests")


async def _apply(work: Work, row: AccountRequest, account: TradingAccount) -> None:
    wants = row.wants
    await _terms(work, wants, account)
    match row.kind:
        case Wish.PRODUCT:
            account.product = str(wants["product"])
            account.swap_free_since = account.swap_free_until = None
        case Wish.PASSWORD if wants.get("which") == Which.MAIN:
            account.password_sealed, account.password_shown_at = None, None
        case Wish.SWAP_FREE:
            days = int(wants.get("days") or 0)
            account.swap_free_since = work.now
            account.swap_free_until = work.now + (timedelta(days=days) if days else _NEVER)
        case Wish.SWAPS:
            account.swap_free_since = account.swap_free_until = None
        case Wish.ACCESS:
            await _access(work, row, account)
        case Wish.ARCHIVE:
            account.move(AccountState.ARCHIVED)
            account.access = str(Access.NO_LOGIN)
        case Wish.RESTORE:
            _restored(work, account)
        case _:
            pass


async def _terms(work: Work, wants: dict[str, Any], account: TradingAccount) -> None:
    if wants.get("leverage"):
        account.leverage = int(wants["leverage"])
    if wants.get("group"):
        account.server_group = str(wants["group"])
        there = (await known(work, account.server)).get(account.server_group.lower())
        if there is not None and there.currency:
            account.currency = there.currency


async def _access(work: Work, row: AccountRequest, account: TradingAccount) -> None:
    """What was sent holds; where the limits have changed since, what holds now is sent next."""
    limits = account.limits or {}
    sent, now = Access(row.wants["access"]), rules.strictest(limits)
    account.access = str(sent)
    _stand(account, sent)
    if now is not sent:
        await work.flush()
        await write(work, account, Wish.ACCESS, {"access": str(now)}, rules.yes("limits"))


def _stand(account: TradingAccount, access: Access) -> None:
    limits = account.limits or {}
    if access is Access.FULL:
        account.why = None
        if account.state == AccountState.RESTRICTED:
            account.move(AccountState.ACTIVE)
        return
    strict = next((one for one in limits.values() if one["access"] == access), None)
    account.why = strict["why"] if strict else account.why
    if account.state == AccountState.ACTIVE:
        account.move(AccountState.RESTRICTED)


def _restored(work: Work, account: TradingAccount) -> None:
    limits = {source: one for source, one in (account.limits or {}).items() if source != "dormant"}
    account.limits = limits
    if account.state == AccountState.ARCHIVED:
        account.move(AccountState.ACTIVE)
    account.access = str(rules.strictest(limits))
    _stand(account, Access(account.access))
    account.dormant = account.dormant_at = None
    account.awake_from = work.now


async def halted(work: Work, row: AccountRequest, why: Halted) -> None:
    """Not sent, for what the server says now: back to a person with the effect, or refused."""
    row.next_ask_at = None
    if why.effect is None:
        await _no(work, row, why.text, dict(why.places))
        return
    effect = why.effect
    row.effect = effect.record()
    level = "–" if effect.level_after is None else str(int(effect.level_after))
    stops = effect.verdict == "stop-out"
    text = WOULD_STOP if stops else WOULD_CALL
    places = {
        "level": level,
        **({"stop": str(int(effect.stop))} if stops else {"call": str(int(effect.call))}),
    }
    if row.asked_kind == "staff" and row.batch is None:
        row.move(RequestState.ASKED)
        row.answer = {"text": text, "places": places}
        row.decided_by = row.decided_at = row.ready_at = None
        work.announce("desk|requests")
        return
    await _no(work, row, text, places)


async def refused(work: Work, row: AccountRequest, why: str) -> None:
    """The server's own no."""
    await _no(work, row, SERVER_SAID, {"why": why})


async def _no(work: Work, row: AccountRequest, text: str, places: dict[str, str]) -> None:
    row.move(RequestState.REFUSED)
    row.answer = {"text": text, "places": places}
    row.done_at, row.next_ask_at = work.now, None
    await paying.give_back(work, row, "not granted")
    await wording.tell(work, row)
    work.subject = row.client
    work.announce(f"client:{row.client}|accounts", "desk|requests")
