"""The verbs: look at a server's accounts, take them over, compare the books with it again."""

from collections.abc import Iterable

import msgspec

from brokerage.trading.events import ImportGoesOn
from brokerage.trading.importing import rules, state
from brokerage.trading.importing.lines import Line, Options, Verdict
from brokerage.trading.importing.state import UNDER_WAY, State
from brokerage.trading.model import TradingServer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import Server, TradingSettings
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import Work


def server_of(work: Work, code: str) -> Server:
    """Raises NotFound where the settings name no such server."""
    server = work.settings(TradingSettings).server(code)
    if server is None:
        raise NotFound("There is no such trading server.")
    return server


async def look(work: Work, code: str, options: Options) -> State:
    """Ask the server whom it has and say what would be made; nothing is taken over.

    Raises Invalid for what cannot be asked, Conflict while another import of it is under way.
    """
    work.require(Trading.IMPORT)
    server = server_of(work, code)
    rules.start(options, work.now)
    products = [one.code for one in work.settings(TradingSettings).products if one.server == code]
    if not products:
        raise Invalid("No product of this server is set up. Add one in Settings, Trading.")
    if options.product and options.product not in products:
        raise Invalid("There is no such product on this server.", field="product")
    if options.unmatched == "client" and not options.country:
        raise Invalid("Say in which country clients are to be made.", field="country")
    row = await state.locked(work, code)
    before = state.of(row)
    _free(before)

    fresh = State(
        stage="looking",
        options=options,
        asked_at=work.now,
        asked_by=work.actor.name[:120],
        told_at=work.now,
        turn=before.turn + 1 if before is not None else 1,
    )
    state.keep(work, row, fresh, [])
    work.record("server.import.looked", server=server.code, unmatched=options.unmatched)
    work.tell(ImportGoesOn(server=code, turn=fresh.turn))
    return fresh


async def take(work: Work, code: str) -> State:
    """Take over what the last look said would be made. A look that is done again says what is left."""
    work.require(Trading.IMPORT)
    server_of(work, code)
    row = await state.locked(work, code)
    now = _looked(state.of(row))
    told = state.report(work, row)
    if not _left(told):
        raise Conflict("There is nothing to take over. Nothing was changed.")
    return _goes_on(work, row, now, "taking")


async def compare(work: Work, code: str) -> State:
    """Ask the server for the balances of what was taken over, and hold them against the books."""
    work.require(Trading.IMPORT)
    server_of(work, code)
    row = await state.locked(work, code)
    now = state.of(row)
    if now is None or now.stage != "done":
        raise Conflict("Accounts are compared after they were taken over.")
    told = [
        msgspec.structs.replace(one, books="", why="") if one.verdict is Verdict.MADE else one
        for one in state.report(work, row)
    ]
    state.keep(work, row, now, told)
    return _goes_on(work, row, now, "comparing")


def _goes_on(work: Work, row: TradingServer, now: State, stage: state.Stage) -> State:
    fresh = msgspec.structs.replace(now, stage=stage, turn=now.turn + 1, why="")
    state.keep(work, row, fresh)
    work.record("server.import.goes-on", server=row.code, stage=stage)
    work.tell(ImportGoesOn(server=row.code, turn=fresh.turn))
    return fresh


def _free(now: State | None) -> None:
    if now is not None and now.stage in UNDER_WAY:
        raise Conflict("An import of this server is under way. Wait until it is done.")


def _looked(now: State | None) -> State:
    _free(now)
    if now is None or now.stage not in {"looked", "done"}:
        raise Conflict("Look at the server's accounts first. Nothing was changed.")
    return now


def _left(told: Iterable[Line]) -> bool:
    return any(one.verdict is Verdict.MAKE for one in told)
