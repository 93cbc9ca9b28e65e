"""What becomes of trading accounts: other terms asked for, many changed at once, put away, below zero."""

import secrets
from typing import Final
from uuid import UUID

from brokerage.demo import groups
from brokerage.demo.connect import change
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped, tried
from brokerage.product import PRODUCT
from brokerage.trading import covering, servers
from brokerage.trading.connector import Which
from brokerage.trading.importing import asking as importing
from brokerage.trading.importing.lines import Options
from brokerage.trading.lifecycle import asking, batches, deciding, evidence, planning, sleeping
from brokerage.trading.lifecycle.model import BatchState, RequestState
from brokerage.trading.lifecycle.planning import Choice
from brokerage.trading.model import TradingAccount
from brokerage.trading.settings import TradingSettings
from brokerage.trading.values import NewAccount, Profile
from stoa.tenancy.settings import as_data

LIVE: Final = "mt5-live"
_IN_DOLLARS: Final = "real\\standard-usd"
_WITHOUT_SWAPS: Final = "real\\islamic-usd"
_STRANGERS: Final = 7
_CORRECTION: Final = 5
"""The server's own kind of money movement: a dealer's correction."""


async def offer(story: Story) -> None:
    """Where accounts are kept in dollars some may be without swaps; staff decide."""
    if story.ref.base_currency != "USD":
        return
    async with story.world.work(story.ref, purpose="demo.swaps") as work:
        body = as_data(work.settings(PRODUCT.slices["trading"]))
        for one in body["servers"]:
            for rule in one["groups"]:
                if rule["group"] == groups.own(story.ref.slug, _IN_DOLLARS):
                    rule["swap_free"] = groups.own(story.ref.slug, _WITHOUT_SWAPS)
        swap_free = {**body["swap_free"], "decides": "staff"}
        await change(work, "trading", servers=body["servers"], swap_free=swap_free)


async def happen(story: Story) -> None:
    """After two months of trading, over the last two hours."""
    rows = [row for row in story.played if row.logins]
    await _wishes(story, rows)
    await _by_staff(story, rows)
    await _without_swaps(story, rows)
    await _put_away(story)
    await _batches(story)
    await _from_elsewhere(story)
    await _below_zero(story, rows)


async def _account(story: Story, account: UUID | None) -> TradingAccount:
    async with story.world.work(story.ref, purpose="demo.look") as work:
        return await work.get(TradingAccount, account)


async def _leverages(story: Story, row: Played) -> tuple[int, list[int]]:
    """What the account has, and the others its product offers."""
    account = await _account(story, row.live)
    async with story.world.work(story.ref, purpose="demo.look") as work:
        kinds = work.settings(TradingSettings).products
    offered = next(one.leverages for one in kinds if one.code == account.product)
    return account.leverage, sorted(one for one in offered if one != account.leverage)


async def _wishes(story: Story, rows: list[Played]) -> None:
    """Clients ask for other leverage and for new passwords; rules decide most of it."""
    for at, row in enumerate(rows[4:14]):
        now, others = await _leverages(story, row)
        lower = [one for one in others if one < now]
        higher = [one for one in others if one > now]
        wanted = higher[0] if at % 2 and higher else lower[-1] if lower else None
        if wanted is None or row.live is None:
            continue
        account, note = row.live, "I trade smaller now." if wanted < now else "For hedging."
        await pumped(
            story,
            story.world.client(row.id),
            "leverage",
            asking.leverage,
            account,
            wanted,
            note,
        )
    for row in rows[15:17]:
        if (own := row.live) is not None:
            await pumped(
                story,
                story.world.client(row.id),
                "password",
                asking.password,
                own,
                Which.MAIN,
            )


async def _by_staff(story: Story, rows: list[Played]) -> None:
    """The desk asks for more leverage for two; one is agreed to, one still waits, one is refused."""
    desk, owner = story.hands["dealing"], story.hands["owner"]
    for at, row in enumerate(rows[18:24]):
        now, others = await _leverages(story, row)
        higher = [one for one in others if one > now]
        if not higher or (account := row.live) is None:
            continue
        made = await pumped(
            story,
            desk,
            "leverage-by-staff",
            asking.leverage,
            account,
            higher[0],
            "Asked for on the phone.",
        )
        if made is None or made.state != RequestState.ASKED or at == 0:
            continue
        if at == 1:
            told = "Not before the papers are renewed."
            await pumped(story, owner, "no", deciding.refuse, made.id, told)
        elif at == 2:
            seal = deciding.seal_of(made)
            await pumped(story, owner, "yes", deciding.approve, made.id, seal)


