"""The chain analyst at the desk: its form, its rules, its test; and a finding as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.payments.model import PaymentAttempt
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import psps
from brokerage.payments.psp.psp_desk import WAITS
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import analysts, examining, keeping, rules
from brokerage.payments.source.port import ChainAnalyst
from stoa.connectors.outside import NOTED
from stoa.drawn import whole
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.forms import one_of, sent_of
from stoa.web.open import entered
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
PATH = "/desk/psps/source"
_OWN = frozenset({"why", "connector"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of one payment's source, for staff."""

    psp: str
    text: str
    places: dict[str, str]
    clear: bool
    score: Decimal | None
    exposures: tuple[tuple[str, str, str], ...]
    references: tuple[str, ...]
    transfers: tuple[str, ...]


def shown(attempts: Sequence[PaymentAttempt]) -> list[Shown]:
    """One for each attempt whose source was looked at."""
    found: list[Shown] = []
    for row in attempts:
        told = examining.told_of(row)
        said: dict[str, str] | None = told.get("judged")
        if said is None:
            continue
        findings: list[dict[str, Any]] = list(told.get("found", {}).values())
        found.append(
            Shown(
                psp=row.psp,
                text=rules.WHY[said["why"]],
                places={"named": said["named"]},
                clear=said["verdict"] == rules.Verdict.CREDIT,
                score=examining.score_of(told),
                exposures=tuple(
                    (one["category"], one["percent"], one["entity"])
                    for each in findings
                    for one in each["exposures"]
                ),
                references=tuple(one["reference"] for one in findings),
                transfers=tuple(one.partition("/")[0] for one in told.get("transfers", [])),
            )
        )
    return found


@get(PATH, access=access.desk(Payments.PSPS))
async def source_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    held = work.settings(PaymentsSettings).sources.analyst
    kind = analysts.named(held.connector) if held is not None else analysts.ALL[0]
    return _page(request, work, kind, await _opened(request, work, kind))


async def _opened(request: AnyRequest, work: Work, kind: type[ChainAnalyst]) -> whole.Whole:
    held = work.settings(PaymentsSettings).sources.analyst
    same = held if held is not None and held.connector == kind.code else None
    told = same.settings if same is not None else {}
    known = await psps.known(work, kind.settings_type, told) if same is not None else {}
    noted = look(request, work, "desk").texts.gettext(NOTED)
    return psps.form_of(kind.settings_type, told, known, noted)


def _page(
    request: AnyRequest,
    work: Work,
    kind: type[ChainAnalyst],
    form: whole.Whole,
    why: str = "",
) -> Response[str]:
    sources = work.settings(PaymentsSettings).sources
    return page(
        request,
        work,
        "desk/payments/source.html",
        audience="desk",
        status=422 if form.faults else 200,
        sources=sources,
        kind={"code": kind.code, "label": kind.label},
        form=form.drawn(look(request, work, "desk").texts, beside=_OWN),
        why=why,
        may_edit=work.actor.may(Settings.EDIT),
        may_test=sources.analyst is not None and work.actor.may(Payments.TEST),
    )


@post(PATH, access=access.desk(Settings.EDIT, step_up=True), status_code=200)
async def source_keep(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    sent = await sent_of(request)
    why = one_of(sent, "why")
    kind = analysts.named(one_of(sent, "connector"))
    told = {name: value for name, value in sent.items() if name not in _OWN}
    form = await whole.kept(
        whole.sent(await _opened(request, work, kind), told),
        work,
        lambda form: keeping.keep(work, form.value, form.entered, why=why, connector=kind.code),
    )
    if form.kept:
        notice = WAITS if form.answer is None else N_("Kept. Test the connection now.")
        return go(request, PATH, notice=notice)
    return _page(request, work, kind, form, why)


@post(PATH + "/leave", access=access.desk(Settings.EDIT, step_up=True))
async def source_leave(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    version = await keeping.leave(work, why=one_of(await sent_of(request), "reason"))
    notice = WAITS if version is None else N_("Left. Your amount rule decides alone from now on.")
    return go(request, PATH, notice=notice)


@post(PATH + "/test", access=access.desk(Payments.TEST, own_transaction=True))
async def source_test(request: AnyRequest) -> Response[Any]:
    _, open_work = await entered(request)
    checks = await keeping.tested(open_work)
    async with open_work() as work:
        return page(
            request,
            work,
            "desk/payments/source_tested.html",
            audience="desk",
            checks=checks,
        )


ALL = [source_page, source_keep, source_leave, source_test]
