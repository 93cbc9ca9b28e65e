"""Webhook pages: endpoints, the catalogue of events, the log of deliveries and its replay."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.api import reference
from brokerage.api.desk import HOME, NOT_PUSHED, tabs
from stoa.connectors.outside import outside
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page
from stoa.web.tables.declare import Column, Shown, Table, choice
from stoa.webhooks import endpoints, replays
from stoa.webhooks.letters import envelope, message_id
from stoa.webhooks.model import State, WebhookDelivery, WebhookEndpoint
from stoa.webhooks.permissions import Webhooks

AnyRequest = Request[Any, Any, Any]

HOOKS: Final = f"{HOME}/webhooks"
LOG: Final = f"{HOME}/deliveries"


class NewEndpoint(msgspec.Struct):
    url: Annotated[str, Meta(max_length=1000)]
    label: Annotated[str, Meta(max_length=80)] = ""
    kinds: list[str] = []


class Kinds(msgspec.Struct):
    kinds: list[str] = []


@get(HOOKS, access=access.desk(Webhooks.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Every endpoint with its health and what waits for it."""
    rows = await endpoints.all_of(work)
    counts = await replays.counts(work)
    return page(
        request,
        work,
        "desk/api/webhooks.html",
        audience="desk",
        tabs=tabs(work, "webhooks"),
        endpoints=[
            {
                "row": row,
                "state": _standing(work, row),
                "counts": {state: counts.get(row.id, {}).get(state, 0) for state in State},
            }
            for row in rows
        ],
        kinds=endpoints.public_kinds(),
        may_edit=work.actor.may(Webhooks.EDIT),
    )


def _standing(work: Work, row: WebhookEndpoint) -> str:
    if not row.on:
        return "paused"
    resting = row.resting_until is not None and row.resting_until > work.now
    return "degraded" if resting else "active"


@post(HOOKS, access=access.desk(Webhooks.EDIT, step_up=True), status_code=200)
async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """A new endpoint; the secret is on this answer and nowhere else."""
    form = await forms.read(request, NewEndpoint)
    await endpoints.callable_by(outside().egress.gate, form.url)
    row, secret = await endpoints.add(work, url=form.url, label=form.label, kinds=form.kinds)
    return _shown(request, work, row, secret)


def _shown(request: AnyRequest, work: Work, row: WebhookEndpoint, secret: str) -> Response[str]:
    return page(
        request,
        work,
        "desk/api/webhook_secret.html",
        audience="desk",
        headers=NOT_PUSHED,
        endpoint=row,
        secret=secret,
    )


