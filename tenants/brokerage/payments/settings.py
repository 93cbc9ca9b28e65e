"""What a tenant decides about payments: providers, methods, routes, withdrawals."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.hot.settings import Hot
from brokerage.payments.routing.terms import Breaker, Cap, Cost, Route
from brokerage.payments.source.settings import Sources
from brokerage.payments.values import Method
from brokerage.payments.written import Amount, Code, Text
from stoa.kernel.refusals import Unfit
from stoa.theming.texts import N_

Hours = Annotated[int, Meta(ge=0, le=720)]


class Psp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A provider account; `settings` is its connector's own type, secrets by name in the vault.

    `hot` bounds what may lie there of each coin. `caps` move further deposits of the day or month on to the next provider of the rule; `daily_cap`
    and `cost_percent` are the short forms of one cap and of one cost for everything.
    """

    code: Code
    connector: str
    label: Text = "Provider"
    on: bool = True
    settings: dict[str, Any] = {}
    daily_cap: Amount | None = None
    cost_percent: Decimal = Decimal(0)
    hot: tuple[Hot, ...] = ()
    caps: tuple[Cap, ...] = ()
    costs: tuple[Cost, ...] = ()

    @property
    def all_caps(self) -> tuple[Cap, ...]:
        short = (Cap(per="day", most=self.daily_cap),) if self.daily_cap is not None else ()
        return (*short, *self.caps)

    @property
    def all_costs(self) -> tuple[Cost, ...]:
        """The schedule; where nothing is written, nothing is known of its cost."""
        return (*self.costs, Cost(percent=self.cost_percent)) if self.cost_percent else self.costs


class Fee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`percent` of the amount, at least `least`; both taken out of the amount."""

    percent: Decimal = Decimal(0)
    least: Amount | None = None

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or not 0 <= self.percent <= 50:
            raise Unfit("a fee is 0 to 50 percent")


class DepositMethod(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A way to pay in, and to whom it is offered."""

    method: Method
    label: Text
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    not_countries: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    least: Amount = Amount(amount=Decimal(10), currency="USD")
    most: Amount = Amount(amount=Decimal(50_000), currency="USD")
    fee: Fee = Fee()
    arrives: Literal["at-once", "minutes", "day", "days"] = "at-once"


