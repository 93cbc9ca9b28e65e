"""A case's risk by the tenant's model, and how soon that makes it be looked at."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from brokerage.kyc import dossier, risk
from brokerage.kyc.model import KycCase
from brokerage.kyc.settings import KycSettings
from brokerage.ledger import rates
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unavailable
from stoa.tenancy.work import Work

EXPECTED: Final = {"up-to-10000": 10_000, "up-to-50000": 50_000, "up-to-250000": 250_000}
_MOST: Final = Decimal("1e15")
_SOONER_H: Final = {"high": 12, "medium": 4}


def urgency(row: KycCase) -> datetime | None:
    """The promised time, sooner for who is riskier."""
    if row.due_at is None:
        return None
    return row.due_at - timedelta(hours=_SOONER_H.get(row.risk_band or "", 0))


async def rate(work: Work, row: KycCase) -> risk.Score:
    """Score the client's risk by the tenant's model and keep every factor with the case."""
    who = dossier.identified(dossier.read(work, row))
    model = work.settings(KycSettings).risk
    expected = EXPECTED.get(who.expected_yearly)
    known = risk.Known(
        countries=who.countries,
        pep=who.pep,
        expected_yearly=Money(Decimal(expected), "EUR") if expected else None,
    )
    score = risk.score(model, known, await _convert(work))
    row.risk_score, row.risk_band = score.score, score.band
    row.risk = msgspec.to_builtins(score)
    return score


async def _convert(work: Work) -> risk.Convert:
    """At today's rates; what has none counts as the most there is."""
    known = await rates.table(work)

    def convert(money: Money, to: str) -> Money:
        if money.currency == to:
            return money
        try:
            return known.convert(money, to)
        except Unavailable:
            return Money(_MOST, to)

    return convert
