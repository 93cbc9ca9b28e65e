"""The program that partners download repeats every kind of line, and notices whatever was changed."""

import json
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select

from brokerage.partners import queries, rules
from brokerage.partners.model import Reward
from brokerage.partners.rewards import accruals, months, recounting
from brokerage.partners.rewards.recompute_program import PROGRAM
from brokerage.partners.rewards.timeline import BEGINNING, Epoch
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.terms import Amount, Cap, Levels, RewardRule, Tier, Tiers, When
from brokerage.partners.tree import standings
from brokerage.trading import deals
from brokerage.trading.model import TradingServer

from .builders import SERVER, a_partner, a_trade, a_trader, later
from .test_clawing import paid, told
from .test_engine import _always, with_plan

INTO = {"USD": Decimal(1), "EUR": Decimal("1.083700001")}
EVERY = (
    RewardRule(kind="per-lot", rate=Amount(amount=Decimal("1.37"))),
    RewardRule(kind="per-lot", rate=Amount(amount=Decimal("2.11")), when=When(tier=("silver",))),
    RewardRule(kind="spread-share", percent=Decimal("7.7"), of="tick"),
    RewardRule(kind="commission-share", percent=Decimal("11.3")),
    RewardRule(kind="revenue-share", percent=Decimal("3.3")),
    RewardRule(kind="profit-share", percent=Decimal("9.1")),
)
RANKS = with_plan(
    rewards=EVERY,
    levels=Levels(same_rank_percent=Decimal("12.5"), same_rank_depth=2, depth=5),
    cap=Cap(percent_of_income=20),
    tiers=Tiers(steps=(Tier(code="silver", label="Silver", lots_min=Decimal(1)),)),
)
BY_LEVEL = with_plan(
    version=2,
    rewards=EVERY,
    levels=Levels(pay="by-level", shares=(Decimal(60), Decimal("30.5"), Decimal("9.5"))),
    cap=Cap(percent_of_income=15),
    tiers=RANKS.plans[0].tiers,
)


async def told_and_rewarded(work, ids, settings):
    """Two traders, one in another currency: deals that earn, are capped, and are held too shortly."""
    traders = [await a_trader(work, ids[0], currency=one) for one in ("USD", "EUR")]
    deposit = await paid(work, traders[0].client)
    later(work, hours=2)
    for trader in traders:
        pairs = [
            deal
            for at, (lots, paid_, held) in enumerate(
                (
                    ("0.13", "-9.07", 700),
                    ("3.33", "0", 121),
                    ("1.07", "-0.35", 5),
                    ("0.29", "-2.22", 9999),
                )
            )
            for deal in a_trade(
                trader.login,
                work.now - timedelta(seconds=10 * at),
                lots=lots,
                held_s=held,
                commission=Decimal(paid_),
            )
        ]
        await deals.store(work, SERVER, pairs, trader.owners)
    await accruals.accrue(
        work,
        since=work.now,
        until=work.now,
        rates=INTO,
        server=SERVER,
        epochs=[Epoch(BEGINNING, settings)],
    )
    return traders, deposit


def ran(folder, month):
    (folder / "recompute.py").write_text(PROGRAM)
    (folder / "rewards.json").write_text(json.dumps(month))
    return subprocess.run(
        [sys.executable, "-I", "recompute.py", "rewards.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_every_kind_of_line_of_a_month_is_repeated_to_the_last_digit(
    work, monkeypatch, tmp_path
):
    monkeypatch.setitem(work._settings, PartnerSettings, RANKS)
    monkeypatch.setattr("brokerage.partners.rewards.timeline.read", _always(RANKS))
    work.add(
        TradingServer(
            code=SERVER,
            symbols=[],
            prices={"EURUSD": {"bid": "1.079", "ask": "1.07913"}},
            prices_at=work.now + timedelta(hours=5),
        )
    )
    above, ids = None, []
    for _ in range(4):
        above = await a_partner(work, above)
        ids.insert(0, above)
    for place, (rates, tier, ratio) in enumerate(
        (
            ({}, "", "1"),
            ({"per-lot": "1.99"}, "", "0.333333333"),
            ({}, "silver", "1.1"),
            ({}, "silver", "1"),
        )
    ):
        await standings.change(
            work, ids[place], since=work.now, tier=tier, own={"rates": rates},
            ratio=Decimal(ratio), master=Decimal("0.9"),
        )  # fmt: skip
    later(work, hours=3)
    first = work.now - timedelta(days=1)
    traders, deposit = await told_and_rewarded(work, ids, RANKS)
    await months.close(work, first, work.now + timedelta(seconds=1), "2031-01")
    await recounting.recount(
        work, first, work.now + timedelta(hours=1), rates=INTO, why="paid by level",
        epochs=[Epoch(BEGINNING, BY_LEVEL)],
    )  # fmt: skip
    await told(work, deposit, "chargeback", "125.00")

    seen = await work.rows(select(Reward).where(Reward.partner.in_(ids)))
    assert {one.kind for one in seen} >= {
        "per-lot", "spread-share", "commission-share", "revenue-share", "profit-share", "carried-on",
    }  # fmt: skip
    assert {one.how for one in seen} >= {"difference", "same-rank", "level"}
    assert {one.spread for one in seen} >= {"tick", None}
    for holds in (
        [one for one in seen if one.cap is not None],
        [one for one in seen if one.ratio not in {None, 1}],
        [one for one in seen if one.tier == "silver"],
        [one for one in seen if one.fx_rate == INTO["EUR"]],
        [one for one in seen if one.turn and one.already],
        [one for one in seen if one.excluded],
        [one for one in seen if one.dispute is not None],
    ):
        assert holds
    assert all(rules.recompute(one) == one.amount for one in seen)

    window = (first - timedelta(days=1), work.now + timedelta(days=1))
    every = []
    for partner in ids:
        month = await queries.month_of(work, partner, *window)
        done = ran(tmp_path, month)
        total = await work.value(select(func.sum(Reward.amount)).where(Reward.partner == partner))

        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(month)} rewards, total {total.normalize():f}, 0 differ" in done.stdout
        every += month

    changed = 0
    for name in ("base", "rate", "below", "ratio", "factor", "already", "together", "amount"):
        line = next(
            one
            for one in every
            if one[name]
            and not one["excluded"]
            and Decimal(one["base"])
            and (name != "below" or Decimal(one["below"]))
        )
        wrong = line | {name: format(Decimal(line[name]) * 2 + 1, "f")}
        assert ran(tmp_path, [wrong]).returncode == 1, name
        changed += 1
    assert changed == 8
    assert {one.client for one in seen} >= {one.client for one in traders}
