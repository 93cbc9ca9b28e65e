"""The officers' lists: what to decide, what waits for a second look, hits, and what is over."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, String, cast, func, select

from brokerage.clients import queries as people
from brokerage.clients.model import Client
from brokerage.kyc import screenings, wordings
from brokerage.kyc.model import (
    WITH_CLIENT,
    KycCallback,
    KycCase,
    KycProposal,
    KycStanding,
    State,
)
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.reasons import Because
from brokerage.screening.model import HitState, ScreeningHit
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web.tables.declare import Coded, Column, Shown, Table, choice

_FAR: Final = func.coalesce(KycCase.urgency_at, KycCase.opened_at)
_RISKS: Final = (("low", N_("Low")), ("medium", N_("Medium")), ("high", N_("High")))
_COLUMNS: Final = (
    Column("client", N_("Client"), "person", beside=N_("Reference"), fixed=True),
    Column("failed", N_("To look at")),
    Column("risk", N_("Risk"), "status", coded=True),
    Column("country", N_("Country"), "flag", coded=True),
    Column("why", N_("Why")),
    Column("due", N_("Due"), "when", sort=_FAR),
    Column("state", N_("State"), "status", coded=True),
    Column("claimed", N_("In hand")),
)


def _query(*states: str) -> Any:
    def query(work: Work) -> Select[Any]:
        found: Any = (
            select(KycCase, Client.country, Client.reference)
            .join(Client, Client.id == KycCase.client)
            .where(KycCase.state.in_(states), people.within(work, KycCase.client))
        )
        return found  # type: ignore[no-any-return]

    return query


async def _view(work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    names = await people.names(work, [row[0].client for row in rows])
    found: list[Shown] = []
    for row in rows:
        case: KycCase = row[0]
        late = case.due_at is not None and case.due_at < work.now and case.state == State.REVIEW
        held = case.claimed_until is not None and case.claimed_until > work.now
        found.append(
            Shown(
                key=str(case.id),
                href=f"/desk/kyc/{case.id}",
                tone="stopped" if late else "",
                cells=(
                    {"name": names.get(case.client, row.reference), "note": row.reference},
                    wordings.checks(case.failed),
                    Coded(f"{case.risk_band} risk", case.risk_band) if case.risk_band else "",
                    row.country,
                    wordings.Said(wordings.WHY.get(case.why, case.why)),
                    case.due_at or case.opened_at,
                    Coded("verified", case.state) if case.state == State.APPROVED else case.state,
                    case.claimed_name or "" if held else "",
                ),
            )
        )
    return found


def _table(name: str, title: str, *states: str, empty: str, descending: bool = False) -> Table:
    return Table(
        name=f"kyc-{name}",
        title=title,
        columns=_COLUMNS,
        query=_query(*states),
        view=_view,
        id=KycCase.id,
        order="due",
        descending=descending,
        filters=(
            choice("risk", N_("Risk"), KycCase.risk_band, _RISKS),
            choice("why", N_("Why"), KycCase.why, tuple(wordings.WHY.items())),
        ),
        export_permission=Kyc.DECIDE,
        live="kyc",
        empty_title=empty,
        empty_text=N_("What a person has to look at appears here by itself."),
        empty_icon="shield-check",
    )


REVIEW: Final = _table("review", N_("Verification"), State.REVIEW, empty=N_("Nothing to decide"))
CHECKING: Final = _table(
    "checking", N_("Verification"), State.CHECKING, empty=N_("Nothing in checks")
)
CLIENT: Final = _table(
    "client", N_("Verification"), *WITH_CLIENT, empty=N_("Nobody is filling in"), descending=True
)
DECIDED: Final = _table(
    "decided",
    N_("Verification"),
    State.APPROVED,
    State.REJECTED,
    empty=N_("Nothing decided yet"),
    descending=True,
)


def _second(work: Work) -> Select[Any]:
    found: Any = (
        select(KycProposal, Client.reference)
        .join(Client, Client.id == KycProposal.client)
        .where(KycProposal.state == "waiting", people.within(work, KycProposal.client))
    )
    return found  # type: ignore[no-any-return]


async def _second_view(work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    names = await people.names(work, [row[0].client for row in rows])
    return [
        Shown(
            key=str(row[0].id),
            href=f"/desk/kyc/{row[0].case}",
            cells=(
                {"name": names.get(row[0].client, row.reference), "note": row.reference},
                wordings.Said(wordings.CHANGES.get(row[0].change) or row[0].change),
                row[0].asked_name,
                row[0].asked_at,
            ),
        )
        for row in rows
    ]


SECOND: Final = Table(
    name="kyc-second",
    title=N_("Verification"),
    columns=(
        Column("client", N_("Client"), "person", beside=N_("Reference"), fixed=True),
        Column("change", N_("Asked for"), "strong"),
        Column("by", N_("By")),
        Column("at", N_("Since"), "when", sort=KycProposal.asked_at),
    ),
    query=_second,
    view=_second_view,
    id=KycProposal.id,
    order="at",
    descending=False,
    live="kyc",
    empty_title=N_("Nothing waits for a second officer"),
    empty_text=N_("Overrides and lowered risks wait here until somebody else agrees."),
    empty_icon="users",
)


def _hits(work: Work) -> Select[Any]:
    latest = (
        select(KycCase.client, func.max(cast(KycCase.id, String)).label("case"))
        .group_by(KycCase.client)
        .subquery()
    )
    found: Any = (
        select(ScreeningHit, Client.reference, latest.c.case)
        .join(Client, Client.id == ScreeningHit.client)
        .join(latest, latest.c.client == ScreeningHit.client)
        .where(ScreeningHit.state == HitState.OPEN, people.within(work, ScreeningHit.client))
    )
    return found  # type: ignore[no-any-return]


async def _hits_view(work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    names = await people.names(work, [row[0].client for row in rows])
    found: list[Shown] = []
    for row in rows:
        hit = screenings.opened(work, row[0])
        found.append(
            Shown(
                key=str(row[0].id),
                href=f"/desk/kyc/{row.case}#hits",
                cells=(
                    {"name": names.get(row[0].client, row.reference), "note": row.reference},
                    row[0].score,
                    hit.name,
                    hit.listing,
                    ", ".join(hit.programmes[:3]),
                    row[0].opened_at,
                ),
            )
        )
    return found


HITS: Final = Table(
    name="kyc-hits",
    title=N_("Verification"),
    columns=(
        Column("client", N_("Client"), "person", beside=N_("Reference"), fixed=True),
        Column("score", N_("Score"), "num", sort=ScreeningHit.score),
        Column("name", N_("Listed name"), "strong"),
        Column("listing", N_("List")),
        Column("programmes", N_("Programmes")),
        Column("at", N_("Since"), "when", sort=ScreeningHit.opened_at),
    ),
    query=_hits,
    view=_hits_view,
    id=ScreeningHit.id,
    order="score",
    live="kyc",
    empty_title=N_("No open match"),
    empty_text=N_("Every new list is compared with all clients; what may be one of them is here."),
    empty_icon="list-search",
)


def _risk(row: KycStanding) -> str:
    band = row.risk_set_band or row.risk_band
    return Coded(f"{band} risk", band) if band else ""


def _extra(work: Work) -> Select[Any]:
    found: Any = (
        select(KycStanding, Client.reference, Client.country)
        .join(Client, Client.id == KycStanding.client)
        .where(func.cardinality(KycStanding.extra) > 0, people.within(work, KycStanding.client))
    )
    return found  # type: ignore[no-any-return]


async def _extra_view(work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    names = await people.names(work, [row[0].client for row in rows])
    return [
        Shown(
            key=str(row[0].client),
            href=f"/desk/clients/{row[0].client}?tab=kyc",
            cells=(
                {"name": names.get(row[0].client, row.reference), "note": row.reference},
                Because("; ".join(row[0].extra)),
                _risk(row[0]),
                row.country,
                row[0].approved_at or row[0].resolved_at,
            ),
        )
        for row in rows
    ]


EXTRA: Final = Table(
    name="kyc-extra",
    title=N_("Verification"),
    columns=(
        Column("client", N_("Client"), "person", beside=N_("Reference"), fixed=True),
        Column("why", N_("Why"), "strong"),
        Column("risk", N_("Risk"), "status", coded=True),
        Column("country", N_("Country"), "flag", coded=True),
        Column(
            "at",
            N_("Verified"),
            "when",
            sort=func.coalesce(KycStanding.approved_at, KycStanding.resolved_at),
        ),
    ),
    query=_extra,
    view=_extra_view,
    id=KycStanding.client,
    order="at",
    live="kyc",
    empty_title=N_("No diligence is due"),
    empty_text=N_("Who pays in very much, or may be on a list, waits here for a closer look."),
    empty_icon="zoom-question",
)


def _aside(work: Work) -> Select[Any]:
    del work
    return select(KycCallback).where(KycCallback.state == "quarantined")


async def _aside_view(work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    del work
    return [
        Shown(
            key=str(row[0].id),
            cells=(row[0].received_at, row[0].provider, row[0].kind, row[0].because or ""),
        )
        for row in rows
    ]


ASIDE: Final = Table(
    name="kyc-aside",
    title=N_("Verification"),
    columns=(
        Column("at", N_("Came"), "when", sort=KycCallback.received_at),
        Column("provider", N_("Provider"), "strong"),
        Column("kind", N_("Said")),
        Column("because", N_("Set aside because")),
    ),
    query=_aside,
    view=_aside_view,
    id=KycCallback.id,
    order="at",
    live="kyc",
    empty_title=N_("Nothing was set aside"),
    empty_text=N_("A callback that names another person than it is bound to is kept here."),
    empty_icon="mailbox-off",
)

LISTS: Final = {
    "review": (N_("To decide"), REVIEW, Kyc.CASES_VIEW),
    "second": (N_("Second look"), SECOND, Kyc.CASES_VIEW),
    "hits": (N_("Possible matches"), HITS, Kyc.SCREENING_VIEW),
    "extra": (N_("More diligence"), EXTRA, Kyc.SCREENING_VIEW),
    "checking": (N_("In checks"), CHECKING, Kyc.CASES_VIEW),
    "client": (N_("With the client"), CLIENT, Kyc.CASES_VIEW),
    "decided": (N_("Decided"), DECIDED, Kyc.CASES_VIEW),
    "aside": (N_("Set aside"), ASIDE, Kyc.SCREENING_VIEW),
}
