"""Into the programme and out of it: who may join, what they agree to, who lets them, how it ends."""

from uuid import UUID

from brokerage.clients import queries as clients
from brokerage.clients.model import Client, ClientAgreement
from brokerage.partners import campaigns
from brokerage.partners.model import Partner, PartnerLink, PartnerState
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import partners, standings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

ADMITTED = N_("Your application is accepted: your partner page is open")
TURNED_DOWN = N_("Your application as a partner was not accepted: {why}")


async def may_join(work: Work, client: UUID) -> tuple[bool, PartnerLink | None]:
    """Whether a client may become a partner by themselves, and the invitation they came by."""
    access = work.settings(PartnerSettings).access
    link = await campaigns.invitation(work, client)
    return access in ("auto", "public") or (access == "restricted" and link is not None), link


async def join(work: Work, *, version: int) -> Partner:
    """The signed-in client joins, agreeing to a version of the plan they were shown.

    Raises Denied where the programme is not open to them, Invalid for another version.
    """
    work.require(Partners.OWN)
    client = await work.get(Client, work.actor.id)
    allowed, link = await may_join(work, client.id)
    if not allowed:
        raise Denied("The partner programme is by invitation. Nothing was changed.")
    settings = work.settings(PartnerSettings)
    plan = settings.plan(settings.default_plan)
    if link is not None:
        plan = settings.plan((await work.get(Partner, link.partner)).plan)
    _agreed(plan.version, version)

    row = await partners.enrol(
        work,
        client.id,
        parent=link.partner if link is not None else client.partner,
        plan=plan.code,
        rates={kind: str(rate) for kind, rate in (link.rates or {}).items()} if link else None,
        invited=link is not None,
    )
    await _keep(work, row, plan.code, version)
    return row


def _agreed(now: int, version: int) -> None:
    if version != now:
        raise Invalid("This text has changed. Please read the new version.", field="agree")


async def agree(work: Work, *, version: int) -> Partner:
    """The partner accepts the version of their plan that is in force."""
    work.require(Partners.OWN)
    row = await work.lock(Partner, work.actor.id)
    plan = work.settings(PartnerSettings).plan(row.plan)
    _agreed(plan.version, version)
    if row.agreement == version:
        return row

    row.agreement, row.agreed_at = version, work.now
    await _keep(work, row, plan.code, version)
    return row


async def _keep(work: Work, row: Partner, plan: str, version: int) -> None:
    """Each accepted version, for ever, beside the legal texts a client accepted."""
    key = (row.id, f"partner:{plan}"[:40], str(version))
    if await work.session.get(ClientAgreement, key) is None:
        language = (await work.get(Client, row.id)).language
        work.add(
            ClientAgreement(
                client=row.id,
                document=key[1],
                version=key[2],
                language=language,
                accepted_at=work.now,
            )
        )
        await work.flush()


async def admit(work: Work, partner: UUID) -> Partner:
    """Somebody who applied becomes a partner."""
    row = await _decided(work, partner, PartnerState.APPLIED, PartnerState.ACTIVE)
    await standings.begin(work, [row])
    await notices.tell(work, partner, ADMITTED, path="/partner")
    return row


async def turn_down(work: Work, partner: UUID, *, why: str) -> Partner:
    """An application is declined, with a reason the client reads."""
    _reasoned(why)
    row = await _decided(work, partner, PartnerState.APPLIED, PartnerState.CLOSED)
    work.reason = why
    await notices.tell(work, partner, TURNED_DOWN, path="/partner", why=why.strip()[:200])
    return row


async def pause(work: Work, partner: UUID, *, why: str) -> Partner:
    """No new client becomes theirs; what their clients trade is rewarded as before."""
    _reasoned(why)
    work.reason = why
    return await _decided(work, partner, PartnerState.ACTIVE, PartnerState.PAUSED)


async def resume(work: Work, partner: UUID) -> Partner:
    return await _decided(work, partner, PartnerState.PAUSED, PartnerState.ACTIVE)


async def close(work: Work, partner: UUID, *, why: str) -> Partner:
    """For ever: deals from now on earn them nothing. What was earned before is still paid."""
    _reasoned(why)
    work.reason = why
    row = await work.lock(Partner, partner)
    closed = await _decided(work, partner, row.state, PartnerState.CLOSED)
    await standings.end(work, partner, work.now)
    return closed


async def _decided(work: Work, partner: UUID, state: str, to: PartnerState) -> Partner:
    work.require(Partners.EDIT)
    await clients.seen(work, partner)
    row = await work.lock(Partner, partner)
    if row.state != state:
        raise Conflict("This partner changed meanwhile. Nothing was changed.")
    row.move(to)
    work.subject = partner
    work.announce(f"client:{partner}|rewards")
    return row


def _reasoned(why: str) -> None:
    if len(why.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")


async def choose_currency(work: Work, currency: str) -> Partner:
    """What the partner is paid in from the next payout on. Raises Invalid."""
    work.require(Partners.OWN)
    row = await work.lock(Partner, work.actor.id)
    offered = work.settings(PartnerSettings).payouts.currencies
    if currency != row.currency and currency not in offered:
        raise Invalid("This currency is not available.", field="currency")
    row.pay_in = None if currency == row.currency else currency
    return row
