"""What finance does about disputes: by hand with a reason, by two where money is given up."""

import io
import json
import zipfile
from decimal import Decimal

import pytest
from sqlalchemy import select

from brokerage.payments.disputes import deciding, ratio
from brokerage.payments.disputes.deciding import Entered
from brokerage.payments.model import Dispute
from brokerage.payments.values import DisputeStage
from stoa.audit.model import AuditEntry
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound

from .disputed import Disputing, stands, usd
from .people import finance

READ = "Read at the provider's screens."


@pytest.fixture
def disputes(market) -> Disputing:
    return Disputing(market)


async def entered(market, deposit, actor=None, case="CB-77", **more):
    async with market.opener(actor or finance())() as work:
        told = Entered(case, DisputeStage.CHARGEBACK, **more)
        return await deciding.enter(work, deposit, told, READ)


async def test_one_entered_by_hand_is_joined_by_the_providers_own_notice(
    market, customer, disputes
):
    deposit = await customer.paid("500.00")
    one = finance()

    row = await entered(market, deposit, one, money=usd("450.00"))
    await disputes.told(deposit, "lost", case="CB-77", psp=row.psp, money=usd("450.00"), day=999)

    row = await disputes.one(deposit)
    assert (row.opened_by, row.owner, row.stage) == (one.id, one.id, "lost")
    assert row.story[0]["text"] == READ
    assert stands(await disputes.where(customer)) == ("50", "0", "0", "450")
    assert await disputes.laws() == []


async def test_by_hand_it_needs_a_reason_a_number_and_money_that_came(market, customer):
    deposit = await customer.paid("500.00")
    other = await customer.start("70.00")

    with pytest.raises(Invalid):
        async with market.opener(finance())() as work:
            await deciding.enter(work, deposit, Entered("CB-1", DisputeStage.CHARGEBACK), "  ")
    with pytest.raises(Invalid):
        await entered(market, deposit, case=" ")
    with pytest.raises(Invalid):
        await entered(market, deposit, money=usd("0.00"))
    with pytest.raises(Conflict):
        await entered(market, other.deposit)
    with pytest.raises(Denied):
        await entered(market, deposit, finance(without=["payments:dispute:edit"]))


async def test_who_sees_only_other_clients_finds_no_dispute_and_no_evidence(
    market, customer, disputes, desk
):
    """T38, T47."""
    deposit = await customer.paid("500.00")
    row = await disputes.told(deposit, "chargeback")
    stranger = finance()
    stranger = type(stranger)(
        stranger.kind, stranger.id, stranger.name, stranger.permissions, scope="own"
    )

    async with market.opener(stranger)() as work:
        with pytest.raises(NotFound):
            await deciding.note(work, row.id, "let me in")
    staff = await desk()
    for path in (uuid7(), f"{uuid7()}/evidence.zip"):
        assert (await staff.get(f"/desk/disputes/{path}")).status_code == 404
    support = await desk("Support")
    for path in ("", f"/{row.id}", f"/{row.id}/evidence.zip"):
        assert (await support.get(f"/desk/disputes{path}")).status_code in {403, 404}


async def test_won_by_hand_undoes_it_and_what_cannot_follow_is_refused(market, customer, disputes):
    deposit = await customer.paid("500.00")
    row = await entered(market, deposit)

    async with market.opener(finance())() as work:
        with pytest.raises(Conflict):
            await deciding.moved(work, row.id, DisputeStage.INQUIRY, READ)
    async with market.opener(finance())() as work:
        await deciding.moved(work, row.id, DisputeStage.WON, READ)

    assert stands(await disputes.where(customer)) == ("500", "0", "0", "0")


async def test_lost_by_hand_takes_two(market, customer, disputes):
    deposit = await customer.paid("500.00")
    row = await entered(market, deposit)
    one, two = finance(), finance()

    async with market.opener(one)() as work:
        with pytest.raises(Invalid):
            await deciding.moved(work, row.id, DisputeStage.LOST, READ)
    async with market.opener(one)() as work:
        await deciding.ask(work, row.id, "lost", READ)
    assert stands(await disputes.where(customer)) == ("0", "500", "0", "0")
    async with market.opener(one)() as work:
        with pytest.raises(Denied) as told:
            await deciding.agree(work, row.id)
    assert told.value.code == "maker"
    async with market.opener(two)() as work:
        await deciding.agree(work, row.id)

    assert stands(await disputes.where(customer)) == ("0", "0", "0", "500")
    assert await disputes.laws() == []


