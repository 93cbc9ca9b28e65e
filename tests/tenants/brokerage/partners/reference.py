"""What one deal is worth to everybody above its client, step by step: what the statement is held against."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from brokerage.partners import rules
from brokerage.partners.rewards.offers import group_of, pip_of
from brokerage.partners.rewards.timeline import Epoch
from brokerage.partners.terms import ON_DEALS, Plan, best
from brokerage.trading.symbols import Symbols, canonical

SYMBOLS = Symbols()
EIGHTEEN = Decimal("1e-18")
Line = tuple[int, str, str | None, Decimal]


def _18(number: Decimal) -> Decimal:
    return number.quantize(EIGHTEEN, rounding="ROUND_HALF_UP", context=rules._WIDE)


def worth(  # noqa: C901 - one deal from end to end, as a person would
    deal: Any, chain: Sequence[dict[str, Any]], epochs: Sequence[Epoch]
) -> list[Line]:
    """(depth, kind, excluded, amount) of every reward. `chain` has the client's own partner first."""
    settings = [one for one in epochs if one.since <= deal.at][-1].settings
    one = canonical(SYMBOLS, deal.symbol)
    group = group_of(settings, SYMBOLS, one.symbol)
    code, markup = (group.code, group.income_per_lot) if group else (settings.other_group, 0)
    mul = rules._WIDE.multiply
    commission = _18(abs(deal.commission))
    income = _18(abs(deal.commission) + mul(deal.lots, Decimal(markup)))
    marked = _18(mul(deal.lots, Decimal(markup)))
    pips = (abs(deal.price - deal.opened_price) / pip_of(one, group)).quantize(Decimal("1e-4"))
    bases = {"per-lot": deal.lots, "commission-share": commission, "revenue-share": income}
    found: list[dict[str, Any]] = []
    for kind in ON_DEALS:
        nearer, equals = Decimal(0), dict[Decimal, int]()
        for depth, who in enumerate(chain):
            plan: Plan = settings.plan(who["plan"])
            known = who["tier"] if who["tier"] in {t.code for t in plan.tiers.steps} else ""
            chosen = best(plan, kind, symbol=one.symbol, group=code, product="standard", tier=known)
            if chosen is None or depth >= plan.levels.depth:
                continue
            rule, _ = chosen
            own = who["own"].get("rates", {}).get(kind)
            rate = rule.stated
            if own is not None:
                rate = Decimal(own) / (1 if kind == "per-lot" else 100)
            base = bases.get(kind)
            if base is None:
                tick = _18(deal.spread) if deal.spread is not None else marked
                base = tick if rule.of == "tick" else marked
            below = Decimal(0)
            if plan.levels.pay == "by-level":
                if depth >= len(plan.levels.shares):
                    continue
                rate = mul(rate, plan.levels.shares[depth] / 100)
            else:
                same = equals.get(rate, 0)
                equals[rate] = same + 1
                if rate > nearer:
                    below, nearer = nearer, rate
                elif rate == nearer and 1 <= same <= plan.levels.same_rank_depth:
                    rate = mul(rate, plan.levels.same_rank_percent / 100)
                else:
                    continue
            if rate > below:
                found.append({"depth": depth, "kind": kind, "base": base, "rate": rate,
                              "below": below, "plan": plan, "who": who})  # fmt: skip
    together = Decimal(0)
    for line in found:
        line["ratio"] = mul(
            line["who"]["ratio"],
            chain[-1]["master"] if line["depth"] < len(chain) - 1 else Decimal(1),
        )
        share = mul(line["rate"] - line["below"], line["ratio"])
        together = rules._WIDE.add(together, mul(line["base"], share))
    return [_line(deal, line, income, together, pips) for line in found]


def _line(
    deal: Any, line: dict[str, Any], income: Decimal, together: Decimal, pips: Decimal
) -> Line:
    plan: Plan = line["plan"]
    held = int((deal.at - deal.opened_at).total_seconds())
    excluded = None
    if held < plan.excluded.held_less_than_s:
        excluded = f"held {held} s, the plan asks {plan.excluded.held_less_than_s} s"
    elif pips < plan.excluded.pips_less_than:
        asked = f"{plan.excluded.pips_less_than.normalize():f}"
        excluded = f"moved {pips.normalize():f} pips, the plan asks {asked}"
    cap = Decimal(plan.cap.percent_of_income) / 100
    factor = None
    if together > rules._WIDE.multiply(income, cap):
        factor = rules.factor_of(income, cap, _18(together))
    amount = rules.amount(line["base"], line["rate"], line["below"], factor, ratio=line["ratio"])
    return line["depth"], line["kind"], excluded, Decimal(0) if excluded else amount
