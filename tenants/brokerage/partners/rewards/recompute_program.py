"""The small program a partner downloads: adds the month up again with nothing but Python."""

from typing import Final

PROGRAM: Final = '''#!/usr/bin/env python3
"""Recompute a month of rewards: python3 recompute.py rewards.json

amount = round(base * max(rate - below, 0) * ratio * factor, 12) - already, halves up. An excluded
deal earns 0. What is empty is 1, of already 0. Where the cap was reached, factor is what it leaves of
what all earn together: income * cap / together, cut off after 18 digits. Base is lots, or what the rate
is a share of. One formula for every kind, for adjustments, and for what a dispute took back or gave.
"""
import json, sys
from decimal import Decimal, ROUND_HALF_UP, getcontext

getcontext().prec = 250
ONE, NONE = Decimal(1), Decimal(0)
rows = json.load(open(sys.argv[1]))
total, wrong, kinds = NONE, 0, {}


def number(row, name, empty):
    return Decimal(row[name]) if row[name] else empty


for row in rows:
    base, rate, below = (Decimal(row[name]) for name in ("base", "rate", "below"))
    ratio, factor = number(row, "ratio", ONE), number(row, "factor", ONE)
    already, amount = number(row, "already", NONE), Decimal(row["amount"])
    if row["cap"]:
        whole = Decimal(row["income"]) * Decimal(row["cap"]) * 10**18
        capped = (whole // Decimal(row["together"])).scaleb(-18)
        if capped != factor:
            wrong += 1
            print("differs:", row["deal"], "factor", row["factor"], "recomputed", capped)
        factor = capped
    if row["excluded"]:
        again = -already
    else:
        share = max(rate - below, NONE)
        again = (base * share * ratio * factor).quantize(
            Decimal("1e-12"), rounding=ROUND_HALF_UP) - already
    if again != amount:
        wrong += 1
        print("differs:", row["deal"], row["kind"], row["amount"], "recomputed", again)
    total += again
    count, sum_ = kinds.get(row["kind"], (0, NONE))
    kinds[row["kind"]] = count + 1, sum_ + again
for kind in sorted(kinds) if len(kinds) > 1 else ():
    print(f"{kind}: {kinds[kind][0]} rewards, {kinds[kind][1].normalize():f}")
print(f"{len(rows)} rewards, total {total.normalize():f}, {wrong} differ")
sys.exit(1 if wrong else 0)
'''