async def _without_swaps(story: Story, rows: list[Played]) -> None:
    """Two ask for an account without swaps, one of them with a paper that says why."""
    if story.ref.base_currency != "USD":
        return
    told = "I keep the rules of my faith and neither pay nor take interest."
    for at, row in enumerate(rows[26:28]):
        if (plain := row.live) is not None:
            paper = story.papers["address"][:2] if at == 0 else None
            actor = story.world.client(row.id)
            await pumped(story, actor, "swap-free", evidence.ask, plain, told, paper)


async def _put_away(story: Story) -> None:
    """Two demo accounts are put away by their owners, and one is kept from sleeping."""
    rows = [row for row in story.played if row.demo is not None and not row.logins]
    for row in rows[:2]:
        if (archived := row.demo) is not None:
            await pumped(
                story,
                story.world.client(row.id),
                "archive",
                asking.archive,
                archived,
                "Not needed any more.",
            )
    for row in rows[2:3]:
        if (archived := row.demo) is not None:
            until = story.world.real_now.replace(day=1)
            until = until.replace(
                year=until.year + (until.month > 9), month=(until.month + 3 - 1) % 12 + 1
            )
            await tried(
                story,
                story.hands["owner"],
                "awake",
                sleeping.exempt,
                archived,
                until,
                "Travels until then.",
            )


async def _batches(story: Story) -> None:
    """A batch that ran in the name of prudence, and one that is only planned."""
    owner, opener = story.hands["owner"], story.world.opener(story.ref, purpose="demo.batch")
    for ratio, why, run in (
        (20, "Less leverage there before the elections", True),
        (10, "What 1:10 would mean for everybody", False),
    ):
        choice = Choice(server=LIVE, country=story.wish.countries[0] if run else "", above=ratio)
        made = await tried(story, owner, "batch", planning.plan_leverage, choice, ratio, why)
        if made is None or not run:
            continue
        started = await tried(story, owner, "batch-start", batches.start, made.id)
        if started is not None and started.state == BatchState.ASKED:
            head = story.hands["head"]
            await tried(story, head, "batch-agree", batches.agree, made.id)
        await story.world.pump(story.ref)
        for _ in range(4):
            await batches.sweep(opener)
            await story.world.pump(story.ref)


async def _from_elsewhere(story: Story) -> None:
    """Accounts that somebody else opened on the server long ago: looked at, not taken over yet."""
    world = story.world
    async with world.work(story.ref, purpose="demo.look") as work:
        rules = work.settings(TradingSettings).server(LIVE).groups  # type: ignore[union-attr]
        base = story.ref.base_currency
        group = next(one.group for one in rules if base in one.when.currency)
        connector = await servers.connect(work, LIVE)
    known = [row.someone for row in story.played[9:11]]
    people = [*known, *(next(story.strangers) for _ in range(_STRANGERS - len(known)))]
    for at, one in enumerate(people):
        made = NewAccount(
            external_id=f"old-{story.ref.slug}-{at + 1}",
            group=group,
            leverage=100,
            profile=Profile(name=f"{one.first} {one.last}", email=one.email, country=one.country),
            password=f"Old!{secrets.token_hex(6)}",
            investor_password=f"Old!{secrets.token_hex(6)}",
        )
        await connector.create_account(made)
    await pumped(
        story,
        story.hands["owner"],
        "import",
        importing.look,
        LIVE,
        Options(groups=(group,), unmatched="lead"),
    )


async def _below_zero(story: Story, rows: list[Played]) -> None:
    """Two accounts owe more than they held: one loss the house bears, one waits for a person."""
    opener = story.world.opener(story.ref, purpose="demo.cover")
    found = 0
    for row in reversed(rows):
        account = await _account(story, row.live)
        if found == 2 or account.margin > 0 or account.login is None or account.balance <= 0:
            continue
        loss = account.balance + (37, 1240)[found]
        await story.world.lever(
            "trading",
            f"/dealer/{account.login}/money",
            {
                "amount": f"-{loss:.2f}",
                "type": _CORRECTION,
                "comment": "Gap over the weekend",
                "forced": True,
            },
        )
        await covering.look(opener, account.id)
        await story.world.pump(story.ref)
        found += 1