async def test_what_is_owed_is_collected_and_the_rest_is_given_up_by_two(
    market, customer, disputes
):
    """T43: nothing is given up by one person, and once it is, only what is still owed."""
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "500.00")
    row = await disputes.told(deposit, "lost", money=usd("500.00"), debited=usd("500.00"))
    await customer.paid("80.00")
    one, two = finance(), finance()

    async with market.opener(one)() as work:
        assert await deciding.collect(work, row.id) == usd("80.00")
    async with market.opener(one)() as work:
        with pytest.raises(Conflict):
            await deciding.collect(work, row.id)
    async with market.opener(one)() as work:
        await deciding.ask(work, row.id, "write-off", "the client cannot be found")
    async with market.opener(two)() as work:
        await deciding.agree(work, row.id)
    async with market.opener(finance())() as work:
        with pytest.raises(Conflict):
            await deciding.agree(work, row.id)

    where = await disputes.where(customer)
    assert stands(where) == ("0", "0", "0", "0") and where.given_up == Decimal(-420)
    assert await disputes.laws() == []

    await disputes.told(deposit, "won", day=9)
    where = await disputes.where(customer)
    assert stands(where) == ("80", "0", "0", "0") and where.given_up == 0
    assert await disputes.laws() == []


async def test_a_no_moves_nothing_and_it_may_be_asked_again(market, customer, disputes):
    deposit = await customer.paid("500.00")
    row = await entered(market, deposit)
    async with market.opener(finance())() as work:
        await deciding.ask(work, row.id, "lost", READ)
    async with market.opener(finance())() as work:
        await deciding.decline(work, row.id, "the deadline is next week")

    async with market.opener(finance())() as work:
        row = await deciding.ask(work, row.id, "lost", READ)
    assert row.decided_at is None
    assert stands(await disputes.where(customer)) == ("0", "500", "0", "0")


async def test_the_providers_debit_is_booked_once_and_returned_once(market, customer, disputes):
    deposit = await customer.paid("500.00")
    row = await entered(market, deposit)
    start = await disputes.at_provider(psp=row.psp)

    async with market.opener(finance())() as work:
        await deciding.debited(work, row.id, usd("500.00"), usd("15.00"), READ)
    assert await disputes.at_provider(psp=row.psp) == start - 515
    async with market.opener(finance())() as work:
        with pytest.raises(Conflict):
            await deciding.debited(work, row.id, usd("500.00"), None, READ)
    assert await disputes.laws() == []
    async with market.opener(finance())() as work:
        await deciding.returned(work, row.id, READ)
    assert await disputes.at_provider(psp=row.psp) == start - 15
    async with market.opener(finance())() as work:
        with pytest.raises(Conflict):
            await deciding.returned(work, row.id, READ)
    assert await disputes.laws() == []


async def test_the_ratio_counts_a_months_disputes_against_its_deposits(market, customer, disputes):
    first = await customer.paid("500.00")
    paid = [await customer.deposit(first)] + [
        await customer.deposit(await customer.paid("100.00")) for _ in range(3)
    ]
    psp = paid[0].psp
    mine = [one for one in paid if one.psp == psp]
    row = await disputes.told(first, "chargeback", psp=psp)
    await disputes.told(mine[-1].id, "inquiry", psp=psp, case="du_asks")

    async with market.opener()() as work:
        month = (await ratio.by_month(work, psp))[0]
        limits = type(
            "Limits",
            (),
            {"ratio_from": 1, "ratio_count": Decimal("0.9"), "ratio_value": Decimal("1.5")},
        )
        assert month.over(limits)
        assert await ratio.over_now(work) == []

    whole = sum(one.amount for one in mine)
    assert (month.disputes, month.deposits) == (1, len(mine))
    assert (month.disputed, month.deposited) == (row.amount, whole)
    assert month.by_value == (100 * row.amount / whole).quantize(Decimal("0.01"))


