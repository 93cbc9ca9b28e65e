"""Proves the chain: every night what was added, every week and whenever asked all of it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.audit.events import ChainAsked
from brokerage.audit.model import ChainProof
from brokerage.audit.permissions import Audit
from stoa.audit import chain
from stoa.audit.chain import Link, Verdict
from stoa.identity import roles
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_WHOLE_EVERY: Final = timedelta(days=7)
EVERY_S: Final = 86_400.0
PART: Final = 500_000
"""Links of one proof: half a minute's work, so that it never outlives its job."""
_PAGE: Final = "/desk/audit/chain"
_HASH_AT: Final = text("select hash from audit_seal where number = :number")


async def prove(open_work: OpenWork) -> None:
    """Every night; from its beginning where a week went by since that was last done."""
    async with open_work() as work:
        last = await latest(work)
        whole = await work.first(
            select(ChainProof.at)
            .where(ChainProof.began_at == 0)
            .order_by(ChainProof.at.desc())
            .limit(1)
        )
        due = whole is None or work.now - whole >= _WHOLE_EVERY
    since = 0 if due or last is None or last.fault else last.links
    await _prove(open_work, since, None)


async def prove_asked(open_work: OpenWork, fact: ChainAsked) -> None:
    """All of it, for whoever asked; a long chain part by part. Repeating it proves again."""
    await _prove(open_work, fact.since, fact.by)


async def latest(work: Work) -> ChainProof | None:
    return await work.first(
        select(ChainProof).order_by(ChainProof.at.desc(), ChainProof.id.desc()).limit(1)
    )


async def _prove(open_work: OpenWork, since: int, by: UUID | None) -> None:
    found = await _against_earlier(open_work)
    if found is None:
        async with open_work() as work:
            kept = await work.value(_HASH_AT, {"number": since}) if since else None
        start = Link() if kept is None else Link(since, bytes(kept))
        found = await chain.verify(open_work, start, PART)
    async with open_work() as work:
        before = await latest(work)
        work.add(
            ChainProof(
                id=work.new_id(),
                at=work.now,
                began_at=since,
                links=found.last.number,
                hash=found.last.hash,
                fault=found.says,
                link=found.link,
                entry=found.entry,
                asked_by=by,
            )
        )
        work.announce("desk")
        if found.more:
            work.tell(ChainAsked(by=by, since=found.last.number))
        elif found.says is None and by is not None:
            await notices.tell_all(
                work,
                [by],
                N_("The audit log is whole: {links} links hold"),
                path=_PAGE,
                links=str(found.last.number),
            )
        if found.says is not None and (before is None or before.fault is None):
            await notices.tell_all(
                work,
                await roles.holders(work, Audit.VIEW),
                N_("The audit log is broken after link {link}: ask for an explanation"),
                path=_PAGE,
                link=str(found.last.number),
            )


async def _against_earlier(open_work: OpenWork) -> Verdict | None:
    """Whether the newest good proof still holds: a chain cut short or made anew differs from it."""
    async with open_work() as work:
        kept = await work.first(
            select(ChainProof)
            .where(ChainProof.fault.is_(None), ChainProof.links > 0)
            .order_by(ChainProof.at.desc(), ChainProof.id.desc())
            .limit(1)
        )
        if kept is None:
            return None
        now = await work.value(_HASH_AT, {"number": kept.links})
    if now is not None and bytes(now) == bytes(kept.hash):
        return None
    says = chain.CUT_SHORT if now is None else chain.MADE_ANEW
    return Verdict(Link(), says, link=kept.links)
