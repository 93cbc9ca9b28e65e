"""Wanting a change of an account: what is wanted is written down with its verdict, and its state seen.

    await leverage(work, account, 100)          await product(work, account, "raw")
    await password(work, account, Which.MAIN)   await swap_free(work, account, "on what ground")
    await archive(work, account)                await restore(work, account)

A refusal by rule is a row as well, with its reason; what cannot be understood raises. What the rules
allow is sent in its turn (`sending`), what they leave to a person waits (`deciding`).
"""

from typing import Any, Final
from uuid import UUID

from brokerage.kyc import standing
from brokerage.kyc.jurisdictions.packs import Right
from brokerage.kyc.standing import Limits
from brokerage.trading import groups, terms
from brokerage.trading import rules as trading_rules
from brokerage.trading.connector import Which
from brokerage.trading.lifecycle import paying, rules
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.rules import Verdict
from brokerage.trading.lifecycle.writing import (
    LIVING,
    effect_on,
    money_moves,
    must_be_offered,
    own,
    said,
    staff,
    write,
)
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.settings import TradingProduct, TradingSettings
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SECRET: Final = "account_request.secret"  # noqa: S105 - a column's name
STALE: Final = N_("Your verification has run out. Renew it, then ask again.")
UNVERIFIED: Final = N_(
    "Your verification does not allow a live account now. Finish it, then ask again."
)
NOT_EMPTY: Final = N_("There is money on the account. Move it to your wallet, then ask again.")
POSITIONS: Final = N_("Positions are open. Close them, then ask again.")
MOVING: Final = N_("Money is on its way to or from this account. Ask again when it has arrived.")
NOT_FOR_YOU: Final = N_("Accounts without swaps are not offered for this account.")
NO_GROUP: Final = N_("No account of this kind is offered in {currency} where you live.")
OTHER_SERVER: Final = N_(
    "This kind of account is on another server. Open one there and move your money."
)
CURRENCY_PENDING: Final = N_(
    "The group {group} is kept in another currency, and money is on its way to or from this account."
)
CURRENCY_MONEY: Final = N_(
    "The group {group} is kept in another currency: the account has to be empty first."
)


async def leverage(work: Work, account: UUID, ratio: int, note: str = "") -> AccountRequest:
    """Another leverage, one of those the product offers. Raises Invalid."""
    row = await own(work, account)
    kind = _product(work, row)
    if ratio not in kind.leverages:
        raise Invalid("Choose one of the offered leverages.", field="leverage")
    if ratio == row.leverage:
        raise Conflict("The leverage is 1:{now} already. Nothing was changed.", now=ratio)
    limits = await standing.limits(work, row.client)
    cap = terms.cap_for(limits, kind) if row.kind == "live" else None
    effect = await effect_on(work, row, leverage=ratio)
    requests = work.settings(TradingSettings).requests
    if staff(work):
        verdict = rules.capped(ratio, cap) or rules.staffs(
            rises=ratio > row.leverage, effect=effect
        )
    else:
        must_be_offered(requests.leverage)
        verdict = rules.leverage(ratio, cap=cap, effect=effect, requests=requests)
    return await write(work, row, Wish.LEVERAGE, {"leverage": ratio}, verdict, effect, note=note)


