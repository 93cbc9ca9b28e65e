"""The first screen of a working day, and the one box that finds anyone."""

import re
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Response

from brokerage.clients import gathered
from brokerage.clients.permissions import Clients
from stoa.product import Hit
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import go, look, page
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

SHORTEST: Final = 2
LONGEST: Final = 80
_IN_THE_BOX: Final = 8
_REFERENCE: Final = re.compile(r"([A-Za-z]{1,2})[- ]?([0-9A-Za-z]{4})[- ]?([0-9A-Za-z]{4})")


@get("/desk", access=access.signed_in("desk", "where everybody arrives who works here"))
async def today(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Worklists by role, the day's figures beside them; who may not see them begins elsewhere."""
    state: State = request.app.state.stoa
    if not work.actor.may(Clients.SEE_TODAY):
        open_to_them = [
            one.path
            for one in state.product.nav("desk")
            if one.permission is None or work.actor.may(one.permission)
        ]
        if open_to_them:
            return go(request, open_to_them[0])
        return page(request, work, "desk/today/nothing.html", audience="desk")
    todays: gathered.Todays = state.extras.setdefault("todays", gathered.Todays(state.product))
    cards, reading = await todays.ask(work)
    return page(
        request,
        work,
        "desk/today/today.html",
        audience="desk",
        figures=[card for card in cards if not card.items and not card.worklist],
        lists=[card for card in cards if card.items],
        clear=[card for card in cards if card.worklist and not card.items],
        drawn=reading.drawn(look(request, work, "desk")),
        now=work.now,
        zone=work.settings(TenantFacts).time_zone,
        name=visit(request).person_name.split(" ")[0],
    )


@get("/desk/search", access=access.desk(Clients.SEARCH))
async def search(
    request: AnyRequest, work: NamedDependency[Work], q: FromQuery[str | None] = None
) -> Response[str]:
    """People, accounts, money and partners by whatever one remembers of them."""
    typed = " ".join((q or "").split())[:LONGEST]
    enough = len(typed) >= SHORTEST
    product = request.app.state.stoa.product
    hits = await gathered.hits(product, work, typed) if enough else []
    if not hits and (written := _REFERENCE.fullmatch(typed)):
        # A reference told on the telephone comes without its dashes.
        hits = await gathered.hits(product, work, "-".join(written.groups()).upper())
    in_box = request.headers.get("hx-target") == "search-results"
    return page(
        request,
        work,
        "desk/search/box.html" if in_box else "desk/search/search.html",
        audience="desk",
        typed=typed,
        enough=enough,
        groups=_groups(hits[:_IN_THE_BOX] if in_box else hits),
        more=max(0, len(hits) - _IN_THE_BOX) if in_box else 0,
    )


def _groups(hits: Any) -> list[tuple[str, list[Hit]]]:
    """Hits under their kinds, the kind of the closest hit first."""
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.kind, []).append(hit)
    return list(found.items())


WEB: Final = [search, today]
