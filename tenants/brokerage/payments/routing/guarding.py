"""Changes of who takes payments need a second person, and are played over the last 30 days first."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from brokerage.payments.routing import history
from brokerage.payments.settings import PaymentsSettings
from stoa.settingsdesk.pending import Told
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

DAYS: Final = 30
_GUARDED: Final = ("routes", "payout_routes", "resolve_alone", "breaker")


def touched(before: PaymentsSettings, after: PaymentsSettings) -> bool:
    """Whether it changes who takes a payment, up to how much, or who decides about stray money."""
    if any(getattr(before, name) != getattr(after, name) for name in _GUARDED):
        return True
    was = {psp.code: psp.all_caps for psp in before.psps}
    return any(psp.code in was and was[psp.code] != psp.all_caps for psp in after.psps)


async def rehearse(work: Work, before: PaymentsSettings, after: PaymentsSettings) -> Sequence[Told]:
    """What the changed rules would have done with the deposits of the last days."""
    if before.routes == after.routes and before.psps == after.psps:
        return []
    found = await history.simulated(work, after.routes, after, DAYS)
    looked = str(found["looked"])
    told = [
        Told(
            N_("{moved} of {looked} deposits of the last {days} days would have gone elsewhere."),
            {"moved": str(found["moved"]), "looked": looked, "days": str(DAYS)},
            "needs" if found["moved"] else "done",
        )
    ]
    if found["lost"]:
        told.append(
            Told(
                N_("{n} deposits would have found nobody to take them."),
                {"n": str(found["lost"])},
                "stopped",
            )
        )
    rate = found["approval"]
    if found["looked"]:
        told.append(
            Told(
                N_("Approved: {was} % really, {now} % expected, between {low} % and {high} %."),
                {name: str(rate[name]) for name in ("was", "now", "low", "high")},
                "done" if Decimal(rate["now"]) >= Decimal(rate["was"]) else "needs",
            )
        )
        cost = found["cost"]
        told.append(
            Told(
                N_("Cost: {was} % of the volume really, {now} % expected."),
                {"was": cost["was"]["percent"], "now": cost["now"]["percent"]},
            )
        )
    return told