async def product(work: Work, account: UUID, code: str, note: str = "") -> AccountRequest:
    """Another kind of account on the same server; its leverage follows where it has to."""
    row = await own(work, account)
    settings, limits = work.settings(TradingSettings), await standing.limits(work, row.client)
    offered = settings.offered(limits.pack.code, staff=staff(work))
    kind = next((one for one in offered if one.code == code and one.kind == row.kind), None)
    if kind is None or (not staff(work) and kind.availability == "hidden"):
        raise Invalid("Choose one of the offered kinds.", field="product")
    if code == row.product:
        raise Conflict("It is an account of this kind already. Nothing was changed.")
    if not staff(work):
        must_be_offered(settings.requests.product)
    group = _group(work, row, kind, limits)
    cap = terms.cap_for(limits, kind)
    ratio = trading_rules.nearest(kind, row.leverage, cap.leverage if cap else None)
    effect = await effect_on(work, row, leverage=ratio, group=group or row.server_group)
    verdict = _to_product(row, kind, group) or await _other_group(work, row, group or "")
    if verdict is None and staff(work):
        verdict = rules.staffs(rises=ratio > row.leverage, effect=effect)
    elif verdict is None:
        verdict = rules.endangered(effect, settings.requests) or rules.by(settings.requests.product)
    wants = {"product": code, "group": group or "", "leverage": ratio}
    return await write(work, row, Wish.PRODUCT, wants, verdict, effect, note=note)


def _to_product(row: TradingAccount, kind: TradingProduct, group: str | None) -> Verdict | None:
    if kind.server != row.server:
        return rules.no("another server", OTHER_SERVER)
    if group is None or row.currency not in kind.currencies:
        return rules.no("group map", NO_GROUP, currency=row.currency)
    return None


def _group(work: Work, row: TradingAccount, kind: TradingProduct, limits: Limits) -> str | None:
    server = work.settings(TradingSettings).server(row.server)
    if server is None or kind.server != row.server:
        return None
    try:
        return trading_rules.group_for(
            server,
            pack=limits.pack.code,
            currency=row.currency,
            product=kind.code,
            entity=work.settings(TenantFacts).legal_entity,
        )
    except Conflict:
        return None


async def group(work: Work, account: UUID, name: str, note: str) -> AccountRequest:
    """Staff put an account into a group of its server by name. Raises Invalid for an unknown one."""
    row = await own(work, account)
    if not staff(work):
        raise NotFound
    there = await groups.known(work, row.server)
    if name.lower() not in there:
        raise Invalid(
            "The server {server} has no group {group}. If it has one by now, compare with the server "
            "again. Nothing was changed.",
            field="group",
            server=row.server,
            group=name,
        )
    exact = there[name.lower()].group
    effect = await effect_on(work, row, group=exact)
    verdict = await _other_group(work, row, exact) or rules.staffs(rises=True, effect=effect)
    return await write(work, row, Wish.GROUP, {"group": exact}, verdict, effect, note=said(note))


async def _other_group(work: Work, row: TradingAccount, group: str) -> Verdict | None:
    """No to another currency while money is on its way, or while there is any."""
    there = (await groups.known(work, row.server)).get(group.lower())
    if there is None or not there.currency or there.currency == row.currency:
        return None
    if await money_moves(work, row.id):
        return rules.no("group currency", CURRENCY_PENDING, group=group)
    if row.balance or row.credit or row.margin or row.floating:
        return rules.no("group currency", CURRENCY_MONEY, group=group)
    return None


async def password(work: Work, account: UUID, which: Which) -> AccountRequest:
    """A new password, made here and shown to the owner once; nobody else sees it."""
    row = await own(work, account)
    way = work.settings(TradingSettings).requests.password
    if not staff(work):
        must_be_offered(way)
    verdict = rules.yes("by staff") if staff(work) else rules.by(way)
    made = await write(work, row, Wish.PASSWORD, {"which": str(which)}, verdict)
    made.secret_sealed = work.seal(made.id, SECRET, trading_rules.password())
    return made


async def archive(work: Work, account: UUID, note: str = "") -> AccountRequest:
    """Put an account away: empty, without positions, nothing on its way."""
    row = await own(work, account)
    verdict = None
    if row.margin or row.floating:
        verdict = rules.no("open positions", POSITIONS)
    elif await money_moves(work, row.id):
        verdict = rules.no("money moves", MOVING)
    elif row.kind == "live" and (row.balance or row.credit):
        verdict = rules.no("not empty", NOT_EMPTY)
    way = work.settings(TradingSettings).requests.archive
    if not staff(work):
        must_be_offered(way)
    usual = rules.yes("by staff") if staff(work) else rules.by(way)
    return await write(work, row, Wish.ARCHIVE, {}, verdict or usual, note=note)


