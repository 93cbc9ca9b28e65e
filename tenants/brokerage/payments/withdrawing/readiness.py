"""What is still asked for before money can leave: the withdrawal's own checks, run ahead of it.

    await of(work, client, money, paid_by=Method.CARD)     before it is paid in
    await of(work, client, money)                          for money that is in the wallet

There is one set of checks (`checks.gather`) and one set of limits. A withdrawal runs them as it is
asked for and again as it leaves; here they run with the money as if it were there already, so that
nothing can be asked for later that was not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from brokerage.fees.rules import must_leave_something
from brokerage.ledger import rates
from brokerage.ledger.rates import NoRate, Rates
from brokerage.payments import costs, hooks, rules
from brokerage.payments.model import Destination
from brokerage.payments.payout_places import destinations
from brokerage.payments.psp import providers
from brokerage.payments.rules import Check, Part, Source
from brokerage.payments.settings import PaymentsSettings, WithdrawalMethod
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import checks, preparing, tiers, totals
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, Invalid, Refusal
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

State = Literal["done", "needs", "here"]
NOT_YET: Final = UUID(int=0)
"""The deposit that is not there yet, among the sources money goes back to."""
HREFS: Final = {
    "kyc": "/verify",
    "edd": "/verify",
    "level-limit": "/verify",
    "no-destination": "/withdraw/destinations",
    "bad-address": "/withdraw/destinations",
    "name-differs": "/withdraw/destinations",
    "shared-destination": "/withdraw/destinations",
    "new-destination": "/withdraw/destinations",
    "negative-account": "/accounts",
    "margin-short": "/accounts",
    "bonus-lost": "/bonuses",
    "bonus-turnover": "/bonuses",
}
"""Where each is settled."""
_OF_THE_REQUEST: Final = frozenset({"hold", "limits", "margin"})
"""Checks that say something only of a withdrawal that is asked for."""
_STATES: Final[dict[str, State]] = {"passed": "done", "skipped": "done", "waiting": "needs"}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing: done, needed of the client, or (`here`) looked at by a person when it is asked."""

    code: str
    title: str
    state: State
    text: str
    places: dict[str, str] = field(default_factory=dict)
    href: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """All that stands between this money and its way out, by the way it would take."""

    money: Money
    way: WithdrawalMethod | None
    steps: tuple[Step, ...]
    parts: tuple[Part, ...] = ()

    @property
    def needs(self) -> tuple[Step, ...]:
        return tuple(one for one in self.steps if one.state == "needs")

    @property
    def person(self) -> bool:
        """Whether a person would look at it."""
        return any(one.state == "here" for one in self.steps)


async def of(work: Work, client: UUID, money: Money, *, paid_by: Method | None = None) -> Ready:
    """What a withdrawal of this much would meet now. `paid_by`: as if it were just paid in so."""
    held = await destinations.of(work, client)
    sources = await _sources(work, client, money, paid_by)
    way = await _way(work, client, money, paid_by, held, sources)
    if way is None:
        told = Step(
            "no-way",
            N_("Way out"),
            "here",
            N_("No way to be paid is open in this currency; write to us, or exchange it first."),
        )
        return Ready(money, None, (told,))
    to = _place(held, way.method)
    priced = await rates.table(work)
    steps: list[Step] = []
    parts: list[Part] = []
    try:
        fee = (await costs.of_withdrawal(work, client, way, money)).money
        must_leave_something(fee, money)
        parts = rules.plan(
            money - fee,
            way.method,
            sources,
            label=destinations.label(to) if to is not None else way.label,
            card_rest=True,
        )
    except (Invalid, NoRate) as why:
        steps.append(_refused("amount", why))
    seen = await checks.gather(
        work, client, money, parts, to, deposited_at=work.now if paid_by is not None else None
    )
    found = list(seen.checks)
    if to is None and way.method is not Method.CARD:
        found.append(_nowhere(work))
    steps += [_step(one) for one in found if one.code not in _OF_THE_REQUEST]
    steps += await _limits(work, client, money, way, seen, priced)
    steps += [
        Step("bonus-turnover", one.title, "needs" if one.loses else "here", one.text, one.places,
             one.href)
        for hook in hooks.conditions
        for one in await hook(work, client)
    ]  # fmt: skip
    return Ready(money, way, tuple(sorted(steps, key=_order)), tuple(parts))


