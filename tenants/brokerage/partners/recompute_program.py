"""The small program a partner downloads: adds the month up again with nothing but Python."""

PROGRAM = '''#!/usr/bin/env python3
"""Recompute a month of rewards: python3 recompute.py rewards.json

amount = round(base * max(rate - below, 0) * factor, 12), halves up; excluded deals earn 0.
"""
import json, sys
from decimal import Decimal, ROUND_HALF_UP, getcontext

getcontext().prec = 60
rows = json.load(open(sys.argv[1]))
total, wrong = Decimal(0), 0
for row in rows:
    if row["excluded"]:
        amount = Decimal(0)
    else:
        share = max(Decimal(row["rate"]) - Decimal(row["below"]), Decimal(0))
        amount = (Decimal(row["base"]) * share * Decimal(row["factor"])).quantize(
            Decimal("1e-12"), rounding=ROUND_HALF_UP)
    if amount != Decimal(row["amount"]):
        wrong += 1
        print("differs:", row["deal"], row["amount"], "recomputed", amount)
    total += amount
print(f"{len(rows)} rewards, total {total.normalize():f}, {wrong} differ")
sys.exit(1 if wrong else 0)
'''
