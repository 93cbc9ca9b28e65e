"""The first screen of whoever reads the log: only where its chain is broken."""

from collections.abc import Sequence

from brokerage.audit import proving
from brokerage.audit.permissions import Audit
from stoa.product import Card
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def today(work: Work) -> Sequence[Card]:
    if not work.actor.may(Audit.VIEW):
        return ()
    last = await proving.latest(work)
    if last is None or last.fault is None:
        return ()
    return [
        Card(
            key="audit-chain",
            label=N_("The audit log is broken"),
            figure=last.links,
            tone="stopped",
            path="/desk/audit/chain",
            detail=N_("links hold; what follows was changed"),
            order=1,
        )
    ]
