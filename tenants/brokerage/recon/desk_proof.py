"""Staff and the proof: three columns, differences, matches, bank accounts."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.ledger import queries as ledger
from brokerage.payments.settings import PaymentsSettings
from brokerage.recon import banks, breaks, outside_lines, proofs, queries, tables, words
from brokerage.recon.events import ProofAsked
from brokerage.recon.model import Break
from brokerage.recon.permissions import Recon
from stoa.identity import roles
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
Words = Annotated[str, Meta(max_length=400)]


class Assignment(msgspec.Struct):
    owner: UUID | None = None


class Finding(msgspec.Struct):
    note: Words
    reason: Annotated[str, Meta(max_length=24)] = ""


class NewAccount(msgspec.Struct):
    """A bank account to register."""

    code: Annotated[str, Meta(max_length=32)]
    name: Annotated[str, Meta(max_length=80)]
    number: Annotated[str, Meta(max_length=60)]
    currency: Annotated[str, Meta(max_length=8)]
    purpose: Annotated[str, Meta(max_length=12)]
    entity: Annotated[str, Meta(max_length=160)] = ""
    bic: Annotated[str, Meta(max_length=14)] = ""
    bank: Annotated[str, Meta(max_length=80)] = ""
    psp: Annotated[str, Meta(max_length=32)] = ""


@get("/desk/recon", access=access.desk(Recon.VIEW))
async def proof(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Books, evidence and what is on its way, by currency; when it was last proved."""
    last = await proofs.latest(work)
    return page(
        request,
        work,
        "desk/recon/proof.html",
        audience="desk",
        proof=last,
        currencies=queries.together(last, await queries.names(work)),
        ageing=await queries.ageing(work),
        sides=words.SIDES,
        may=work.actor.may(Recon.BREAKS),
        every_min=int(proofs.EVERY.total_seconds() // 60),
    )


@post("/desk/recon/prove", access=access.desk(Recon.BREAKS))
async def prove(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Ask for a proof now; it is made off the request."""
    work.require(Recon.BREAKS)
    work.tell(ProofAsked())
    work.record("recon.proof-asked")
    return go(
        request, "/desk/recon", notice=N_("A proof is being made. The page shows it by itself.")
    )


@get("/desk/recon/breaks", access=access.desk(Recon.VIEW))
async def breaks_list(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        tables.BREAKS,
        audience="desk",
        template="desk/recon/list.html",
        here="breaks",
        lead=N_(
            "What the books have and the evidence has not, or the other way round. It closes by "
            "itself once both agree; nothing is written off."
        ),
    )


@get("/desk/recon/breaks/{broken:uuid}", access=access.desk(Recon.VIEW))
async def break_page(
    request: AnyRequest, work: NamedDependency[Work], broken: FromPath[UUID]
) -> Response[str]:
    """A difference: what it is about, what may resolve it, who has it and what was found out."""
    row = await work.get(Break, broken)
    path, subject = await queries.subject(work, row)
    team = await roles.holders(work, Recon.BREAKS)
    writers = [UUID(str(one["by"])) for one in row.notes if one["by"]]
    people = await ledger.names(work, [*team, *writers, row.owner, row.ended_by])
    return page(
        request,
        work,
        "desk/recon/break.html",
        audience="desk",
        row=row,
        amount=Money(row.amount, row.currency),
        kind=words.KINDS.get(row.kind, row.kind),
        side=words.SIDES[row.side],
        path=path,
        subject=subject,
        notes=[
            (datetime.fromisoformat(one["at"]), one["text"], one["places"], _who(people, one["by"]))
            for one in row.notes
        ],
        lines=[
            (one, outside_lines.about_seen(work, one)) for one in await queries.lines_for(work, row)
        ],
        team=[(str(one), people.get(one, "")) for one in team],
        people={str(key): value for key, value in people.items()},
        reasons=tuple(words.REASONS.items()),
        reason=words.REASONS.get(row.reason or "", ""),
        outcome=words.OUTCOMES.get(row.outcome or "", ""),
        age=breaks.age_days(row, row.ended_at or work.now),
        open=row.state != "resolved",
        may=work.actor.may(Recon.BREAKS),
        may_match=work.actor.may(Recon.MATCH),
        me=str(work.actor.id),
    )


def _who(people: dict[UUID, str], person: str | None) -> str:
    return people.get(UUID(person), "") if person else ""


@post("/desk/recon/breaks/{broken:uuid}/assign", access=access.desk(Recon.BREAKS))
async def assign(
    request: AnyRequest, work: NamedDependency[Work], broken: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Assignment)
    await breaks.assign(work, broken, form.owner)
    return go(request, f"/desk/recon/breaks/{broken}", notice=N_("Assigned."))


@post("/desk/recon/breaks/{broken:uuid}/explain", access=access.desk(Recon.BREAKS))
async def explain(
    request: AnyRequest, work: NamedDependency[Work], broken: FromPath[UUID]
) -> Response[Any]:
    """A reason and words; without a reason it is a note."""
    form = await forms.read(request, Finding)
    if form.reason:
        await breaks.explain(work, broken, form.reason, form.note)
    else:
        await breaks.note(work, broken, form.note)
    return go(request, f"/desk/recon/breaks/{broken}", notice=N_("Kept with the difference."))


@post("/desk/recon/breaks/{broken:uuid}/resolve", access=access.desk(Recon.BREAKS))
async def resolve(
    request: AnyRequest, work: NamedDependency[Work], broken: FromPath[UUID]
) -> Response[Any]:
    """Look again now: it is resolved when the difference is gone, and refused when it is not."""
    await breaks.settled(work, broken)
    return go(request, "/desk/recon/breaks?state=open", notice=N_("Both sides agree. Resolved."))


@get("/desk/recon/matches", access=access.desk(Recon.VIEW))
async def matches_list(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        tables.MATCHES,
        audience="desk",
        template="desk/recon/list.html",
        here="matches",
        lead=N_("Which line of a statement is which entry of the books, and how that was found."),
    )


@get("/desk/recon/accounts", access=access.desk(Recon.VIEW))
async def accounts_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The register of bank accounts, each with what the books say lies there."""
    facts = work.settings(TenantFacts)
    rows = await banks.every(work)
    return page(
        request,
        work,
        "desk/recon/accounts.html",
        audience="desk",
        rows=list(zip(rows, await banks.balances(work, rows), strict=True)),
        purposes=words.PURPOSES,
        currencies=facts.currencies,
        entity=facts.legal_entity or work.tenant.name,
        psps=[(one.code, one.label) for one in work.settings(PaymentsSettings).psps],
        may=work.actor.may(Recon.ACCOUNTS),
    )


@post("/desk/recon/accounts", access=access.desk(Recon.ACCOUNTS))
async def register(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, NewAccount)
    await banks.register(
        work,
        code=form.code,
        name=form.name,
        number=form.number,
        currency=form.currency,
        purpose=form.purpose,
        entity=form.entity,
        bic=form.bic,
        bank=form.bank,
        psp=form.psp or None,
    )
    return go(
        request, "/desk/recon/accounts", notice=N_("Registered. Its statements can be brought.")
    )


@post("/desk/recon/accounts/{account:uuid}/close", access=access.desk(Recon.ACCOUNTS))
async def close(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    await banks.close(work, account)
    return go(request, "/desk/recon/accounts", notice=N_("Closed. What it proved stays."))


@post("/desk/recon/accounts/{account:uuid}/reopen", access=access.desk(Recon.ACCOUNTS))
async def reopen(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    await banks.reopen(work, account)
    return go(request, "/desk/recon/accounts", notice=N_("Open again."))


WEB: Final = [
    proof,
    prove,
    breaks_list,
    break_page,
    assign,
    explain,
    resolve,
    matches_list,
    accounts_page,
    register,
    close,
    reopen,
]
