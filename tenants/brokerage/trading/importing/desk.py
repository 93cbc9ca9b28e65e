"""The import of a server's accounts at the desk: look, read the report, take over, compare."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as clients
from brokerage.trading.importing import asking, lines, state
from brokerage.trading.importing.lines import How, Line, Options, Verdict
from brokerage.trading.importing.state import UNDER_WAY
from brokerage.trading.model import TradingServer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel import currencies
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page
from stoa.web.tables.files import safe

AnyRequest = Request[Any, Any, Any]

_SHOWN: Final = 100
_COLUMNS: Final = (
    "login,group,currency,balance,credit,name,email,verdict,found by,client,product,why,deals,books"
)
VERDICTS: Final = (
    (Verdict.MAKE, N_("To be taken over")),
    (Verdict.MADE, N_("Taken over")),
    (Verdict.OURS, N_("Ours already")),
    (Verdict.NOBODY, N_("Nobody's")),
    (Verdict.LEAD, N_("Lead made")),
    (Verdict.REFUSED, N_("Cannot be taken")),
)
HOW: Final = {
    How.EXTERNAL: N_("our id"),
    How.REFERENCE: N_("client number"),
    How.EMAIL: N_("e-mail"),
    How.NEW_CLIENT: N_("a client is made"),
    How.NEW_LEAD: N_("a lead is made"),
}
learn(
    {
        "import looking": Status(N_("Being looked at"), Tone.MOVING),
        "import looked": Status(N_("Looked at"), Tone.NEEDS),
        "import taking": Status(N_("Being taken over"), Tone.MOVING),
        "import comparing": Status(N_("Being compared"), Tone.MOVING),
        "import done": Status(N_("Done"), Tone.DONE),
        "import failed": Status(N_("Failed"), Tone.STOPPED),
    }
)


class Wish(msgspec.Struct):
    groups: Annotated[str, Meta(max_length=2000)] = ""
    since: Annotated[str, Meta(max_length=10)] = ""
    product: Annotated[str, Meta(max_length=40)] = ""
    unmatched: Literal["leave", "lead", "client"] = "leave"
    country: Annotated[str, Meta(max_length=2)] = ""


@get("/desk/servers/{code:str}/import", access=access.desk(Trading.IMPORT))
async def show(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    """Where it stands; `format=csv` gives every line, `show` one verdict's."""
    server = asking.server_of(work, code)
    row = await work.session.get(TradingServer, code)
    now = state.of(row)
    told = _as_seen(work, state.report(work, row) if row is not None else [])
    if request.query_params.get("format") == "csv":
        work.require(Trading.EXPORT)
        work.record("server.import.exported", server=code, lines=len(told))
        return Response(
            as_csv(told),
            media_type="text/csv",
            headers={"content-disposition": f'attachment; filename="import-{code}.csv"'},
        )
    wanted = request.query_params.get("show", "")
    chosen = [one for one in told if not wanted or one.verdict == wanted]
    shown = chosen[:_SHOWN]
    names = await clients.names(work, [one.client for one in shown if one.client is not None])
    return page(
        request,
        work,
        "desk/trading/import.html",
        audience="desk",
        server=server,
        now=now,
        under_way=now is not None and now.stage in UNDER_WAY,
        counts=now.counts if now is not None else {},
        groups=lines.by_group(told)[:_SHOWN],
        shown=[_shown(one, names) for one in shown],
        more=len(chosen) - len(shown),
        wanted=wanted,
        verdicts=VERDICTS,
        left=sum(one.verdict is Verdict.MAKE for one in told),
        products=[
            (one.code, one.label)
            for one in work.settings(TradingSettings).products
            if one.server == code
        ],
    )


def _shown(line: Line, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "line": line,
        "balance": _money(line, line.balance),
        "books": _money(line, line.books) if line.books else None,
        "verdict": dict(VERDICTS).get(line.verdict, N_("To be read")),
        "client": names.get(line.client, "") if line.client is not None else "",
        "how": HOW.get(line.how, ""),
        "why": lines.WHY.get(line.why, ""),
    }


def _as_seen(work: Work, told: Sequence[Line]) -> Sequence[Line]:
    """The lines as the reader may see whom they name: a server's people are anybody's clients."""
    if work.actor.sees_all:
        return told
    return [
        msgspec.structs.replace(
            one,
            name=clients.strangers(work, one.name),
            email=clients.strangers(work, one.email, "email"),
        )
        for one in told
    ]


def _money(line: Line, told: str) -> Money | None:
    """What can be shown as money; a server may tell a currency that nobody knows."""
    try:
        return Money(Decimal(told), line.currency) if currencies.known(line.currency) else None
    except InvalidOperation:
        return None


def as_csv(told: Sequence[Line]) -> bytes:
    """Every line, for a spreadsheet; what would be a formula there is quoted away."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS.split(","))
    writer.writerows([safe(cell) for cell in _cells(line)] for line in told)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(line: Line) -> Iterator[Any]:
    yield from (line.login, line.group, line.currency)
    yield from (line.balance.removeprefix("+"), line.credit, line.name, line.email)
    yield from (str(line.verdict), str(line.how), str(line.client or ""), line.product)
    yield from (lines.WHY.get(line.why, line.why), line.deals, line.books)


@post("/desk/servers/{code:str}/import", access=access.desk(Trading.IMPORT))
async def look(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    wish = await forms.read(request, Wish)
    groups = tuple(one.strip() for one in wish.groups.replace("\n", ",").split(",") if one.strip())
    await asking.look(
        work,
        code,
        Options(
            groups=groups,
            since=wish.since,
            product=wish.product,
            unmatched=wish.unmatched,
            country=wish.country.upper(),
        ),
    )
    return go(request, f"/desk/servers/{code}/import")


@post("/desk/servers/{code:str}/import/take", access=access.desk(Trading.IMPORT))
async def take(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    await asking.take(work, code)
    return go(request, f"/desk/servers/{code}/import")


@post("/desk/servers/{code:str}/import/compare", access=access.desk(Trading.IMPORT))
async def compare(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    await asking.compare(work, code)
    return go(request, f"/desk/servers/{code}/import")


ALL: Final = [show, look, take, compare]
