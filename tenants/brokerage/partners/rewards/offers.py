"""What each plan offers for each symbol and account type, as arrays for one statement. Pure.

Symbols and account types for which every plan says the same are one class, so that the tree above a
partner is gone through once per class and not once per deal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from brokerage.partners.rewards.timeline import Epoch
from brokerage.partners.settings import PartnerSettings, SymbolGroup
from brokerage.partners.terms import AMOUNTS, ON_DEALS, Plan, best
from brokerage.trading.symbols import Instrument, Symbols, canonical

_ODD: Final = frozenset({3, 5})
_NONE: Final = Instrument(symbol="-", group="other", known=False)
"""What has no symbol: a fee, a month, a client."""


@dataclass(slots=True)
class Offers:
    """`symbols` are columns by (epoch, symbol, product); `offers` by (class, plan, tier, kind, level)."""

    epochs: list[datetime] = field(default_factory=list)
    symbols: dict[str, list[Any]] = field(default_factory=dict)
    offers: dict[str, list[Any]] = field(default_factory=dict)
    currency: str = ""

    def parameters(self) -> dict[str, Any]:
        """The names that the statement reads them by."""
        return {
            "epochs": self.epochs,
            **{f"s_{name}": values for name, values in self.symbols.items()},
            **{f"o_{name}": values for name, values in self.offers.items()},
        }


_SYMBOLS: Final = ("epoch", "symbol", "product", "class", "name", "grp", "income", "pip")
_OFFERS: Final = (
    "class", "plan", "cites", "version", "tier", "kind", "rate", "unit", "share", "level", "reach", "pay",
    "same_share", "same_depth", "found_by", "spread", "held", "pips", "barred", "cap", "on_deals",
)  # fmt: skip


def group_of(settings: PartnerSettings, symbols: Symbols, name: str) -> SymbolGroup | None:
    """The first group that lists the symbol of this canonical name."""
    for group in settings.symbol_groups:
        if any(canonical(symbols, listed).symbol == name for listed in group.symbols):
            return group
    return None


def pip_of(one: Instrument, group: SymbolGroup | None) -> Decimal:
    """As the group says, else ten points of a price with an odd number of digits, else one point."""
    if group is not None and group.pip is not None:
        return group.pip
    return Decimal(1).scaleb(1 - one.digits if one.digits in _ODD else -one.digits)


def gather(
    epochs: Sequence[Epoch],
    wanted: Iterable[tuple[str, str]],
    standing: Iterable[tuple[str, str]],
    symbols: Symbols,
    *,
    kinds: Sequence[str] = ON_DEALS,
    source: str = "",
) -> Offers:
    """For (symbol, product) pairs of deals and (plan, tier) pairs of partners, in each epoch."""
    pairs, places = sorted(set(wanted)), sorted(set(standing))
    found = Offers(
        epochs=[one.since for one in epochs[1:]],
        currency=epochs[-1].settings.currency,
        symbols={name: [] for name in _SYMBOLS},
        offers={name: [] for name in _OFFERS},
    )
    number = 0
    for at, epoch in enumerate(epochs):
        settings = epoch.settings
        classes: dict[tuple[Any, ...], int] = {}
        for typed, product in pairs:
            one = canonical(symbols, typed) if typed else _NONE
            group = group_of(settings, symbols, one.symbol) if typed else None
            code = group.code if group else settings.other_group if typed else ""
            rows = tuple(
                row
                for plan, tier in places
                for row in _rows(settings.plan(plan), plan, tier, one.symbol, code, product, kinds, source)
            )  # fmt: skip
            if rows not in classes:
                number += 1
                classes[rows] = number
                for row in rows:
                    for column, value in zip(_OFFERS, (number, *row), strict=True):
                        found.offers[column].append(value)
            income = group.income_per_lot if group else Decimal(0)
            place = (
                at,
                typed,
                product,
                classes[rows],
                one.symbol,
                code,
                income,
                pip_of(one, group),
            )
            for column, value in zip(_SYMBOLS, place, strict=True):
                found.symbols[column].append(value)
    return found


def _rows(
    plan: Plan,
    named: str,
    tier: str,
    symbol: str,
    group: str,
    product: str,
    kinds: Sequence[str],
    source: str,
) -> Iterable[tuple[Any, ...]]:
    """A plan's lines for one kind of deal; paid by level, a line for each level."""
    known = tier if tier in {one.code for one in plan.tiers.steps} else ""
    for kind in kinds:
        chosen = best(
            plan, kind, symbol=symbol, group=group, product=product, tier=known, source=source
        )
        if chosen is None:
            continue
        rule, by = chosen
        levels = plan.levels
        shares: Mapping[int | None, Decimal] = (
            dict(enumerate(share / 100 for share in levels.shares))
            if levels.pay == "by-level"
            else {None: Decimal(1)}
        )
        for level, share in shares.items():
            yield (
                named,
                plan.code,
                plan.version,
                tier,
                kind,
                rule.stated,
                Decimal(1) if kind in AMOUNTS else Decimal(100),
                share,
                level,
                levels.depth,
                levels.pay,
                levels.same_rank_percent / 100,
                levels.same_rank_depth,
                by if not rule.when.tier else f"{by}, tier {known}",
                rule.of if kind == "spread-share" else None,
                plan.excluded.held_less_than_s,
                plan.excluded.pips_less_than,
                product in plan.excluded.products,
                Decimal(plan.cap.percent_of_income) / 100,
                kind in ON_DEALS,
            )
