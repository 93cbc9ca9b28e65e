"""The page of one trading server: its form, its maps held against it, its test, its pause and its end."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.trading import connectors, groups, servers, symbol_map, wiring
from brokerage.trading.connector import TradingConnector
from brokerage.trading.model import TradingServer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import Server, TradingSettings
from stoa.connectors.checks import Check, failed
from stoa.connectors.outside import NOTED
from stoa.drawn import whole
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.forms import one_of, sent_of
from stoa.web.open import entered
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
WAITS = N_("It waits for a second person to agree. Nothing has changed yet.")
SYMBOLS_SHOWN: Final = 12
_OWN = frozenset({"code", "label", "kind_of", "why", "connector"})
ABOUT = {
    "mt5-webapi": N_("MetaTrader 5 by its Web API over TCP, plain or encrypted."),
    "mt5-https": N_("MetaTrader 5 by its Web API over HTTPS."),
    "mt4-bridge": N_("MetaTrader 4 by a bridge beside its server."),
    "dxtrade": N_("DXtrade by its administrative interface."),
    "fix-drop-copy": N_("A copy of every execution by FIX; nothing is sent there."),
    "tradelocker": N_("TradeLocker by its Brand API and its stream."),
    "ctrader": N_("cTrader by its WebServices, and the Manager link for what it tells unasked."),
    "matchtrader": N_("Match-Trader by its Broker API."),
}


class Why(msgspec.Struct):
    reason: str = ""


@get("/desk/servers/new", access=access.desk(Settings.EDIT))
async def choose(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Which platform is to be connected; with `connector`, its form."""
    chosen = request.query_params.get("connector", "")
    if chosen:
        kind = connectors.named(chosen)
        taken = {one.code for one in work.settings(TradingSettings).servers}
        names = (kind.code, *(f"{kind.code}-{n}" for n in range(2, 100)))
        code = next(name for name in names if name not in taken)
        fresh = Server(code=code, connector=kind.code, kind="live", label=kind.label, groups=())
        form = await _opened(request, work, fresh, kind, new=True)
        return await _page(request, work, fresh, kind, form, new=True)
    return page(
        request,
        work,
        "desk/trading/server_new.html",
        audience="desk",
        kinds=[
            {"code": one.code, "label": one.label, "about": ABOUT.get(one.code, "")}
            for one in connectors.ALL
        ],
    )


