"""The list of approvals at the desk, and a yes for many at once: shown first, then one by one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.approvals import waiting
from brokerage.approvals.permissions import Approvals
from brokerage.approvals.waiting import Source, Waiting
from stoa.kernel.refusals import Invalid, Refusal
from stoa.tenancy.work import Work
from stoa.web import access, errors
from stoa.web.open import entered
from stoa.web.pages import look, page

AnyRequest = Request[Any, Any, Any]
MOST = 50


@dataclass(frozen=True, slots=True)
class Picked:
    """A row of the form: what it is and what the person saw of it."""

    source: Source
    key: UUID
    seal: str


async def _picked(request: AnyRequest) -> list[Picked]:
    """Raises Invalid for nothing, for too many, and for what cannot be decided in one go."""
    form = await request.form()
    found: list[Picked] = []
    for text in form.getall("pick", []):
        kind, _, rest = str(text).partition(":")
        key, _, seal = rest.partition(":")
        known = waiting.source(kind)
        try:
            row = UUID(key)
        except ValueError as why:
            raise Invalid("This list is out of date. Open it again.") from why
        if known is None or known.approve is None:
            raise Invalid("This is decided on its own page.")
        found.append(Picked(known, row, seal[:64]))
    if not found:
        raise Invalid("Choose at least one row.")
    if len(found) > MOST:
        raise Invalid("{n} are the most at once.", n=MOST)
    return found


@get("/desk/approvals", access=access.desk(Approvals.VIEW))
async def inbox(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    groups = await waiting.all_for(work)
    return page(
        request,
        work,
        "desk/approvals/inbox.html",
        audience="desk",
        groups=groups,
        count=sum(len(rows) for _, rows in groups),
        now=work.now,
    )


@post("/desk/approvals/preview", access=access.desk(Approvals.VIEW))
async def preview(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """What would be approved, with the sums; nothing is decided here."""
    picked = {(one.source.kind, one.key): one for one in await _picked(request)}
    rows: list[Waiting] = []
    for known, listed in await waiting.all_for(work):
        rows += [one for one in listed if (known.kind, one.key) in picked]
    sums: dict[str, Any] = {}
    for one in rows:
        if one.money is not None:
            so_far = sums.get(one.money.currency)
            sums[one.money.currency] = one.money if so_far is None else so_far + one.money
    return page(
        request,
        work,
        "desk/approvals/preview.html",
        audience="desk",
        rows=rows,
        sums=list(sums.values()),
        gone=len(picked) - len(rows),
    )


@post("/desk/approvals/approve", access=access.desk(Approvals.VIEW, own_transaction=True))
async def approve(request: AnyRequest) -> Response[str]:
    """Each in a transaction of its own, by its own verb; what is refused says why, beside the rest."""
    _, open_work = await entered(request)
    picked = await _picked(request)
    results: list[dict[str, Any]] = []
    async with open_work() as work:
        shown = {
            (known.kind, row.key): row
            for known, rows in await waiting.all_for(work)
            for row in rows
        }
    for one in picked:
        assert one.source.approve is not None  # noqa: S101 - `_picked` lets no other through
        problem: Refusal | None = None
        try:
            async with open_work() as work:
                work.require(one.source.permission)
                await one.source.approve(work, one.key, one.seal)
        except Refusal as why:
            problem = why
        results.append({"picked": one, "problem": problem})
    async with open_work() as work:
        language = look(request, work, "desk").language
        return page(
            request,
            work,
            "desk/approvals/results.html",
            audience="desk",
            results=[
                {
                    "label": one["picked"].source.label,
                    "row": shown.get((one["picked"].source.kind, one["picked"].key)),
                    "told": errors.sentence(one["problem"], language)
                    if one["problem"] is not None
                    else "",
                }
                for one in results
            ],
        )


ALL = [inbox, preview, approve]