def _order(step: Step) -> int:
    return ("needs", "here", "done").index(step.state)


async def _way(
    work: Work,
    client: UUID,
    money: Money,
    paid_by: Method | None,
    held: Sequence[Destination],
    sources: Sequence[Source],
) -> WithdrawalMethod | None:
    """The way the money would take: the one it comes by, else one there is a place for already,
    else back to the cards where they have had all of it.
    """
    open_to: list[WithdrawalMethod] = []
    for one in work.settings(PaymentsSettings).withdrawals.methods:
        try:
            open_to.append(await preparing.offered(work, client, one.method, money.currency))
        except (Denied, Invalid):
            continue
    kept = {row.method for row in held}
    wanted = [one for one in open_to if one.method is paid_by]
    placed = [one for one in open_to if one.method in kept]
    back = sum((one.left.amount for one in sources), Decimal(0)) >= money.amount
    others = [one for one in open_to if back or one.method is not Method.CARD]
    return next(iter([*wanted, *placed, *others, *open_to]), None)


def _place(held: Sequence[Destination], method: Method) -> Destination | None:
    """The place that could be used soonest."""
    mine = [row for row in held if row.method == method]
    return min(mine, key=lambda row: row.usable_at, default=None)


async def _sources(work: Work, client: UUID, money: Money, paid_by: Method | None) -> list[Source]:
    """What money goes back to, with the deposit that is about to be made among it."""
    sources = await checks.sources(work, client, money.currency)
    settings = work.settings(PaymentsSettings)
    if paid_by is None or paid_by not in settings.withdrawals.return_to_source:
        return sources
    able = [providers.abilities(psp) for psp in settings.psps if psp.on]
    if not any(one is not None and one.refunds for one in able):
        return sources
    return [Source(NOT_YET, "", paid_by, money, "", token=True), *sources]


async def _limits(
    work: Work,
    client: UUID,
    money: Money,
    way: WithdrawalMethod,
    seen: checks.Gathered,
    priced: Rates,
) -> list[Step]:
    """The limits a request is refused by, as steps; none where all of them hold."""
    settings = work.settings(PaymentsSettings).withdrawals
    found: list[Step] = []
    try:
        rules.within(money, way.least.money, way.most.money, priced.convert)
        tiers.must_fit(settings.limits, money, seen.totals, priced.convert)
    except Refusal as why:
        found.append(_refused("amount", why))
    try:
        await totals.must_fit_level(work, client, money, seen.limits, priced)
    except Refusal as why:
        found.append(_refused("level-limit", why))
    return found


def _nowhere(work: Work) -> Check:
    """What `preparing.place` refuses a request for."""
    hours = work.settings(PaymentsSettings).withdrawals.new_destination_wait_h
    return Check(
        "no-destination",
        N_("Destination"),
        "waiting",
        N_("Add a place to be paid; a new one waits {hours} hours before it can be used."),
        {"hours": str(hours)},
    )


def _step(check: Check) -> Step:
    state = _STATES.get(check.verdict, "here")
    if check.code == "bonus-lost":
        state = "here"
    return Step(
        check.code,
        check.title,
        state,
        check.text,
        dict(check.places),
        HREFS.get(check.code, "") if state != "done" else "",
    )


def _refused(code: str, why: Refusal) -> Step:
    places = {name: str(value) for name, value in why.places.items()}
    return Step(code, N_("Amount"), "needs", why.sentence, places, HREFS.get(code, ""))