@get("/desk/servers/{code:str}/settings", access=access.desk(Trading.SERVERS))
async def show(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[str]:
    server = _known(work, code)
    kind = connectors.named(server.connector)
    form = await _opened(request, work, server, kind, new=False)
    return await _page(request, work, server, kind, form)


@post("/desk/servers/new", access=access.desk(Settings.EDIT, step_up=True), status_code=200)
async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    sent = await sent_of(request)
    kind = connectors.named(one_of(sent, "connector"))
    code = one_of(sent, "code") or kind.code
    fresh = Server(code=code, connector=kind.code, kind="live", label=kind.label, groups=())
    return await _step(request, work, fresh, kind, sent, new=True)


@post(
    "/desk/servers/{code:str}/settings",
    access=access.desk(Settings.EDIT, step_up=True),
    status_code=200,
)
async def change(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    server = _known(work, code)
    kind = connectors.named(server.connector)
    return await _step(request, work, server, kind, await sent_of(request))


@post("/desk/servers/{code:str}/symbols", access=access.desk(Settings.EDIT, step_up=True))
async def symbols(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    """Put what the server trades into the map, as a person chose."""
    _known(work, code)
    sent = await sent_of(request)
    chosen = {
        name.removeprefix("as."): one_of(sent, name)
        for name in sent
        if name.startswith("as.") and one_of(sent, name)
    }
    version = await symbol_map.put(work, code, chosen, why=one_of(sent, "why"))
    return _done(request, code, version, N_("The symbol map was changed."))


@post("/desk/servers/{code:str}/pause", access=access.desk(Settings.EDIT, step_up=True))
async def pause(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, Why)
    version = await wiring.pause(work, code, form.reason)
    return _done(request, code, version, N_("Paused. What is to be sent there waits in its order."))


@post("/desk/servers/{code:str}/resume", access=access.desk(Settings.EDIT, step_up=True))
async def resume(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, Why)
    version = await wiring.resume(work, code, form.reason)
    return _done(request, code, version, N_("It is asked again, and what waited is sent."))


@post("/desk/servers/{code:str}/remove", access=access.desk(Settings.EDIT, step_up=True))
async def remove(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, Why)
    version = await wiring.remove(work, code, form.reason)
    notice = WAITS if version is None else N_("The server is no longer connected.")
    return go(request, "/desk/servers", notice=notice)


@post("/desk/servers/{code:str}/test", access=access.desk(Trading.EDIT, own_transaction=True))
async def test(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    """Try the connection and hold both maps against it; nothing is changed at the server."""
    _, open_work = await entered(request)
    async with open_work() as work:
        work.require(Trading.EDIT)
        server = _known(work, code)
    checks: list[Check] = []
    told: list[dict[str, Any]] = []
    try:
        async with open_work() as work:
            connector = await servers.connect(work, code)
        checks += await connector.test_connection()
        await groups.ask(open_work, code)
        told = [msgspec.structs.asdict(one) for one in await connector.list_symbols()]
    except Refusal as why:
        checks.append(failed(N_("Ask it for its groups and symbols"), why))
    async with open_work() as work:
        settings = work.settings(TradingSettings)
        there = await groups.known(work, code)
        return page(
            request,
            work,
            "desk/trading/server_test.html",
            audience="desk",
            server=server,
            checks=checks,
            groups=groups.differences(server, there) if there else [],
            known=len(there),
            symbols=len(symbol_map.differing(settings, told)),
            traded=len(told),
        )


async def _step(
    request: AnyRequest,
    work: Work,
    server: Server,
    kind: type[TradingConnector],
    sent: dict[str, Any],
    *,
    new: bool = False,
) -> Response[Any]:
    """A step of the form, or the server put in force; what is wrong is said at its field."""
    told = {name: value for name, value in sent.items() if name not in _OWN}
    said = {name: one_of(sent, name) for name in _OWN}
    code = said["code"] if new else server.code
    form = await whole.kept(
        whole.sent(await _opened(request, work, server, kind, new=new), told),
        work,
        lambda form: wiring.keep(
            work,
            code,
            wiring.Typed(
                label=said["label"], kind=said["kind_of"], value=form.value, entered=form.entered
            ),
            why=said["why"],
            connector=kind.code if new else "",
        ),
    )
    if form.kept and form.answer is None:
        return go(request, "/desk/servers", notice=WAITS)
    if form.kept:
        return _done(request, code, form.answer, N_("Kept. Test the connection now."))
    shown = msgspec.structs.replace(
        server, label=said["label"], kind="demo" if said["kind_of"] == "demo" else "live"
    )
    return await _page(request, work, shown, kind, form, said=said, new=new)


async def _opened(
    request: AnyRequest, work: Work, server: Server, kind: type[TradingConnector], *, new: bool
) -> whole.Whole:
    known = {} if new else await wiring.known(work, server)
    noted = look(request, work, "desk").texts.gettext(NOTED)
    return wiring.form_of(kind, server, known, noted)


async def _page(
    request: AnyRequest,
    work: Work,
    server: Server,
    kind: type[TradingConnector],
    form: whole.Whole,
    *,
    said: Mapping[str, str] = MappingProxyType({}),
    new: bool = False,
) -> Response[str]:
    row = None if new else await work.session.get(TradingServer, server.code)
    there = groups.read(row.groups if row is not None else None)
    settings = work.settings(TradingSettings)
    differ = symbol_map.differing(settings, row.symbols) if row is not None else []
    return page(
        request,
        work,
        "desk/trading/server.html",
        audience="desk",
        status=422 if form.faults else 200,
        server=server,
        kind={"code": kind.code, "label": kind.label, "about": ABOUT.get(kind.code, "")},
        code=said.get("code", server.code),
        why=said.get("why", ""),
        form=form.drawn(look(request, work, "desk").texts, beside=_OWN),
        offered=sorted(one.group for one in there.values()),
        wrong=groups.differences(server, there) if there else [],
        differ=differ[:SYMBOLS_SHOWN],
        more=max(0, len(differ) - SYMBOLS_SHOWN),
        listed=[one.symbol for one in settings.symbols.listed],
        classes=symbol_map.CLASSES,
        new=new,
        may_edit=work.actor.may(Settings.EDIT),
        may_test=not new and work.actor.may(Trading.EDIT),
    )


def _done(request: AnyRequest, code: str, version: int | None, notice: str) -> Response[Any]:
    return go(
        request,
        f"/desk/servers/{code}/settings",
        notice=WAITS if version is None else notice,
    )


def _known(work: Work, code: str) -> Server:
    server = work.settings(TradingSettings).server(code)
    if server is None:
        raise NotFound
    return server


ALL = [choose, show, add, change, symbols, pause, resume, remove, test]
