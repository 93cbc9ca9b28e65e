"""Credits and debits by hand: asked by one, decided by another."""

from decimal import Decimal

import pytest

from brokerage.ledger import accounts, adjustments, wallets
from brokerage.ledger.model import AdjustmentState
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.posting import NotCovered
from stoa.kernel.refusals import Conflict, Denied, Invalid
from support.fixtures import staff
from support.ledger import eur, funded

WHY = {"reason": "Bank fee returned to the client", "evidence": "ticket 4711"}


def maker():
    return staff(Ledger.ADJUST, Ledger.APPROVE)


async def asked(work, client, amount="25", direction="credit", **more):
    return await adjustments.ask(
        work,
        client,
        eur(amount),
        direction=direction,
        category="goodwill",
        **(WHY | more),
    )


async def test_a_credit_waits_for_another_person_and_is_posted_then(work):
    client = await funded(work)
    work.actor = maker()
    row = await asked(work, client)
    assert await wallets.available(work, client, "EUR") == eur("1000")
    work.actor = maker()

    posted = await adjustments.approve(work, row.id, "seen the ticket")

    assert await wallets.available(work, client, "EUR") == eur("1025")
    assert (row.state, row.entry) == (AdjustmentState.POSTED, posted.entry)


async def test_who_asked_cannot_decide(work):
    client = await funded(work)
    work.actor = maker()
    row = await asked(work, client)

    with pytest.raises(Denied, match="asked for this yourself"):
        await adjustments.approve(work, row.id)
    with pytest.raises(Denied):
        await adjustments.reject(work, row.id)

    assert await wallets.available(work, client, "EUR") == eur("1000")


async def test_approval_wants_its_own_permission(work):
    client = await funded(work)
    work.actor = maker()
    row = await asked(work, client)
    work.actor = staff(Ledger.ADJUST)

    with pytest.raises(Denied, match="ledger:adjustments:approve"):
        await adjustments.approve(work, row.id)


async def test_a_decided_adjustment_is_decided_once(work):
    client = await funded(work)
    work.actor = maker()
    row = await asked(work, client)
    work.actor = maker()
    await adjustments.approve(work, row.id)

    with pytest.raises(Conflict):
        await adjustments.approve(work, row.id)
    with pytest.raises(Conflict):
        await adjustments.reject(work, row.id)


async def test_a_debit_the_wallet_cannot_bear_is_not_posted(work):
    client = await funded(work, "10")
    work.actor = maker()
    row = await asked(work, client, "11", "debit")
    work.actor = maker()

    with pytest.raises(NotCovered):
        await adjustments.approve(work, row.id)


@pytest.mark.parametrize("words", [{"reason": "short"}, {"evidence": ""}, {"reason": " " * 40}])
async def test_reason_and_evidence_are_owed(work, words):
    client = await funded(work)
    work.actor = maker()

    with pytest.raises(Invalid):
        await asked(work, client, **words)


async def test_one_person_adjusts_only_so_much_in_a_day(work):
    client = await funded(work)
    work.actor = maker()
    await asked(work, client, "40000")

    with pytest.raises(Denied, match="In one day") as refused:
        await asked(work, client, "8000")

    assert refused.value.code == "over-limit"


async def test_only_the_asker_takes_it_back(work):
    client = await funded(work)
    work.actor = maker()
    row = await asked(work, client)
    mine, work.actor = work.actor, maker()
    with pytest.raises(Denied):
        await adjustments.cancel(work, row.id)
    work.actor = mine

    await adjustments.cancel(work, row.id)

    assert row.state == AdjustmentState.CANCELLED


async def charged(work, client, kind="fee"):
    return await wallets.debit(
        work,
        client,
        eur("10"),
        operation=f"{kind}:{client}",
        kind=kind,
        against=accounts.house(work, "fees", "EUR"),
    )


async def test_a_reversal_asked_for_and_approved_undoes_the_entry(work):
    client = await funded(work)
    entry = (await charged(work, client)).entry
    work.actor = maker()
    row = await adjustments.ask_reversal(work, entry, **WHY)
    with pytest.raises(Conflict, match="asked for this reversal already"):
        await adjustments.ask_reversal(work, entry, **WHY)
    assert (row.direction, row.amount) == ("credit", Decimal(10))
    work.actor = maker()

    await adjustments.approve(work, row.id)

    assert await wallets.available(work, client, "EUR") == eur("1000")
    work.actor = maker()
    with pytest.raises(Conflict, match="reversed already"):
        await adjustments.ask_reversal(work, entry, **WHY)


@pytest.mark.parametrize("kind", ["deposit", "withdrawal", "transfer", "something-new"])
async def test_what_has_a_life_of_its_own_is_put_right_there(work, kind):
    client = await funded(work)
    entry = (await charged(work, client, kind)).entry
    work.actor = maker()

    with pytest.raises(Conflict, match="life of its own"):
        await adjustments.ask_reversal(work, entry, **WHY)
