"""I16 can fail: whatever nobody was told of is named, and is not once they were."""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import delete, select, update

from brokerage.faults import alarms
from brokerage.faults.alarms import Alarms
from brokerage.faults.record import Record
from brokerage.payments.depositing import crediting, telling
from brokerage.payments.events import MoneyUnresolved
from brokerage.payments.model import PayoutAttempt, Unresolved, Withdrawal
from brokerage.payments.permissions import Payments
from brokerage.payments.routing import watching
from brokerage.payments.routing.model import ProviderIncident
from brokerage.payments.settings import Retries
from brokerage.payments.withdrawing import payouts
from brokerage.recon import breaks
from brokerage.recon.model import Break
from brokerage.recon.permissions import Recon
from stoa.connectors.outcomes import Unknown
from stoa.kernel.config import Role
from stoa.kernel.ids import uuid7
from stoa.notices.model import Notice
from support.people import make_staff

from ..payments.test_payout_courses import answered, approved, fails  # noqa: TID252
from ..payments.test_withdrawals import parts  # noqa: TID252
from ..payments.test_withdrawing import ruled  # noqa: TID252

MINUTES = 5


async def named(market, watched: Alarms | None = None) -> list[str]:
    record = Record()
    async with market.opener()() as work:
        if watched is None:
            await alarms.compare(work, "t", record)
        else:
            await watched.compare(work, "t", record)
    assert {one.invariant for one in record.breaches} <= {"I16"}
    return [one.detail for one in record.breaches]


@pytest.fixture
async def keeper(market):
    async with market.opener()() as work:
        may = [Payments.RESOLVE, Payments.PSPS, Recon.BREAKS]
        person, _ = await make_staff(work, [str(one) for one in may])
    return person


async def test_money_that_waits_for_a_person_is_told_of(market, keeper):
    for turn in range(2):
        async with market.opener()() as work:
            told = {"problem": "unknown-reference", "proposed": "look"}
            assert await crediting.note(work, psp="alpha", reference=f"ref-{turn}", **told)
        assert "unknown-reference: not everybody was told" in await named(market)
        async with market.opener()() as work:
            item = await work.first(select(Unresolved.id).order_by(Unresolved.id.desc()))

        for _ in range(2):
            await telling.tell_staff(market.opener(), MoneyUnresolved(item=item))

        assert await named(market) == []
    async with market.opener()() as work:
        lines = await work.rows(select(Notice.path).where(Notice.person == keeper.id))
    # Until it is read it is one line, however much comes.
    assert list(lines) == [telling.QUEUE]


async def test_a_provider_that_failed_is_told_of(market, keeper):
    async with market.opener()() as work:
        work.add(
            ProviderIncident(
                id=uuid7(),
                psp="beta",
                cause="errors",
                opened_at=work.now,
                calls=9,
                failures=9,
                slow=0,
                story=[],
            )
        )
    assert "beta failed: not everybody was told" in await named(market)

    async with market.opener()() as work:
        await watching.tell_people(work, "{psp} fails; new payments go elsewhere", "beta")

    assert await named(market) == []


async def test_a_difference_between_books_and_evidence_is_told_of(market, keeper):
    async with market.opener()() as work:
        work.add(
            Break(
                id=uuid7(),
                reference="B-7K3M-9QXR",
                key="k",
                side="psp",
                source="psp:alpha",
                kind="payment",
                entity="e",
                amount=5,
                currency="EUR",
                happened_at=work.now,
                opened_at=work.now,
                notes=[],
            )
        )
    assert "psp:alpha: not everybody was told" in await named(market)

    async with market.opener()() as work:
        await breaks.tell(work, 1)

    assert await named(market) == []


async def test_a_payout_that_stays_unknown_for_long_is_told_of(market, customer):
    await ruled(market, retries=Retries(unknown_tell_min=MINUTES))
    row = await approved(market, customer)
    await answered(market, row, Unknown("no-answer"))
    (part,) = await parts(market, row.id)
    watched = Alarms(MINUTES)
    owner = await asyncpg.connect(market.house.config.dsn(Role.ADMIN))
    try:
        await owner.execute(f'set search_path = "{market.tenant.schema}"')
        await watched.look(owner)
        assert await named(market, watched) == [] and not watched.late
        async with market.opener()() as work:
            await work.run(
                update(PayoutAttempt)
                .where(PayoutAttempt.id == part.id)
                .values(sent_at=work.now - timedelta(minutes=MINUTES + 1), next_ask_at=work.now)
            )
        await watched.look(owner)
        await fails(market)
        await payouts.sweep(market.opener())
        await watched.look(owner)
    finally:
        await owner.close()

    assert watched.late == {part.id}
    assert await named(market, watched) == []

    async with market.opener()() as work:
        story = [one for one in row.story if one["what"] != "unknown-long"]
        await work.run(update(Withdrawal).where(Withdrawal.id == row.id).values(story=story))
        await work.run(delete(Notice))
    assert await named(market, watched) == ["unknown for long, and nobody was told"]
