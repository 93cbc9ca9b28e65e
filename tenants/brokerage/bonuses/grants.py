"""Bonuses of one client: taken, credited by a deposit, given by hand, taken back.

await take(work, client, campaign=None, promo=None)     the client wants it; the next deposit brings it
await by_deposit(work, deposit)                         what a credited deposit brings
await give(work, client, campaign, money, reason)       by hand, under the same bans
await revoke(work, grant, reason)
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.bonuses import cashback, marks, moving, rules
from brokerage.bonuses.model import Campaign, Grant, GrantState
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.rules import Facts
from brokerage.bonuses.story import REASONS, left_of, tell
from brokerage.bonuses.terms import Terms
from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.ledger import rates
from brokerage.payments.model import Deposit, DepositState
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_ORDINARY = 3


def terms_of(row: Campaign | Grant) -> Terms:
    return msgspec.convert(row.terms, Terms, strict=False)


async def facts(work: Work, client: UUID, deposit: Deposit | None = None) -> Facts:
    """Who it is, and which of their credited deposits this one is (else how many there are)."""
    row = await work.get(Client, client)
    query = select(func.count()).where(
        Deposit.client == client,
        Deposit.state.in_((DepositState.CREDITED, DepositState.RETURNED)),
    )
    if deposit is not None:
        query = query.where(Deposit.ended_at <= deposit.ended_at)
    number = await work.value(query)
    return Facts(row.country, row.level, frozenset(row.tags), int(number or 0))


async def must_be_allowed(work: Work, client: UUID) -> None:
    """Raises Denied where the client's jurisdiction forbids incentives: for everybody, by any hand."""
    if (await standing.limits(work, client)).forbids("bonuses"):
        raise Denied(
            "The rules of this client's jurisdiction forbid bonuses. Nothing was credited.",
            code="incentives-forbidden",
        )


async def take(work: Work, client: UUID, *, campaign: UUID | None = None, promo: str = "") -> Grant:
    """Take an offer, by its row or by a promo code; credited with the next deposit that fits.

    Raises Denied, Conflict when it was taken before, Invalid for a code nobody knows.
    """
    work.require(Bonuses.OWN)
    work.actor.own(client)
    await must_be_allowed(work, client)
    row = await _offered(work, campaign, promo)
    terms = terms_of(row)
    why = rules.unfit(terms, await facts(work, client), before_deposit=True)
    if why:
        raise Denied(REASONS[why], code=why)
    made = await _made(work, row, client, terms, GrantState.CHOSEN)
    same = await marks.claim(work, made, await marks.of_client(work, client, terms))
    if same:
        raise Denied(REASONS["had-before"], code="had-before")
    if terms.kind == "cashback":
        await cashback.begin(work, made, terms)
        return made
    tell(work, made, "taken")
    moving.announce(work, made)
    return made


async def _offered(work: Work, campaign: UUID | None, promo: str) -> Campaign:
    query = select(Campaign).where(Campaign.state == "live")
    code = promo.strip().upper()
    query = (
        query.where(Campaign.id == campaign)
        if campaign is not None
        else query.where(func.upper(Campaign.terms["promo_code"].astext) == code)
    )
    row = await work.first(query) if campaign is not None or code else None
    if row is None:
        raise Invalid("There is no such offer now.", field="promo")
    if campaign is not None and terms_of(row).promo_code:
        raise NotFound
    return row


async def _made(
    work: Work, campaign: Campaign, client: UUID, terms: Terms, state: GrantState
) -> Grant:
    """The one grant of this client and campaign. Raises Conflict when there is one already."""
    row_id = work.new_id()
    done = await work.run(
        insert(Grant)
        .values(
            id=row_id,
            reference=reference("B"),
            campaign=campaign.id,
            client=client,
            title=campaign.title,
            terms=msgspec.to_builtins(terms),
            state=state,
            amount=Decimal(0),
            released=Decimal(0),
            burnt=Decimal(0),
            currency="",
            need_lots=Decimal(0),
            done_lots=Decimal(0),
            symbols=terms.patterns(),
            hold_s=terms.hold_s,
            why="",
            evidence=[],
            story=[],
            made_at=work.now,
            expires_at=work.now + timedelta(days=terms.valid_days),
        )
        .on_conflict_do_nothing()
        .returning(Grant.id)
    )
    if done.scalar() is None:
        raise Conflict("This bonus was taken already; it is there once.", code="taken-before")
    work.record("bonus", grant=str(row_id), campaign=campaign.code, client=str(client))
    work.subject = client
    return await work.lock(Grant, row_id)


async def by_deposit(work: Work, deposit: UUID) -> list[Grant]:
    """Credit what this deposit brings: what was taken, and what comes by itself. Safe to repeat."""
    paid = await work.get(Deposit, deposit)
    if paid.state != DepositState.CREDITED:
        return []
    await work.lock(Client, paid.client)
    if (await standing.limits(work, paid.client)).forbids("bonuses"):
        return []
    known = await facts(work, paid.client, paid)
    done: list[Grant] = []
    for row in await _waiting(work, paid.client):
        if paid.ended_at is None or row.made_at <= paid.ended_at:
            done += await _credited(work, row, paid, known)
    for campaign in await _automatic(work, paid.client):
        terms = terms_of(campaign)
        if rules.unfit(terms, known):
            continue
        row = await _made(work, campaign, paid.client, terms, GrantState.CHOSEN)
        same = await marks.claim(work, row, await marks.of_client(work, paid.client, terms))
        if same:
            _refused(work, row, "had-before", same)
        elif terms.kind == "cashback":
            await cashback.begin(work, row, terms)
        else:
            done += await _credited(work, row, paid, known)
    return done


