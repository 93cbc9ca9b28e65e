"""Risk at the desk: live exposure, margin, what if, results, cover."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.risk import exposure, hedging, lists, margin, points, results, rules, shock
from brokerage.risk.exposure import BYS, Part
from brokerage.risk.ground import read
from brokerage.risk.names import CLASSES
from brokerage.risk.permissions import Risk
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from stoa.tenancy.work import Work
from stoa.theming import texts
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
_HOURS: Final = (("24", N_("Day"), 24), ("168", N_("Week"), 168), ("720", N_("Month"), 720))
_BARS: Final = 7
"""As many as have room for their names beside the line."""
_BY_ID: Final = frozenset({"account", "provider"})


class Held(msgspec.Struct):
    """`whole`: what is not named is held no more."""

    lines: str = ""
    whole: bool = False


def _hours(request: AnyRequest) -> int:
    asked = str(request.query_params.get("hours", "24"))
    return next((hours for code, _, hours in _HOURS if code == asked), 24)


def _line_of(where: dict[str, str]) -> tuple[str, str]:
    """The line that belongs to what is shown: of the one part filtered by, or of everything."""
    kept = [(name, value) for name, value in where.items() if name in points.KEPT]
    return kept[0] if len(where) == 1 and kept else ("all", "all")


def _total(parts: list[Part]) -> dict[str, Any]:
    return {
        "notional": sum(one.notional for one in parts),
        "open": sum(one.open for one in parts),
        "gross": sum(one.gross for one in parts),
        "result": sum(one.result for one in parts),
        "positions": sum(one.positions for one in parts),
        "stale": sum(one.stale for one in parts),
        "unpriced": sum(one.unpriced for one in parts),
        "oldest": min((one.oldest for one in parts if one.oldest), default=None),
    }


@get("/desk/exposure", access=access.desk(Trading.EXPOSURE))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The book by one of its parts, with totals, bars and the line over time."""
    by, where = exposure.asked(request.query_params)
    ground = await read(work)
    within = clients.within(work, TradingAccount.client)
    say = texts.of(look(request, None, "desk").locale).gettext
    if request.query_params.get("format"):
        return await tables.answer(request, work, lists.table(ground, by, where, within, say))
    parts = await exposure.parts(work, ground, by, where=where)
    table = lists.table(ground, by, where, within, say, parts)
    summed = parts
    if len(parts) == exposure.MOST:
        summed = await exposure.parts(work, ground, "book", where=where)
    hours = _hours(request)
    line_by, line_key = _line_of(where)
    moments, values, result = await points.line(work, line_by, line_key, hours)
    bars = parts[:_BARS] if by != "account" else []
    return await tables.answer(
        request,
        work,
        table,
        template="desk/risk/exposure.html",
        ground=ground,
        by=by,
        bys=_switch(request, say, by),
        total=_total(summed),
        names=[say(CLASSES.get(one.key, one.key)) or "–" for one in bars],
        bars=[float(one.notional) for one in bars],
        line=(moments, values, result),
        line_name=say(CLASSES.get(line_key, line_key)) if line_by != "all" else "",
        ranges=_ranges(request, say, hours),
        used=ground.used(),
        scope=work.actor.scope,
    )


def _address(request: AnyRequest, **changes: str) -> str:
    kept = {
        str(key): str(value)
        for key, value in request.query_params.items()
        if value and key not in {"after", "before", "format", "sort"}
    }
    return f"{request.url.path}?{urlencode(kept | changes)}"


def _switch(request: AnyRequest, say: Any, by: str) -> list[dict[str, Any]]:
    return [
        {"label": say(label), "href": _address(request, by=code), "active": code == by}
        for code, label in BYS.items()
    ]


def _ranges(request: AnyRequest, say: Any, hours: int) -> list[dict[str, Any]]:
    return [
        {"label": say(label), "href": _address(request, hours=code), "active": of == hours}
        for code, label, of in _HOURS
    ]


@get("/desk/exposure/positions", access=access.desk(Trading.EXPOSURE))
async def positions(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The positions behind a part of the book."""
    _, where = exposure.asked(request.query_params)
    say = texts.of(look(request, None, "desk").locale).gettext
    ground = await read(work)
    within = clients.within(work, TradingAccount.client)
    return await tables.answer(
        request,
        work,
        lists.positions(ground, where, within),
        template="desk/risk/positions.html",
        ground=ground,
        part=" · ".join(
            say(CLASSES.get(value, value)) for key, value in where.items() if key not in _BY_ID
        ),
    )


@get("/desk/margin", access=access.desk(Trading.EXPOSURE))
async def watched(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    ground = await read(work)
    return await tables.answer(
        request,
        work,
        margin.table(ground),
        template="desk/risk/margin.html",
        ground=ground,
        watched=await margin.watched(work, ground),
        near=ground.settings.near,
    )


@get("/desk/what-if", access=access.desk(Trading.EXPOSURE))
async def what_if(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """A shock on the whole book. Reading only: nothing is changed anywhere."""
    said = str(request.query_params.get("shock", "")).strip()[:400]
    wanted = rules.shocks(said) if said else []
    ground = await read(work)
    outcome = await shock.run(work, ground, wanted) if wanted else None
    known = sorted({one.name for one in ground.names.values()})
    return page(
        request,
        work,
        "desk/risk/what_if.html",
        audience="desk",
        ground=ground,
        shock=said,
        outcome=outcome,
        known=known[:200],
        families=CLASSES,
    )


@get("/desk/results", access=access.desk(Trading.EXPOSURE))
async def earned(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Who earns what over some days, without and with rewards and bonuses."""
    query = request.query_params
    days = results.period(work, str(query.get("from", "")), str(query.get("to", "")))
    by = str(query.get("by", "client"))
    by = by if by in results.BYS else "client"
    ground = await read(work)
    table = results.table(work, ground, days, by)
    if query.get("format"):
        return await tables.answer(request, work, table)
    say = texts.of(look(request, None, "desk").locale).gettext
    return await tables.answer(
        request,
        work,
        table,
        template="desk/risk/results.html",
        ground=ground,
        days=days,
        by=by,
        bys=[
            {"label": say(label), "href": _address(request, by=code), "active": code == by}
            for code, label in results.BYS.items()
        ],
        total=await results.totals(work, ground, days),
    )


@get("/desk/hedge", access=access.desk(Trading.EXPOSURE))
async def cover(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The passed-on book beside what liquidity providers hold for us."""
    ground = await read(work)
    return page(
        request,
        work,
        "desk/risk/hedge.html",
        audience="desk",
        ground=ground,
        rows=await hedging.read(work, ground),
        bound=ground.settings.hedge_most,
        may=work.actor.may(Risk.HEDGE),
    )


@post("/desk/hedge", access=access.desk(Risk.HEDGE))
async def covered(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Held)
    await hedging.write_down(work, hedging.lines(form.lines), whole=form.whole)
    return go(request, "/desk/hedge", notice=N_("Written down."))


ALL: Final = [shown, positions, watched, what_if, earned, cover, covered]
