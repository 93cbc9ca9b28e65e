"""Alerts at the desk: the list, one of them, and what staff do about it."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as clients
from brokerage.risk import actions, alerts, wordings
from brokerage.risk.alert_lists import ALERTS, rule_of, value_of
from brokerage.risk.model import RiskAlert
from brokerage.risk.permissions import Risk
from brokerage.trading import queries as trading
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from stoa.identity import roles
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Why(msgspec.Struct):
    reason: str = ""


class Said(msgspec.Struct):
    said: str = ""


class Quiet(msgspec.Struct):
    minutes: int = 60


class Given(msgspec.Struct):
    owner: UUID


class Wish(msgspec.Struct):
    kind: str
    leverage: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    why: str = ""


@get("/desk/alerts", access=access.desk(Trading.EXPOSURE))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, ALERTS, template="desk/risk/alerts.html")


@get("/desk/alerts/{alert:uuid}", access=access.desk(Trading.EXPOSURE))
async def one(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[str]:
    row = await alerts.seen(work, alert)
    team = await roles.holders(work, Risk.ALERTS)
    writers = [UUID(str(told["by"])) for told in row.story if told["by"]]
    wanted = [*team, *writers, *(one for one in (row.owner, row.client) if one)]
    named = await clients.names(work, wanted)
    account = await work.get(TradingAccount, row.account) if row.account else None
    possible = actions.possible(work, account) if account else []
    house = work.settings(TenantFacts).base_currency
    mine = (row.action or {}).get("asked_by") == str(work.actor.id)
    return page(
        request,
        work,
        "desk/risk/alert.html",
        audience="desk",
        row=row,
        rule=rule_of(row.rule),
        house=house if wordings.is_money(row.measure) else "",
        title=str(row.evidence.get("name", row.about)),
        value=value_of(house, row, row.value),
        bound=value_of(house, row, row.bound),
        worst=value_of(house, row, row.worst),
        account=trading.card(work, account) if account else None,
        client_name=named.get(row.client, "") if row.client else "",
        owner=named.get(row.owner, "") if row.owner else "",
        story=[
            (
                datetime.fromisoformat(told["at"]),
                told["text"],
                told["places"],
                named.get(UUID(told["by"]), "") if told["by"] else "",
            )
            for told in row.story
        ],
        team=[(str(person), named.get(person, "")) for person in team],
        kinds=tuple(actions.KINDS.items()),
        possible=possible,
        alive=row.over_at is None,
        quiet=row.snoozed_until is not None and row.snoozed_until > work.now,
        may=work.actor.may(Risk.ALERTS),
        may_ask=work.actor.may(Risk.ACT) and bool(possible),
        may_agree=work.actor.may(Risk.APPROVE),
        mine=mine,
        evidence=_evidence(row),
    )


def _evidence(row: RiskAlert) -> list[tuple[str, Any]]:
    """What an alert was seen by: label's code and value; moments as moments, codes as words."""
    return [
        (f"evidence {key}", datetime.fromisoformat(value) if key.endswith("_at") else value)
        for key, value in row.evidence.items()
        if key in wordings.EVIDENCE and value
    ]


def _back(request: AnyRequest, alert: UUID, notice: str) -> Response[Any]:
    return go(request, f"/desk/alerts/{alert}", notice=notice)


@post("/desk/alerts/{alert:uuid}/take", access=access.desk(Risk.ALERTS))
async def take(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    await alerts.take(work, alert)
    return _back(request, alert, N_("It is yours now."))


@post("/desk/alerts/{alert:uuid}/give", access=access.desk(Risk.ALERTS))
async def give(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Given)
    await alerts.give(work, alert, form.owner)
    return _back(request, alert, N_("Assigned."))


@post("/desk/alerts/{alert:uuid}/snooze", access=access.desk(Risk.ALERTS))
async def snooze(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Quiet)
    await alerts.snooze(work, alert, form.minutes)
    return _back(request, alert, N_("Quiet for a while."))


@post("/desk/alerts/{alert:uuid}/remark", access=access.desk(Risk.ALERTS))
async def remark(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Said)
    await alerts.remark(work, alert, form.said)
    return _back(request, alert, N_("Kept."))


@post("/desk/alerts/{alert:uuid}/settle", access=access.desk(Risk.ALERTS))
async def settle(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await alerts.settle(work, alert, form.reason)
    return _back(request, alert, N_("Settled."))


@post("/desk/accounts/{account:uuid}/alert", access=access.desk(Risk.ALERTS))
async def by_hand(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    row = await work.get(TradingAccount, account)
    made = await alerts.by_hand(
        work, client=row.client, account=row.id, name=str(row.login or row.id), why=form.reason
    )
    return _back(request, made.id, N_("Opened. Nothing was changed on the account."))


@post("/desk/alerts/{alert:uuid}/action", access=access.desk(Risk.ACT))
async def ask(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Wish)
    await actions.ask(work, alert, kind=form.kind, leverage=form.leverage, why=form.why)
    return _back(
        request, alert, N_("It waits for a second person to agree. Nothing has changed yet.")
    )


@post("/desk/alerts/{alert:uuid}/action/agree", access=access.desk(Risk.APPROVE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    await actions.agree(work, alert)
    return _back(request, alert, N_("It is sent to the server now."))


@post("/desk/alerts/{alert:uuid}/action/refuse", access=access.desk(Risk.APPROVE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await actions.refuse(work, alert, form.reason)
    return _back(request, alert, N_("Refused. Nothing was changed."))


@post("/desk/alerts/{alert:uuid}/action/undo", access=access.desk(Risk.APPROVE))
async def undo(
    request: AnyRequest, work: NamedDependency[Work], alert: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await actions.undo(work, alert, form.reason)
    return _back(request, alert, N_("It is sent to the server now."))


ALL: Final = [
    listed, one, take, give, snooze, remark, settle, by_hand, ask, agree, refuse, undo,
]  # fmt: skip
