"""Opening and changing trading accounts: asked here, made on the server by a job."""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.kyc.settings import KycSettings
from brokerage.trading import playing, rules, servers
from brokerage.trading.connector import NewAccount, Profile, Which
from brokerage.trading.events import AccountAsked, AccountOpened
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingProduct, TradingSettings
from stoa.connectors.outcomes import Confirmed, Refused
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.refusals import Conflict, Invalid, NotFound, Unavailable
from stoa.kernel.saying import N_
from stoa.tenancy.actor import Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

PASSWORD = "trading_account.password"  # noqa: S105 - a column's name
UNVERIFIED: Final = "none"
_NOT_YET: Final = {
    "live": N_(
        "A live account opens as soon as your verification is complete. Nothing was opened."
    ),
    "demo": N_(
        "A demo account opens as soon as your verification is complete. Nothing was opened."
    ),
}


async def open_account(
    work: Work,
    client: UUID,
    *,
    product: str,
    currency: str,
    leverage: int | None = None,
    pack: str = "",
    cap: int | None = None,
    verified: bool = False,
) -> TradingAccount:
    """Ask for an account; it exists on the server seconds later. `verified` where the client has just
    been, and their level does not say so yet.

    Raises Conflict when the client has enough accounts, or may not have one of this kind yet.
    """
    _may(work, client, Trading.EDIT)
    settings = work.settings(TradingSettings)
    chosen = settings.product(product)
    if chosen is None:
        raise NotFound
    _offered(work, chosen, pack)
    if currency not in chosen.currencies:
        raise Invalid(
            "This kind of account is kept in {currencies}. Nothing was opened.",
            field="currency",
            currencies=", ".join(chosen.currencies),
        )
    server = settings.server(chosen.server)
    assert server is not None  # noqa: S101 - settings refuse a product without its server
    row = await work.lock(Client, client)
    if row.state == "closed":
        raise Conflict("This profile is closed. Nothing was opened.")
    if not (verified or may_open(work, row.level, chosen.kind)):
        raise Conflict(_NOT_YET[chosen.kind], code="not-verified")
    have = await work.value(
        select(func.count())
        .select_from(TradingAccount)
        .where(
            TradingAccount.client == client,
            TradingAccount.state.not_in((AccountState.ARCHIVED, AccountState.FAILED)),
        )
    )
    if have >= settings.most_accounts:
        raise Conflict("You have as many accounts as we can keep for you. Archive one first.")

    account = TradingAccount(
        id=work.new_id(),
        client=client,
        server=server.code,
        kind=chosen.kind,
        product=chosen.code,
        server_group=rules.group_for(
            server,
            pack=pack,
            currency=currency,
            product=chosen.code,
            entity=work.settings(TenantFacts).legal_entity,
        ),
        currency=currency,
        leverage=rules.leverage_for(chosen, leverage, cap),
        opened_at=work.now,
    )
    work.add(account)
    await work.flush()
    work.tell(AccountAsked(account=account.id))
    work.announce(f"client:{client}|accounts")
    return account


def may_open(work: Work, level: str, kind: str) -> bool:
    """Whether a client of this level may have a demo or live account, by the rules of verification."""
    rules = work.settings(KycSettings)
    before = rules.live_before_verified if kind == "live" else rules.demo_before_verified
    return before or level != UNVERIFIED


def _offered(work: Work, chosen: TradingProduct, pack: str) -> None:
    """Raises Conflict for a product that is not for this asker, or not for where they live."""
    closed = chosen.availability == "disabled" or (
        chosen.availability == "staff-only" and work.actor.kind is Kind.CLIENT
    )
    if closed or (chosen.packs and pack not in chosen.packs):
        raise Conflict(
            "This kind of account is not offered here. Nothing was opened.", code="not-offered"
        )


def _may(work: Work, client: UUID, permission: str) -> None:
    if work.actor.kind is Kind.CLIENT:
        work.require(Trading.OWN)
        work.actor.own(client)
    else:
        work.require(permission)


async def make(open_work: OpenWork, fact: AccountAsked) -> None:
    """Claim, call, conclude: make the account on its server. Safe to repeat.

    After an unknown outcome the server is asked for our own id before anything is sent again.
    """
    async with open_work() as work:
        row = await work.lock(TradingAccount, fact.account)
        if row.state != AccountState.OPENING:
            return
        tried_at, row.sent_at = row.sent_at, work.now
        play, now = playing.due(work, row), work.now
        connector = await servers.connect(work, row.server)
        profile = await _profile(work, row.client)
        main, investor = rules.password(), rules.password()

    faultpoint("account.claimed")
    login = None
    if tried_at is not None:
        login = await connector.find_account(row.external_id, row.server_group)
    if login is None:
        outcome = await connector.create_account(
            NewAccount(
                external_id=row.external_id,
                group=row.server_group,
                leverage=row.leverage,
                profile=profile,
                password=main,
                investor_password=investor,
                currency=row.currency,
            )
        )
        if isinstance(outcome, Refused):
            if outcome.technical:
                raise Unavailable("The trading server does not answer; the account waits for it.")
            await _failed(open_work, row.id, outcome)
            return
        if not isinstance(outcome, Confirmed):
            raise Conflict("The trading server did not say whether the account exists.")
        login, tried_at = int(outcome.reference), None
    # The answer was lost the first time: the password we made then is not known any more.
    elif not isinstance(await connector.reset_password(login, main, Which.MAIN), Confirmed):
        raise Conflict("The trading server did not say whether the password is set.")
    faultpoint("account.answered")
    if play:
        await playing.give(
            connector,
            row.id,
            login,
            play,
            asked_at=row.opened_at,
            tried_at=tried_at,
            now=now,
        )
    await _opened(open_work, row.id, login, main)


async def _profile(work: Work, client: UUID) -> Profile:
    brief = await clients.brief(work, client)
    return Profile(name=brief.name, email=brief.email, country=brief.country)


async def _opened(open_work: OpenWork, account: UUID, login: int, main: str) -> None:
    async with open_work() as work:
        row = await work.lock(TradingAccount, account)
        if row.state != AccountState.OPENING:
            return
        row.move(AccountState.ACTIVE)
        row.login = login
        row.password_sealed = work.seal(row.id, PASSWORD, main)
        work.tell(
            AccountOpened(account=row.id, client=row.client, login=login, account_kind=row.kind)
        )
        work.announce(f"client:{row.client}|accounts", "desk|accounts")


async def _failed(open_work: OpenWork, account: UUID, outcome: Refused) -> None:
    async with open_work() as work:
        row = await work.lock(TradingAccount, account)
        row.move(AccountState.FAILED)
        row.why = (outcome.text or outcome.code)[:400]
        work.announce(f"client:{row.client}|accounts", "desk|accounts")


async def retry(work: Work, account: UUID) -> TradingAccount:
    """Ask the server again for an account that it refused."""
    work.require(Trading.EDIT)
    row = await work.lock(TradingAccount, account)

    row.move(AccountState.OPENING)
    row.why = None
    work.tell(AccountAsked(account=row.id))
    return row


async def reveal(work: Work, account: UUID) -> str:
    """The first password, shown to its owner once."""
    row = await work.lock(TradingAccount, account)
    work.require(Trading.OWN)
    work.actor.own(row.client)
    if row.password_sealed is None:
        raise Conflict("The password was shown already. Ask for a new one if you lost it.")
    shown = work.unseal(row.id, PASSWORD, row.password_sealed)

    row.password_sealed, row.password_shown_at = None, work.now
    return shown or ""
