"""Exchange rates at the desk: each as it stands, and what was told for it and not believed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.ledger import believing, rates
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.rates import MANUAL
from brokerage.ledger.settings import LedgerSettings
from stoa.product import Card, Item
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/ledger/rates"
_SOURCES: Final = {MANUAL: N_("Settings"), "servers": N_("Trading servers")}

learn(
    {
        "rate fresh": Status(N_("Fresh"), Tone.DONE),
        "rate stale": Status(N_("Grown old: no exchange by it"), Tone.STOPPED),
        "rate written": Status(N_("Written in the settings"), Tone.WAITING, icon="pencil"),
        "rate doubted": Status(N_("A price was not believed"), Tone.STOPPED),
    }
)


@get(HERE, access=access.desk(Ledger.ACCOUNTS_VIEW))
async def rates_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    known = await rates.kept(work)
    settings = work.settings(LedgerSettings)
    stale = work.now - timedelta(seconds=settings.rates_stale_s)
    doubted = await believing.doubted(work, known, MANUAL)
    return page(
        request,
        work,
        "desk/ledger/rates.html",
        audience="desk",
        rates=[
            {
                "row": one,
                "doubt": doubted.get(f"{one.base}/{one.quote}"),
                "state": "rate written"
                if one.source == MANUAL
                else "rate stale"
                if one.at < stale
                else "rate fresh",
            }
            for one in known
        ],
        sources=_SOURCES,
        most=settings.rates_jump_percent,
    )


async def today(work: Work) -> Sequence[Card]:
    """Prices that were told and not believed: somebody must look at the server that told them."""
    if not work.actor.may(Ledger.ACCOUNTS_VIEW):
        return []
    found = await believing.doubted(work, await rates.kept(work), MANUAL)
    if not found:
        return []
    return [
        Card(
            "rates-doubted",
            N_("Exchange rates not believed"),
            len(found),
            tone="stopped",
            path=HERE,
            detail=N_("The last good rate stays and grows old; exchange then stops by itself."),
            items=[
                Item(
                    title=pair,
                    path=HERE,
                    detail=f"\u2066{one.last:f} → {one.told:f}\u2069",
                    status="rate doubted",
                    since=one.at,
                )
                for pair, one in found.items()
            ],
            order=12,
        )
    ]


WEB: Final = [rates_page]