async def test_a_provider_past_its_limit_is_told_once_a_month(market, customer, disputes, desk):
    from brokerage.payments.disputes import shown
    from brokerage.payments.settings import PaymentsSettings
    from stoa.notices.model import Notice
    from stoa.tenancy import settings

    await desk("Finance")
    deposit = await customer.paid("500.00")
    psp = (await customer.deposit(deposit)).psp
    await disputes.told(deposit, "chargeback", psp=psp)
    async with market.opener()() as work:
        now = settings.as_data(work.settings(PaymentsSettings))
        mine = now | {"disputes": now["disputes"] | {"ratio_from": 1}}
        value = settings.parse("payments", PaymentsSettings, mine)
        await settings.put(work, "payments", value, why="test")

    for _ in range(3):
        await shown.watch(market.opener())

    async with market.opener()() as work:
        told = await work.rows(select(Notice).where(Notice.title == shown.RATIO))
    assert len({one.person for one in told}) == len(told) >= 1
    assert told[0].params["psp"] == psp


async def test_the_evidence_is_everything_in_one_file_and_who_took_it_is_kept(
    market, customer, disputes, desk
):
    deposit = await customer.paid("500.00")
    await customer.browser()
    await disputes.spend(customer, "120.00")
    row = await disputes.told(deposit, "chargeback", reason="fraudulent")
    staff = await desk("Finance")

    answer = await staff.get(f"/desk/disputes/{row.id}/evidence.zip")

    assert answer.status_code == 200, answer.text[:300]
    assert row.reference in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.read("evidence.pdf").startswith(b"%PDF")
        told = json.loads(made.read("evidence.json"))
        sums = dict(
            reversed(line.split("  "))
            for line in made.read("SHA256SUMS").decode().split("\n")
            if line
        )
        assert set(sums) == {*made.namelist()} - {"SHA256SUMS"}
    sections = {one["name"]: one["rows"] for one in told["sections"]}
    paid = await customer.deposit(deposit)
    assert paid.reference in dict(told["facts"])["Payment"]
    assert any(amount == "-120.00 USD" for _, _, amount, _ in sections["wallet"])
    assert ["Name", "Ines Duarte"] in sections["client"]
    assert (
        "trading" in sections
        and sections["sign-ins"]
        and sections["letters"]
        and sections["agreements"] is not None
    )
    assert any("rule" in value for _, value in sections["payment"])
    async with market.opener()() as work:
        entry = (await work.rows(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(5)))[0]
        known = await work.get(Dispute, row.id)
    assert "evidence downloaded" in str(entry.changes)
    assert known.story[-1]["what"] == "evidence"


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_its_pages_answer_and_its_forms_work(market, customer, disputes, desk, language):
    deposit = await customer.paid("500.00")
    staff = await desk()
    staff.http.cookies.set("language", language)
    made = await staff.post(
        f"/desk/deposits/{deposit}/disputes",
        {"case": "CB-9", "stage": "chargeback", "amount": "120.00", "reason": READ},
    )
    assert made.status_code == 204, made.text[:400]
    row = await disputes.one(deposit)
    assert row.secured == Decimal(120)
    for verb, form in (
        ("own", {}),
        ("answered", {"reason": "sent everything"}),
        ("note", {"reason": "they called"}),
        ("debited", {"amount": "120.00", "fee": "15.00", "reason": READ}),
        ("stage", {"stage": "pre-arb", "reason": READ}),
        ("ask", {"what": "lost", "reason": READ}),
    ):
        done = await staff.post(f"/desk/disputes/{row.id}/{verb}", form)
        assert done.status_code == 204, (verb, done.text[:400])
    for path in (
        "/desk/disputes",
        "/desk/disputes?show=mine&stage=pre-arb",
        "/desk/disputes?show=second",
        "/desk/disputes?format=csv",
        f"/desk/disputes/{row.id}",
        f"/desk/deposits/{deposit}",
        f"/desk/psps/{row.psp}/health",
        "/desk/approvals",
        "/desk",
    ):
        page = await staff.get(path)
        assert page.status_code == 200, (path, page.text[:500])
        assert len(page.content) < 100_000
