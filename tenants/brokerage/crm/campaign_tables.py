"""Lists of segments, campaigns and letters."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import aliased

from brokerage.clients import queries as clients
from brokerage.crm.model import (
    Campaign,
    Segment,
)
from brokerage.crm.permissions import Crm
from stoa.notices.model import Message
from stoa.theming import words
from stoa.theming.drawing import language_name
from stoa.theming.texts import N_
from stoa.web.tables import Column, Shown, Table, choice, dates


async def _segments_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    makers = await clients.names(work, {row[0].made_by for row in rows if row[0].made_by})
    return [
        Shown(
            key=str(row[0].id),
            href=f"/desk/segments/{row[0].id}",
            cells=(
                row[0].name,
                len(row[0].conditions),
                makers.get(row[0].made_by, ""),
                row[0].changed_at,
            ),
        )
        for row in rows
    ]


class _Languages(tuple[str, ...]):
    """Languages of a campaign in one cell, each by its own name."""

    __slots__ = ()

    def __html__(self) -> Markup:
        return Markup("{}").format(", ".join(language_name(one) for one in self))


SEGMENTS = Table(
    name="segments",
    title=N_("Segments"),
    columns=(
        Column("name", N_("Segment"), "strong", fixed=True, sort=Segment.name),
        Column("conditions", N_("Conditions"), "num"),
        Column("by", N_("Made by")),
        Column("changed", N_("Changed"), "when", sort=Segment.changed_at),
    ),
    query=lambda _w: select(Segment).where(Segment.archived_at.is_(None)),
    view=_segments_view,
    id=Segment.id,
    order="changed",
    export_permission=Crm.SEGMENTS_EDIT,
    empty_title=N_("No segments yet"),
    empty_text=N_("A segment is a group of clients by what they did, kept up to date by itself."),
    empty_icon="users-group",
)


async def _campaigns_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    makers = await clients.names(work, {row[0].made_by for row in rows if row[0].made_by})
    return [
        Shown(
            key=str(row[0].id),
            href=f"/desk/campaigns/{row[0].id}",
            cells=(
                row[0].name,
                row[0].state,
                row.segment_name,
                _Languages(row[0].texts),
                makers.get(row[0].made_by, ""),
                row[0].started_at,
                row[0].made_at,
            ),
        )
        for row in rows
    ]


CAMPAIGNS = Table(
    name="campaigns",
    title=N_("Campaigns"),
    columns=(
        Column("name", N_("Campaign"), "strong", fixed=True),
        Column("state", N_("State"), "status", coded=True),
        Column("segment", N_("Segment")),
        Column("languages", N_("Languages"), hidden=True),
        Column("by", N_("Made by")),
        Column("started", N_("Begun"), "when"),
        Column("made", N_("Written"), "when", sort=Campaign.made_at),
    ),
    query=lambda _w: select(Campaign, Segment.name.label("segment_name")).join(
        Segment, Segment.id == Campaign.segment
    ),
    view=_campaigns_view,
    id=Campaign.id,
    order="made",
    filters=(
        choice(
            "state",
            N_("State"),
            Campaign.state,
            (
                ("draft", N_("Draft")),
                ("sending", N_("Being sent")),
                ("sent", N_("Sent")),
                ("stopped", N_("Stopped")),
            ),
        ),
    ),
    export_permission=Crm.CAMPAIGNS_EDIT,
    live="campaigns",
    empty_title=N_("No campaigns yet"),
    empty_text=N_("A campaign is one letter to everyone of a segment."),
    empty_icon="speakerphone",
)

_whose_campaign = aliased(Campaign)


def _messages_query(work: Any) -> Any:
    """Letters to clients in scope. Those to staff and leads are seen with full scope only."""
    return (
        select(Message, _whose_campaign.name.label("campaign_name"))
        .outerjoin(_whose_campaign, _whose_campaign.id == Message.campaign)
        .where(clients.within(work, Message.person))
    )


async def _messages_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    names = await clients.names(work, {row[0].person for row in rows if row[0].person})
    return [
        Shown(
            key=str(row[0].id),
            href=f"/desk/messages/{row[0].id}",
            cells=(
                {
                    "name": names.get(row[0].person, "–"),
                    "note": language_name(row[0].locale),
                },
                row[0].template,
                row.campaign_name or "",
                row[0].state,
                row[0].error or "",
                row[0].queued_at,
                row[0].sent_at,
            ),
        )
        for row in rows
    ]


async def _templates(work: Any) -> Sequence[tuple[str, str]]:
    rows = await work.rows(select(Message.template).distinct().order_by(Message.template).limit(60))
    return [(one, words.label(one)) for one in rows]


MESSAGES = Table(
    name="messages",
    title=N_("Messages"),
    columns=(
        Column("to", N_("To"), "person", beside=N_("Language"), fixed=True),
        Column("letter", N_("Letter"), "word", coded=True),
        Column("campaign", N_("Campaign")),
        Column("state", N_("State"), "status", coded=True),
        Column("error", N_("Trouble"), hidden=True),
        Column("queued", N_("Written"), "when", sort=Message.queued_at),
        Column("sent", N_("Sent"), "when"),
    ),
    query=_messages_query,
    view=_messages_view,
    id=Message.id,
    order="queued",
    filters=(
        choice(
            "state",
            N_("State"),
            Message.state,
            (("queued", N_("Queued")), ("sent", N_("Sent")), ("failed", N_("Failed"))),
        ),
        choice("template", N_("Letter"), Message.template, _templates),
        *dates("queued", N_("From"), N_("To"), Message.queued_at),
    ),
    export_permission=Crm.MESSAGES_SEND,
    live="messages",
    empty_title=N_("No letters yet"),
    empty_icon="mail",
)