class WithdrawalMethod(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A way to be paid. `card` pays back to cards that were used; it needs no destination."""

    method: Method
    label: Text
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    least: Amount = Amount(amount=Decimal(10), currency="USD")
    most: Amount = Amount(amount=Decimal(100_000), currency="USD")
    fee: Fee = Fee()


class AutoApprove(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may leave without a person: all of it must be true, and each rule passed is listed.

    `max` counts everything asked for within 24 hours, `max_week` and `max_month` within 7 and 30
    days, so that splitting gains nothing.
    """

    on: bool = True
    max: Amount = Amount(amount=Decimal(500), currency="USD")
    max_week: Amount | None = Amount(amount=Decimal(2_000), currency="USD")
    max_month: Amount | None = Amount(amount=Decimal(5_000), currency="USD")
    levels: tuple[str, ...] = ()
    risk: tuple[str, ...] = ("", "low", "medium")
    returned_to_source: bool = True


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Up to this much in 24 hours `need` people agree; the last tier has no end.

    Where 7 and 30 days have bounds of their own, what was asked for in them must fit as well.
    """

    up_to: Amount | None = None
    up_to_week: Amount | None = None
    up_to_month: Amount | None = None
    need: Annotated[int, Meta(ge=1, le=5)]


class Rolling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The most one client may ask for within so many hours, in any currencies together."""

    hours: Literal[24, 168, 720]
    most: Amount


class Retries(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What follows when a provider does not take a payout, by the kind of trouble.

    A call we held back ourselves is none of them: the payout waits and no try is counted. A wrong
    destination always asks the client for another one. Without an answer it is asked about and
    never sent again; `unknown_tell_min` is when people are told.
    """

    technical_tries: Annotated[int, Meta(ge=1, le=10)] = 5
    technical_pause_s: Annotated[int, Meta(ge=10, le=3_600)] = 40
    """Before the second try; twice as long before each further one."""
    balance: Literal["elsewhere", "wait", "stop"] = "elsewhere"
    """The provider's account of ours is short: another provider first, then wait; or only wait."""
    balance_every_min: Annotated[int, Meta(ge=10, le=1_440)] = 60
    balance_for_h: Annotated[int, Meta(ge=1, le=168)] = 72
    declined: Literal["stop", "elsewhere"] = "stop"
    """Declined for good: over, or each other provider is asked once."""
    unknown_tell_min: Annotated[int, Meta(ge=5, le=1_440)] = 15


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether the median time of withdrawals is on the public page; not of fewer than `least`."""

    on: bool = False
    least: Annotated[int, Meta(ge=5, le=1_000)] = 20


class Withdrawals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    auto_approve: AutoApprove = AutoApprove()
    approvers: tuple[Tier, ...] = (
        Tier(up_to=Amount(amount=Decimal(2_000), currency="USD"), need=1),
        Tier(up_to=Amount(amount=Decimal(50_000), currency="USD"), need=2),
        Tier(need=3),
    )
    letters_from: Annotated[int, Meta(ge=0, le=9)] = 2
    """Approvers get a letter about what needs so many of them; 0 writes none."""
    limits: tuple[Rolling, ...] = ()
    approver_since_h: Hours = 24
    """Who was given the permission by somebody within so many hours approves nothing yet."""
    came_back_to: Literal["hold", "wallet"] = "hold"
    """Where money goes that a bank sent back: it waits for a new destination, or is spendable."""
    new_destination_wait_h: Hours = 24
    retries: Retries = Retries()
    promise_h: dict[Method, Hours] = msgspec.field(
        default_factory=lambda: {Method.CARD: 24, Method.BANK: 48, Method.CRYPTO: 4}
    )
    publish: Publish = Publish()
    return_to_source: tuple[Method, ...] = (Method.CARD,)
    return_within_days: Annotated[int, Meta(ge=0, le=720)] = 365
    related_days: Annotated[int, Meta(ge=0, le=365)] = 30
    """Who corrected a client's balance by hand within so many days approves nothing for them."""
    fast_out_h: Hours = 24
    """Money that leaves within so many hours of a deposit is looked at by a person."""
    methods: tuple[WithdrawalMethod, ...] = (
        WithdrawalMethod(method=Method.CARD, label=N_("Back to your card")),
        WithdrawalMethod(
            method=Method.BANK,
            label=N_("Bank account"),
            least=Amount(amount=Decimal(50), currency="USD"),
        ),
        WithdrawalMethod(
            method=Method.CRYPTO,
            label=N_("Crypto wallet"),
            fee=Fee(percent=Decimal(1), least=Amount(amount=Decimal(2), currency="USD")),
        ),
    )

    def __post_init__(self) -> None:
        if not self.approvers or self.approvers[-1].up_to is not None:
            raise Unfit("approvers end with a tier that has no up_to")
        if any(tier.up_to is None for tier in self.approvers[:-1]):
            raise Unfit("only the last tier of approvers may have no up_to")

    def method(self, method: Method) -> WithdrawalMethod | None:
        return next((one for one in self.methods if one.method is method), None)


class Disputes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Payments that payers' banks take back. Ratios are percent of a month's credited deposits."""

    answer_days: Annotated[int, Meta(ge=1, le=60)] = 7
    """How long there is to answer where the provider names no day."""
    accounts: Literal["open", "close-only", "no-trading"] = "open"
    """What the client's trading accounts may do while one is open. A platform without a right that
    only closes leaves them as they are under close-only; no-trading does not let them close either.
    """
    book_fees: bool = False
    """Book a provider's fee when it is told; off where its settlement files carry the fee."""
    ratio_count: Decimal = Decimal("0.9")
    ratio_value: Decimal = Decimal("1.5")
    ratio_from: Annotated[int, Meta(ge=1, le=10_000)] = 5
    """Below so many disputes in a month the ratio raises nothing: one in ten is chance."""

    def __post_init__(self) -> None:
        for one in (self.ratio_count, self.ratio_value):
            if not one.is_finite() or not 0 < one <= 100:
                raise Unfit("a ratio is more than 0 and at most 100 percent")


class PaymentsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    psps: tuple[Psp, ...] = ()
    methods: tuple[DepositMethod, ...] = (
        DepositMethod(method=Method.CARD, label=N_("Card")),
        DepositMethod(method=Method.CRYPTO, label=N_("Crypto"), arrives="minutes"),
    )
    routes: tuple[Route, ...] = ()
    payout_routes: tuple[Route, ...] = ()
    breaker: Breaker = Breaker()
    approval_days: Annotated[int, Meta(ge=1, le=90)] = 30
    """How far back best-approval rules look."""
    withdrawals: Withdrawals = Withdrawals()
    disputes: Disputes = Disputes()
    sources: Sources = Sources()
    resolve_alone: Amount = Amount(amount=Decimal(0), currency="USD")
    """Up to so much one person may credit or give back what fits no order; above it two agree."""
    deposit_open_min: Annotated[int, Meta(ge=35, le=1_380)] = 60
    unmatched_after_min: Annotated[int, Meta(ge=1, le=1_440)] = 10

    def __post_init__(self) -> None:
        codes = [psp.code for psp in self.psps]
        if len(set(codes)) != len(codes):
            raise Unfit("two providers share a code")
        for routes in (self.routes, self.payout_routes):
            _once("rule", (route.name for route in routes))
            for route in routes:
                unknown = sorted(route.named - set(codes))
                if unknown:
                    raise Unfit(
                        "rule {name} names no known provider: {unknown}",
                        name=route.name,
                        unknown=unknown[0],
                    )
        _once("method", (one.method for one in self.methods))
        _once("withdrawal method", (one.method for one in self.withdrawals.methods))

    @property
    def psp_names(self) -> dict[str, str]:
        """What people call each provider; its code stands with it where two are called alike."""
        told = Counter(one.label for one in self.psps)
        return {
            one.code: one.label if told[one.label] == 1 else f"{one.label} ({one.code})"
            for one in self.psps
        }

    def psp(self, code: str) -> Psp | None:
        return next((one for one in self.psps if one.code == code), None)

    def method(self, method: Method) -> DepositMethod | None:
        return next((one for one in self.methods if one.method is method), None)


def _once(what: str, values: Iterable[str]) -> None:
    seen = list(values)
    if len(set(seen)) != len(seen):
        raise Unfit("a {what} is listed twice", what=what)