@post(
    HOOKS + "/{endpoint:uuid}/renew",
    access=access.desk(Webhooks.EDIT, step_up=True),
    status_code=200,
)
async def renew(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[str]:
    row, secret = await endpoints.renew(work, endpoint)
    return _shown(request, work, row, secret)


@post(HOOKS + "/{endpoint:uuid}/kinds", access=access.desk(Webhooks.EDIT))
async def change(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Kinds)
    await endpoints.change(work, endpoint, kinds=form.kinds)
    return go(request, HOOKS, notice=N_("Saved."))


@post(HOOKS + "/{endpoint:uuid}/test", access=access.desk(Webhooks.EDIT))
async def test(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[Any]:
    """Straight to the delivery, which tells by itself what was answered."""
    row = await replays.test(work, endpoint)
    return go(request, f"{LOG}/{row.id}", notice=N_("A test is on its way."))


@post(HOOKS + "/{endpoint:uuid}/pause", access=access.desk(Webhooks.EDIT))
async def pause(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[Any]:
    await endpoints.switch(work, endpoint, on=False)
    return go(request, HOOKS, notice=N_("Paused. What happens now waits for up to three days."))


@post(HOOKS + "/{endpoint:uuid}/resume", access=access.desk(Webhooks.EDIT))
async def resume(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[Any]:
    await endpoints.switch(work, endpoint, on=True)
    return go(request, HOOKS, notice=N_("On again. What waited is being sent."))


@post(HOOKS + "/{endpoint:uuid}/replay", access=access.desk(Webhooks.EDIT))
async def replay_dead(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[Any]:
    await replays.replay_dead(work, endpoint)
    return go(request, HOOKS, notice=N_("The dead letters are being sent again."))


@post(HOOKS + "/{endpoint:uuid}/remove", access=access.desk(Webhooks.EDIT, step_up=True))
async def remove(
    request: AnyRequest, work: NamedDependency[Work], endpoint: FromPath[UUID]
) -> Response[Any]:
    await endpoints.remove(work, endpoint)
    return go(request, HOOKS, notice=N_("The endpoint is gone, with its log."))


@get(f"{HOME}/events", access=access.desk(Webhooks.VIEW))
async def events(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """What is told to webhooks, with every field and an example."""
    return page(
        request,
        work,
        "desk/api/events.html",
        audience="desk",
        tabs=tabs(work, "events"),
        events=reference.subjects()[-1].operations,
    )


def _query(_work: Work) -> Any:
    return select(WebhookDelivery, WebhookEndpoint.label).join(
        WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint
    )


async def _view(_work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    return [
        Shown(
            key=str(row[0].id),
            href=f"{LOG}/{row[0].id}",
            tone="stopped" if row[0].state == State.DEAD else "",
            cells=(
                row[0].kind,
                row.label,
                row[0].state,
                row[0].tries,
                row[0].status or row[0].error or "",
                row[0].told_at,
                row[0].tried_at,
            ),
        )
        for row in rows
    ]


DELIVERIES: Final = Table(
    name="webhook-deliveries",
    title=N_("Deliveries"),
    columns=(
        Column("kind", N_("Event"), "code", fixed=True),
        Column("endpoint", N_("Endpoint")),
        Column("state", N_("State"), "status"),
        Column("tries", N_("Tries"), "num"),
        Column("answer", N_("Answer"), "code"),
        Column("told", N_("Happened"), "when", sort=WebhookDelivery.told_at),
        Column("tried", N_("Last try"), "when"),
    ),
    query=_query,
    view=_view,
    id=WebhookDelivery.id,
    order="told",
    filters=(
        choice(
            "state",
            N_("State"),
            WebhookDelivery.state,
            (
                (State.WAITING, N_("Waiting")),
                (State.DELIVERED, N_("Delivered")),
                (State.DEAD, N_("Undelivered")),
            ),
        ),
    ),
    export_permission=Webhooks.EDIT,
    live="webhooks",
    empty_title=N_("Nothing was sent yet"),
    empty_text=N_("Every event an endpoint hears is kept here with its answer."),
    empty_icon="send",
)


@get(LOG, access=access.desk(Webhooks.VIEW))
async def log(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        DELIVERIES,
        audience="desk",
        template="desk/api/deliveries.html",
        tabs=tabs(work, "deliveries"),
    )


@get(LOG + "/{delivery:uuid}", access=access.desk(Webhooks.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], delivery: FromPath[UUID]
) -> Response[str]:
    """One delivery: what was posted and the beginning of the answer."""
    row = await work.get(WebhookDelivery, delivery)
    to = await work.get(WebhookEndpoint, row.endpoint)
    posted = envelope(row.kind, row.told_at, row.body)
    return page(
        request,
        work,
        "desk/api/delivery.html",
        audience="desk",
        delivery=row,
        endpoint=to,
        message=message_id(row.fact),
        posted=msgspec.json.format(posted, indent=2).decode(),
        may_edit=work.actor.may(Webhooks.EDIT),
    )


@post(LOG + "/{delivery:uuid}/replay", access=access.desk(Webhooks.EDIT))
async def replay(
    request: AnyRequest, work: NamedDependency[Work], delivery: FromPath[UUID]
) -> Response[Any]:
    await replays.replay(work, delivery)
    return go(request, LOG, notice=N_("It is being sent again."))


WEB: Final = [
    listed,
    add,
    renew,
    change,
    test,
    pause,
    resume,
    replay_dead,
    remove,
    events,
    log,
    one,
    replay,
]
