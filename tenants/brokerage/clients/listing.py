"""The list of clients: columns, filters, and rows opened a page at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, select, text

from brokerage.clients import finding, queries
from brokerage.clients.model import NO_LEVEL, SEARCH, Client, Risk, State
from brokerage.clients.permissions import Clients
from brokerage.clients.settings import ClientSettings
from stoa.identity.model import Person
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming import statuses, texts, words
from stoa.theming.statuses import Status, Tone
from stoa.theming.texts import N_
from stoa.web.tables import Bulk, Coded, Column, Filter, Shown, Table, amounts, choice, dates

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_traded = func.coalesce(Client.last_trade_at, _NEVER)

STATES: Final = (
    (State.REGISTERED, N_("Signed up")),
    (State.ACTIVE, N_("Active")),
    (State.CLOSED, N_("Closed")),
)
RISKS: Final = (
    (Risk.UNRATED, N_("Not rated")),
    (Risk.LOW, N_("Low risk")),
    (Risk.MEDIUM, N_("Medium risk")),
    (Risk.HIGH, N_("High risk")),
)
statuses.learn(
    {
        "registered": Status(N_("Signed up"), Tone.WAITING, icon="user-plus"),
        "not verified": Status(N_("Not verified"), Tone.WAITING, icon="shield"),
        "basic": Status(N_("Basic"), Tone.MOVING, icon="shield-half"),
        "unrated risk": Status(N_("Not rated"), Tone.WAITING, icon="gauge"),
        "low risk": Status(N_("Low risk"), Tone.DONE, icon="gauge"),
        "medium risk": Status(N_("Medium risk"), Tone.NEEDS, icon="gauge"),
        "high risk": Status(N_("High risk"), Tone.STOPPED, icon="gauge"),
    }
)
TRADED: Final = (
    ("7", N_("In the last 7 days")),
    ("30", N_("In the last 30 days")),
    ("-14", N_("Not for 14 days")),
    ("-30", N_("Not for 30 days")),
    ("never", N_("Never")),
)
LEVELS: Final = {"none": N_("Not verified"), "basic": N_("Basic"), "verified": N_("Verified")}
words.learn({code: label for code, label in LEVELS.items() if code != "none"})


def query(work: Work) -> Select[Any]:
    found: Any = (
        select(
            Client.id,
            Client.reference,
            Client.state,
            Client.level,
            Client.risk,
            Client.country,
            Client.owner,
            Client.registered_at,
            Client.deposits_total,
            Client.withdrawals_total,
            Client.last_trade_at,
            Person.name_sealed,
        )
        .join(Person, Person.id == Client.id)
        .where(queries.visible(work))
    )
    return found  # type: ignore[no-any-return]


def _found(work: Work, typed: str) -> ColumnElement[bool]:
    return finding.fits(work, Client.search, SEARCH, typed)


def _last_trade(work: Work, value: str) -> ColumnElement[bool]:
    if value == "never":
        return Client.last_trade_at.is_(None)
    if not value.lstrip("-").isdecimal() or len(value) > 5:
        return false()
    since = work.now - timedelta(days=abs(int(value)))
    if value.startswith("-"):
        return (_traded < since) & Client.last_trade_at.is_not(None)
    return Client.last_trade_at >= since


def _whose(work: Work, value: str) -> ColumnElement[bool]:
    if value == "none":
        return Client.owner.is_(None)
    if value == "me":
        return Client.owner == work.actor.id
    return _is(Client.owner, value)


def _is(column: Any, value: str) -> ColumnElement[bool]:
    try:
        return column == UUID(value)  # type: ignore[no-any-return]
    except ValueError:
        return false()


async def owners(work: Work) -> Sequence[tuple[str, str]]:
    """Oneself, nobody, and every member of staff by name."""
    return [("me", N_("Me")), ("none", N_("Nobody")), *await queries.staff(work)]


# One step in the index for each value there is, however many clients share it.
_PARTNERS: Final = text(
    "with recursive step as ((select partner as one from client where partner is not null "
    "order by partner limit 1) union all select (select c.partner from client c "
    "where c.partner > step.one order by c.partner limit 1) from step where step.one is not null) "
    "select one from step where one is not null limit 200"
)
_COUNTRIES: Final = text(
    "with recursive step as ((select country as one from client order by country limit 1) "
    "union all select (select c.country from client c where c.country > step.one "
    "order by c.country limit 1) from step where step.one is not null) "
    "select one from step where one is not null"
)


async def partners(work: Work) -> Sequence[tuple[str, str]]:
    """Partners who introduced someone, by name; a partner is a client too."""
    if work.actor.sees_all:
        ids = [row.one for row in await work.table(_PARTNERS)]
    else:
        theirs = select(Client.partner).where(Client.partner.is_not(None), queries.visible(work))
        ids = [one for one in await work.rows(theirs.distinct().limit(200)) if one]
    named = await queries.names(work, ids)
    return sorted(((str(one), name) for one, name in named.items()), key=lambda p: p[1])


async def levels(work: Work) -> Sequence[tuple[str, str]]:
    return [
        (one, LEVELS.get(one, one.capitalize())) for one in work.settings(ClientSettings).levels
    ]


def _lands(language: str) -> Any:
    """Countries that clients live in, named in the reader's language."""
    names = texts.of(language).locale.territories

    async def lands(work: Work) -> Sequence[tuple[str, str]]:
        codes = [str(row.one) for row in await work.table(_COUNTRIES)]
        return sorted(((code, str(names.get(code, code))) for code in codes), key=lambda o: o[1])

    return lands