async def restore(work: Work, account: UUID, note: str = "") -> AccountRequest:
    """Bring an archived or sleeping account back; verification has to be fresh for a live one."""
    row = await own(work, account, *LIVING, AccountState.ARCHIVED)
    if row.state != AccountState.ARCHIVED and "dormant" not in (row.limits or {}):
        raise Conflict("This account is in use already. Nothing was changed.")
    way = work.settings(TradingSettings).requests.restore
    if not staff(work):
        must_be_offered(way)
    usual = rules.staffs(rises=True, effect=None) if staff(work) else rules.by(way)
    stale = await fresh(work, row)
    return await write(work, row, Wish.RESTORE, {}, stale or usual, note=note)


async def fresh(work: Work, row: TradingAccount) -> Verdict | None:
    """No where verification does not carry a live account any more; None where it does."""
    if row.kind != "live":
        return None
    place = await standing.of(work, row.client)
    if place.expires_on is not None and place.expires_on < standing.today(work):
        return rules.no("verification", STALE)
    if place.review_on is not None and place.review_on < standing.today(work):
        return rules.no("verification", STALE)
    limits = await standing.limits(work, row.client)
    if Right.LIVE not in limits.level.rights:
        return rules.no("verification", UNVERIFIED)
    return None


async def swap_free(
    work: Work, account: UUID, ground: str, *, evidence: UUID | None = None
) -> AccountRequest:
    """An account without swaps, for who is eligible; `ground` is what the client says."""
    row = await own(work, account)
    terms_now = work.settings(TradingSettings).swap_free
    if not staff(work):
        must_be_offered(terms_now.decides)
    if row.swap_free_since is not None:
        raise Conflict("This account has no swaps already. Nothing was changed.")
    if terms_now.evidence and len(ground.strip()) < 10:
        raise Invalid("Say on what ground, in a sentence or two.", field="note")
    limits = await standing.limits(work, row.client)
    rule = work.settings(TradingSettings).rule_of(row.server, row.server_group)
    eligible = terms_now.when.fits(
        country=limits.country, pack=limits.pack.code, product=row.product
    )
    verdict = None
    if rule is None or rule.swap_free is None or not eligible:
        verdict = rules.no("not eligible", NOT_FOR_YOU)
    to = rule.swap_free if rule is not None and rule.swap_free else ""
    effect = await effect_on(work, row, group=to or row.server_group)
    usual = (
        rules.staffs(rises=True, effect=effect)
        if staff(work)
        else rules.endangered(effect, work.settings(TradingSettings).requests)
        or rules.by(terms_now.decides)
    )
    wants: dict[str, Any] = {"group": to, "days": terms_now.days}
    if terms_now.fee is not None:
        wants["fee"] = {"amount": str(terms_now.fee.amount), "currency": terms_now.fee.currency}
    if evidence is not None:
        wants["evidence"] = str(evidence)
    made = await write(work, row, Wish.SWAP_FREE, wants, verdict or usual, effect, note=ground)
    if made.state == RequestState.APPROVED:
        await paying.charge(work, made, row)
    return made


async def swaps(work: Work, row: TradingAccount, verdict: Verdict, note: str) -> AccountRequest:
    """The end of an account without swaps: back into the group it came from. `row` is locked."""
    rule = work.settings(TradingSettings).rule_of(row.server, row.server_group)
    to = rule.group if rule is not None else row.server_group
    return await write(work, row, Wish.SWAPS, {"group": to}, verdict, note=note)


def _product(work: Work, row: TradingAccount) -> TradingProduct:
    found = work.settings(TradingSettings).product(row.product)
    if found is None:
        raise Conflict("This kind of account is not offered any more. Nothing was changed.")
    return found
