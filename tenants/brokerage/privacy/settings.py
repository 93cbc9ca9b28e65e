"""How long each kind of personal data is kept after the relation ended, and until when we answer.

The floors are the law's: Directive (EU) 2015/849, Article 40 (1), and FATF Recommendation 11 ask
for five years after the end of the business relationship for who a client is, the evidence of it,
the checks and the transactions; Directive 2014/65/EU, Article 16 (7), for five years of
communications. Regulation (EU) 2016/679, Article 17 (3) (b), lets such duties stand before the
right to erasure. A jurisdiction pack's `retain_months` lengthens, and so may the tenant; neither
shortens. Marketing data and traces of signing in have no such floor.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

Months = Annotated[int, Meta(ge=0, le=600)]


class Category(StrEnum):
    """Kinds of personal data, each with a time of keeping of its own."""

    MARKETING = "marketing"
    TRACES = "traces"
    COMMUNICATIONS = "communications"
    DOCUMENTS = "documents"
    SCREENING = "screening"
    FINANCIAL = "financial"
    IDENTITY = "identity"
    """Last: who somebody is goes once all that hangs on it is gone."""


FLOORS: Final[dict[Category, int]] = {
    Category.IDENTITY: 60,
    Category.DOCUMENTS: 60,
    Category.SCREENING: 60,
    Category.COMMUNICATIONS: 60,
    Category.FINANCIAL: 60,
}
BY_PACK: Final = frozenset(
    {Category.IDENTITY, Category.DOCUMENTS, Category.SCREENING, Category.FINANCIAL}
)
"""What a pack's own time of keeping is about: the evidence against money laundering."""


class PrivacySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Months kept after the end of the relation, by category."""

    identity: Months = 60
    documents: Months = 60
    screening: Months = 60
    communications: Months = 60
    financial: Months = 84
    traces: Months = 12
    marketing: Months = 0
    answer_days: Annotated[int, Meta(ge=1, le=31)] = 30
    """Regulation (EU) 2016/679, Article 12 (3): within one month of the wish."""
    propose: bool = True
    """Whether what has reached its end is proposed every night."""

    def __post_init__(self) -> None:
        for category, floor in FLOORS.items():
            if self.months(category) < floor:
                raise Unfit(
                    "the law asks to keep it for {months} months at least",
                    field=str(category),
                    months=floor,
                )

    def months(self, category: Category, pack: int = 0) -> int:
        """The longer of what the tenant and the client's jurisdiction say."""
        own = {
            Category.IDENTITY: self.identity,
            Category.DOCUMENTS: self.documents,
            Category.SCREENING: self.screening,
            Category.COMMUNICATIONS: self.communications,
            Category.FINANCIAL: self.financial,
            Category.TRACES: self.traces,
            Category.MARKETING: self.marketing,
        }[category]
        return max(own, pack) if category in BY_PACK else own