def _filters(language: str) -> tuple[Filter, ...]:
    return (
        choice("state", N_("State"), Client.state, [(str(k), v) for k, v in STATES]),
        choice("level", N_("Level"), Client.level, levels),
        choice("risk", N_("Risk"), Client.risk, [(str(k), v) for k, v in RISKS]),
        choice("country", N_("Country"), Client.country, _lands(language)),
        Filter("owner", N_("Looked after by"), _whose, "select", owners),
        Filter("partner", N_("Partner"), lambda _w, v: _is(Client.partner, v), "select", partners),
        Filter("traded", N_("Last trade"), _last_trade, "select", TRADED),
        Filter("tag", N_("Tag"), lambda _w, v: Client.tags.contains([v.casefold()]), "text"),
        *dates("registered", N_("Registered from"), N_("Registered to"), Client.registered_at),
        *amounts(
            "deposited", N_("Deposited at least"), N_("Deposited at most"), Client.deposits_total
        ),
    )


async def view(work: Work, rows: Sequence[Any]) -> Sequence[Shown]:
    """Names of clients and of who looks after them, in one more query for the whole page."""
    named = await queries.names(work, {row.owner for row in rows if row.owner})
    currency = work.settings(TenantFacts).base_currency
    return [
        Shown(
            key=str(row.id),
            href=f"/desk/clients/{row.id}",
            cells=[
                {
                    "name": work.unseal(row.id, "person.name", row.name_sealed) or row.reference,
                    "note": row.reference,
                },
                row.reference,
                row.country,
                row.state,
                level_word(row.level),
                Coded(f"{row.risk} risk", row.risk),
                named.get(row.owner, ""),
                Money(row.deposits_total, currency),
                Money(row.deposits_total - row.withdrawals_total, currency),
                row.last_trade_at,
                row.registered_at,
            ],
        )
        for row in rows
    ]


def level_word(level: str) -> str:
    return "not verified" if level == NO_LEVEL else level


def table(work: Work, language: str = "en") -> Table:
    """The list in the tenant's base currency, its countries named in the reader's language."""
    currency = work.settings(TenantFacts).base_currency
    bulk = []
    if work.actor.may(Clients.ASSIGN):
        bulk.append(Bulk(N_("Give to someone"), "/desk/clients/assign", icon="user-share"))
    if work.actor.may(Clients.TAG):
        bulk.append(Bulk(N_("Tag"), "/desk/clients/tag", icon="tag"))
    return Table(
        name="clients",
        title=N_("Clients"),
        columns=[
            Column("name", N_("Client"), "person", fixed=True),
            Column("reference", N_("Reference"), "code", hidden=True),
            Column("country", N_("Country"), "flag", coded=True, sort=Client.country),
            Column("state", N_("State"), "status", coded=True),
            Column("level", N_("Level"), "status", coded=True),
            Column("risk", N_("Risk"), "status", coded=True),
            Column("owner", N_("Looked after by"), "text"),
            Column("deposits", N_("Deposited"), "money", sort=Client.deposits_total, note=currency),
            Column(
                "net",
                N_("Net deposits"),
                "money",
                sort=Client.deposits_total - Client.withdrawals_total,
                note=currency,
                hidden=True,
            ),
            Column("traded", N_("Last trade"), "when", sort=_traded),
            Column("registered", N_("Registered"), "when", sort=Client.registered_at),
        ],
        query=query,
        view=view,
        id=Client.id,
        order="registered",
        filters=_filters(language),
        search=_found,
        search_label=N_("Name, e-mail, telephone or reference"),
        export_permission=Clients.EXPORT,
        bulk=bulk,
        extra={"export_asks": True},
        live="clients",
        page_size=25,
        empty_title=N_("No clients here yet"),
        empty_text=N_("People appear here as soon as they register. Share your sign-up page."),
        empty_icon="users",
    )