async def _waiting(work: Work, client: UUID) -> list[Grant]:
    return list(
        await work.rows(
            select(Grant)
            .where(Grant.client == client, Grant.state == GrantState.CHOSEN)
            .order_by(Grant.id)
            .limit(20)
            .with_for_update()
        )
    )


async def _automatic(work: Work, client: UUID) -> list[Campaign]:
    had = select(Grant.campaign).where(Grant.client == client)
    rows = await work.rows(
        select(Campaign)
        .where(
            Campaign.state == "live",
            Campaign.terms["ask"].as_boolean().is_(False),
            Campaign.id.not_in(had),
        )
        .order_by(Campaign.id)
        .limit(20)
    )
    return list(rows)


async def _credited(work: Work, row: Grant, paid: Deposit, known: Facts) -> list[Grant]:
    terms = terms_of(row)
    if rules.unfit(terms, known):
        return []  # Another of their deposits may fit: it stays taken until it lapses.
    priced = await rates.table(work)
    money = Money(paid.amount, paid.currency) - Money(paid.fee, paid.currency)
    amount = rules.amount_of(terms, money, priced.convert)
    if not amount:
        return []
    same = await marks.claim(work, row, marks.of_deposit(work, paid, terms))
    if same:
        _refused(work, row, "had-before", same)
        return []
    row.deposit = paid.id
    await _active(work, row, terms, amount, priced.convert)
    tell(
        work,
        row,
        "credited",
        {
            "amount": str(amount),
            "percent": f"{terms.percent.normalize():f}",
            "deposit": str(money),
            "most": str(Money(terms.most, terms.currency)),
        },
    )
    await _notify(work, row, amount)
    return [row]


async def _active(
    work: Work, row: Grant, terms: Terms, amount: Money, convert: rules.Convert
) -> None:
    row.move(GrantState.ACTIVE)
    row.amount, row.currency, row.granted_at = amount.amount, amount.currency, work.now
    row.need_lots = rules.lots_needed(terms, amount, convert)
    row.expires_at = work.now + timedelta(days=terms.valid_days)
    await work.flush()
    await moving.credit(work, row, amount)
    moving.announce(work, row)


async def _notify(work: Work, row: Grant, amount: Money) -> None:
    await notices.tell(
        work,
        row.client,
        N_("{amount} of bonus was credited: see what turns it into money"),
        path=f"/bonuses/{row.id}",
        amount=str(amount),
    )


def _refused(work: Work, row: Grant, why: str, evidence: list[dict[str, str]]) -> None:
    row.evidence = evidence
    moving.end(work, row, GrantState.REFUSED)
    tell(work, row, "refused", text=REASONS[why])
    moving.announce(work, row)


async def give(work: Work, client: UUID, campaign: UUID, money: Money, reason: str) -> Grant:
    """Credit a bonus by hand, under a campaign's terms. The bans and the once hold here as well.

    Raises Denied where incentives are forbidden or one was had, Conflict for a second one.
    """
    work.require(Bonuses.GIVE)
    await clients.seen(work, client)
    if len(reason.strip()) < _ORDINARY:
        raise Invalid("Say why, in a few words.", field="reason")
    await work.lock(Client, client)
    await must_be_allowed(work, client)
    row = await work.get(Campaign, campaign)
    terms = terms_of(row)
    if terms.kind == "cashback":
        raise Invalid("Cashback is paid for lots; the client takes it.", field="campaign")
    priced = await rates.table(work)
    most = priced.convert(Money(terms.most, terms.currency), money.currency)
    if not money.amount > 0 or money > most:
        raise Invalid("By hand at most {most}.", field="amount", most=most)
    made = await _made(work, row, client, terms, GrantState.CHOSEN)
    same = await marks.claim(work, made, await marks.of_client(work, client, terms))
    if same:
        kinds = ", ".join(sorted({one["kind"] for one in same}))
        raise Denied(
            "This bonus was had before by the same {kinds}. Nothing was credited.",
            code="had-before",
            kinds=kinds,
        )
    made.given_by, made.why = work.actor.id, reason.strip()[:400]
    await _active(work, made, terms, money, priced.convert)
    tell(work, made, "given", {"amount": str(money)}, reason.strip()[:400])
    await _notify(work, made, money)
    return made


async def revoke(work: Work, grant: UUID, reason: str) -> Grant:
    """Take back what was not earned yet, with a reason the client reads."""
    work.require(Bonuses.REVOKE)
    if len(reason.strip()) < _ORDINARY:
        raise Invalid("Say why; the client reads it.", field="reason")
    row = await work.lock(Grant, grant)
    await clients.seen(work, row.client)
    if row.state not in {GrantState.CHOSEN, GrantState.ACTIVE}:
        raise Conflict("This bonus has ended already. Nothing was changed.", code="wrong-state")
    said = reason.strip()[:400]
    if row.state == GrantState.ACTIVE:
        await moving.burn(work, row, left_of(row), "revoked", "revoked", said)
    moving.end(work, row, GrantState.REVOKED)
    row.why = said
    work.subject = row.client
    moving.announce(work, row)
    await notices.tell(
        work,
        row.client,
        N_("A bonus was taken back: {reason}"),
        path=f"/bonuses/{row.id}",
        reason=said,
    )
    return row
