"""What a client may do: the level reached, the money it lets move, the leverage it allows. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from brokerage.kyc.jurisdictions import defaults, forms
from brokerage.kyc.jurisdictions.packs import (
    Category,
    ClientType,
    Flow,
    Level,
    Limit,
    Pack,
    Per,
    Right,
)
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied
from stoa.theming.texts import N_

Convert = Callable[[Money, str], Money]


def reached(
    pack: Pack, client_type: ClientType, *, steps: Collection[str], checks: Collection[str]
) -> Level:
    """The highest rung all of whose steps are done and checks passed; the first needs nothing.

    Steps that are not for this type of client are not asked for.
    """
    ladder = defaults.levels_of(pack)
    mine = {step.code for step in forms.steps_of(pack) if client_type in step.for_types}
    standing = ladder[0]
    for level in ladder[1:]:
        needed = set(level.needs_steps) & mine
        if not needed <= set(steps) or not _needed_checks(level, pack, mine) <= set(checks):
            break
        standing = level
    return standing


def _needed_checks(level: Level, pack: Pack, mine: Collection[str]) -> set[str]:
    """A company takes no appropriateness test where no page of its wizard has one."""
    tests = {step.code for step in forms.steps_of(pack) if step.questionnaire}
    needed = set(level.needs_checks)
    return needed if not tests or tests & set(mine) else needed - {forms.APPROPRIATENESS}


def checks_of(pack: Pack, client_type: ClientType) -> tuple[str, ...]:
    """The checks a client of this type goes through."""
    mine = [step for step in forms.steps_of(pack) if client_type in step.for_types]
    tested = any(step.questionnaire for step in mine)
    return tuple(c for c in pack.checks if tested or c != forms.APPROPRIATENESS)


def must_allow(level: Level, right: Right) -> None:
    """Raise Denied when the level does not carry the right, saying what to do."""
    if right not in level.rights:
        raise Denied(
            "Finish your verification first: your level, {level}, does not allow this yet.",
            code=f"level-{right}",
            level=level.title,
        )


class Room(msgspec.Struct, frozen=True):
    """How much of one limit is left."""

    limit: Limit
    used: Money
    left: Money


def room(
    level: Level, flow: Flow, used: Mapping[Per, Sequence[Money]], convert: Convert
) -> tuple[Room, ...]:
    """What is left of each limit, in the limit's currency; never less than zero."""
    rooms: list[Room] = []
    for limit in level.limits:
        if limit.flow is not flow:
            continue
        currency = limit.most.currency
        spent = Money.zero(currency)
        for amount in used.get(limit.per, ()):
            spent += convert(amount, currency)
        left = limit.most - spent
        rooms.append(Room(limit, spent, left if left.amount > 0 else Money.zero(currency)))
    return tuple(rooms)


def must_fit(
    level: Level,
    flow: Flow,
    amount: Money,
    used: Mapping[Per, Sequence[Money]],
    convert: Convert,
) -> None:
    """Raise Denied when an amount does not fit into every limit, naming the tightest and its rest."""
    over = [
        each
        for each in room(level, flow, used, convert)
        if convert(amount, each.limit.most.currency) > each.left
    ]
    if over:
        tightest = min(over, key=lambda each: each.left.amount)
        raise Denied(
            _OVER[flow, tightest.limit.per],
            code=f"limit-{flow}-{tightest.limit.per}",
            field="amount",
            most=tightest.limit.most,
            left=tightest.left.floored(),
        )


_OVER = {
    (Flow.DEPOSIT, Per.DAY): N_("You can deposit {most} a day; {left} are left today."),
    (Flow.DEPOSIT, Per.MONTH): N_("You can deposit {most} a month; {left} are left this month."),
    (Flow.DEPOSIT, Per.LIFETIME): N_(
        "You can deposit {most} before you are verified; {left} are left. Finish your verification "
        "to deposit more."
    ),
    (Flow.WITHDRAWAL, Per.DAY): N_("You can withdraw {most} a day; {left} are left today."),
    (Flow.WITHDRAWAL, Per.MONTH): N_(
        "You can withdraw {most} a month; {left} are left this month."
    ),
    (Flow.WITHDRAWAL, Per.LIFETIME): N_(
        "You can withdraw {most} at your level; {left} are left. Finish your verification to "
        "withdraw more."
    ),
}


class Cap(msgspec.Struct, frozen=True):
    """The highest leverage allowed and every rule that had a say; the lowest of them holds."""

    leverage: int
    because: tuple[tuple[str, int], ...]


def leverage_cap(
    pack: Pack,
    *,
    group: str | None = None,
    test_cap: int = 0,
    category: Category = Category.RETAIL,
    asked: int | None = None,
) -> Cap | None:
    """The cap for a group of symbols, or for a whole account when `group` is None.

    `test_cap` comes from the appropriateness test and binds retail clients only; 0 says nothing.
    None when nothing caps it. A group the pack does not name falls under its lowest cap.
    """
    rules: list[tuple[str, int]] = []
    if pack.leverage_cap:
        caps = pack.leverage_cap
        if group is None:
            rules.append((f"pack {pack.code}", max(caps.values())))
        elif group in caps:
            rules.append((f"pack {pack.code}, {group}", caps[group]))
        else:
            rules.append((f"pack {pack.code}, lowest: {group} is not named", min(caps.values())))
    if test_cap and category is Category.RETAIL:
        rules.append(("appropriateness test", test_cap))
    if asked is not None:
        rules.append(("asked for", asked))
    if not rules:
        return None
    return Cap(min(cap for _, cap in rules), tuple(rules))
