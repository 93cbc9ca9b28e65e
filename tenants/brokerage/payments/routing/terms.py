"""The words of routing rules as a tenant writes them: structured conditions, never code.

    when = { method = ["card"], country = ["ES"], amount = { max = "5000", in = "EUR" },
             time = { days = ["mon"], from = "08:00", to = "18:00" } }

What is left out fits everything. Unknown keys are refused with their path.
"""

from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.values import Method
from brokerage.payments.written import Amount, Code, Text
from stoa.kernel import currencies
from stoa.kernel.refusals import Unfit

Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
Word = Annotated[str, Meta(min_length=1, max_length=40)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Band(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """From `min` to `max`, both included, in the currency `in`."""

    min: Decimal | None = None
    max: Decimal | None = None
    currency: str = msgspec.field(name="in")

    def __post_init__(self) -> None:
        if not currencies.known(self.currency):
            raise Unfit("the currency {currency} is not known", field="in", currency=self.currency)
        for bound in (self.min, self.max):
            if bound is not None and (not bound.is_finite() or bound < 0):
                raise Unfit("a bound of an amount is zero or more")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise Unfit("min is not above max", field="max")


class Times(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Week days and hours on the tenant's own clock; `to` before `from` ends on the next day."""

    days: tuple[Day, ...] = ()
    start: Clock = msgspec.field(name="from", default="00:00")
    end: Clock = msgspec.field(name="to", default="00:00")

    def covers(self, local: datetime) -> bool:
        """Whether an instant on the tenant's clock lies within; the end itself does not."""
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        now, day = local.time(), local.date()
        if start < end:
            within = start <= now < end
        elif now < end:
            within, day = True, day - timedelta(days=1)
        else:
            within = now >= start
        return within and (not self.days or DAYS[day.weekday()] in self.days)


class When(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """A structured condition over the payment, its client, the time and the providers.

    `brand` and `card_country` are those of the card this client paid with last: the next card is
    typed at the provider and nobody here sees it before. `up` and `down` name providers whose
    health decides whether the rule is looked at.
    """

    method: tuple[Method, ...] = ()
    currency: tuple[str, ...] = ()
    country: tuple[Country, ...] = ()
    not_country: tuple[Country, ...] = ()
    amount: Band | None = None
    level: tuple[Word, ...] = ()
    client_type: tuple[Literal["individual", "joint", "corporate"], ...] = ()
    risk: tuple[Literal["unrated", "low", "medium", "high"], ...] = ()
    tag: tuple[Word, ...] = ()
    not_tag: tuple[Word, ...] = ()
    first: Literal["any", "yes", "no"] = "any"
    brand: tuple[Word, ...] = ()
    card_country: tuple[Country, ...] = ()
    time: Times | None = None
    up: tuple[Code, ...] = ()
    down: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        for code in self.currency:
            if not currencies.known(code):
                raise Unfit("the currency {code} is not known", field="currency", code=code)


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    psp: Code
    share: Annotated[int, Meta(ge=1, le=100)] = 100


class By(StrEnum):
    """How a rule chooses among its providers."""

    SPLIT = "split"
    COST = "lowest-cost"
    APPROVAL = "best-approval"


class Route(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The first rule that fits is taken; `cascade` names who is asked after a technical decline.

    `otherwise` says what happens when none of its providers can take the payment: the `next` rule
    that fits is looked at, or nobody takes it (`stop`). A rule without providers stops.
    """

    name: Text
    when: When = When()
    by: By = By.SPLIT
    use: tuple[Share, ...] = ()
    cascade: tuple[Code, ...] = ()
    otherwise: Literal["next", "stop"] = "next"
    on: bool = True

    def __post_init__(self) -> None:
        if not self.use and (self.otherwise != "stop" or self.cascade):
            raise Unfit(
                "the rule {name} uses no provider; then otherwise is stop",
                field="use",
                name=self.name,
            )
        used = [one.psp for one in self.use]
        if len(set(used)) != len(used):
            raise Unfit("the rule {name} uses a provider twice", field="use", name=self.name)

    @property
    def named(self) -> set[str]:
        return {*(one.psp for one in self.use), *self.cascade, *self.when.up, *self.when.down}


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The most one provider is given in a day or a month of the tenant's calendar."""

    per: Literal["day", "month"]
    most: Amount | None = None
    count: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if (self.most is None) == (self.count is None):
            raise Unfit("a cap has either most or count", field="most")


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a provider keeps of a payment; the first line that fits is taken.

    `percent` of the amount plus `fixed`, at least `least`.
    """

    method: tuple[Method, ...] = ()
    currency: tuple[str, ...] = ()
    country: tuple[Country, ...] = ()
    percent: Decimal = Decimal(0)
    fixed: Amount | None = None
    least: Amount | None = None

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or not 0 <= self.percent <= 50:
            raise Unfit("a cost is 0 to 50 percent", field="percent")


class Breaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a provider gets no new payments, and how it comes back.

    It opens on errors or slowness within `window_s`; after `open_s`, doubled at each failed trial
    up to `longest_open_s`, the connection is tried, and the share returns by `steps` percent.
    """

    window_s: Annotated[int, Meta(ge=10, le=60)] = 60
    least_calls: Annotated[int, Meta(ge=2, le=100)] = 5
    error_percent: Annotated[int, Meta(ge=1, le=100)] = 50
    in_a_row: Annotated[int, Meta(ge=2, le=50)] = 3
    slow_ms: Annotated[int, Meta(ge=200, le=10_000)] = 5_000
    slow_percent: Annotated[int, Meta(ge=1, le=100)] = 80
    open_s: Annotated[int, Meta(ge=5, le=600)] = 30
    longest_open_s: Annotated[int, Meta(ge=30, le=3_600)] = 300
    steps: tuple[Annotated[int, Meta(ge=1, le=99)], ...] = (10, 25, 50)
    step_s: Annotated[int, Meta(ge=5, le=3_600)] = 60
    step_paid: Annotated[int, Meta(ge=1, le=100)] = 2
    """Answers without trouble a step needs; where nobody comes by, four times `step_s` will do."""

    def __post_init__(self) -> None:
        if list(self.steps) != sorted(set(self.steps)):
            raise Unfit("steps rise", field="steps")
