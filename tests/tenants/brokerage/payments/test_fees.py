"""LED-13: fees by a versioned schedule, in entries of their own, given back with what they were for."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, update

from brokerage.clients.model import Client
from brokerage.fees import charging, inactivity, previewing
from brokerage.fees.settings import FeeLine, FeeSettings, Sum
from brokerage.ledger import check, exchange, queries, wallets
from brokerage.ledger.model import Entry
from brokerage.payments import costs
from brokerage.payments.hooks import Undoing
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import payouts, withdrawals
from brokerage.reporting import statements
from stoa.drawn import carried
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.notices.model import Notice
from stoa.settingsdesk import forming, pending
from stoa.tenancy import settings
from stoa.tenancy.model import Setting, SettingChange
from stoa.theming import texts
from support.people import make_staff
from support.typing_in import step

from .people import finance
from .test_withdrawals import a_place, approve, asked, funded, parts, state_of
from .test_withdrawing import another_place, paid_out, ruled


def usd(amount: str) -> Sum:
    return Sum(amount=Decimal(amount), currency="USD")


DEPOSIT = FeeLine(
    name="card-in", on="deposit", methods=("card",), percent=Decimal(2), fixed=usd("1.00"),
    most=usd("8.00"),
)  # fmt: skip
OUT = FeeLine(name="bank-out", on="withdrawal", methods=("bank",), fixed=usd("5.00"))
CONVERT = FeeLine(name="change", on="conversion", percent=Decimal("0.5"), least=usd("1.00"))
IDLE = FeeLine(name="inactive", on="inactivity", fixed=usd("10.00"), after_days=365)


async def scheduled(market, *lines: FeeLine, **more) -> int:
    async with market.opener()() as work:
        return await settings.store(work, "fees", FeeSettings(lines=lines, **more), why="a test")


async def fee_entries(market) -> list[Entry]:
    async with market.opener()() as work:
        return list(
            await work.rows(select(Entry).where(Entry.kind == "fee").order_by(Entry.posted_at))
        )


async def sound(market) -> None:
    async with market.opener()() as work:
        assert (await check.examine(work)).violations == []


async def test_a_deposit_arrives_whole_and_its_fee_is_an_entry_of_its_own(market, customer):
    version = await scheduled(market, DEPOSIT)

    made = await customer.paid("100.00")

    row = await customer.deposit(made)
    assert row.fee == Decimal("3.00") and await customer.available() == Decimal("97.00")
    assert row.fee_terms is not None
    assert (row.fee_terms["version"], row.fee_terms["line"]) == (version, "card-in")
    (entry,) = await fee_entries(market)
    assert entry.operation == f"fee:deposit:{made}"
    assert entry.reason == f"card-in · fees v{version}"
    async with market.opener()() as work:
        seen = await queries.movements(work, customer.id)
    assert sorted(one.amount.text() for one in seen) == ["-3.00", "100.00"]
    await sound(market)


async def test_the_version_of_then_is_shown_after_the_schedule_moved_on(market, customer, desk):
    was = await scheduled(market, DEPOSIT)
    made = await customer.paid("100.00")
    await scheduled(market, msgspec.structs.replace(DEPOSIT, percent=Decimal(9)))

    row = await customer.deposit(made)
    async with market.opener()() as work:
        body = await work.first(
            select(Setting.body).where(
                Setting.slice == "fees", Setting.version == row.fee_terms["version"]
            )
        )
    owner = await desk("Owner")
    page = await owner.get(f"/desk/fees?version={was}")

    assert body["lines"][0]["percent"] == "2"
    assert "2 %" in page.text and "9 %" not in page.text
    assert "earlier version" in page.text
    await owner.post("/look/language", {"language": "es"})
    spanish = await owner.get(f"/desk/fees?version={was}")
    assert "máximo" in spanish.text and "at most" not in spanish.text
    room = await customer.browser()
    await room.post("/look/language", {"language": "es"})
    page = await room.get("/deposit")
    assert "máximo" in page.text and "at most" not in page.text


async def test_the_most_holds_and_what_is_free_is_free(market, customer):
    await scheduled(market, msgspec.structs.replace(DEPOSIT, free_per_month=1))

    first = await customer.paid("100.00")
    second = await customer.paid("1000.00")

    one, two = await customer.deposit(first), await customer.deposit(second)
    assert (one.fee, one.fee_terms["free"]) == (0, True)
    assert (two.fee, two.fee_terms["free"]) == (Decimal("8.00"), False)
    await sound(market)


async def test_a_line_is_for_whom_it_says(market, customer):
    vip = FeeLine(name="vip", on="deposit", segments=("vip",))
    spain = FeeLine(name="es", on="deposit", countries=("ES",), fixed=usd("2.00"))
    await scheduled(market, vip, spain)
    first = await customer.paid("100.00")
    async with market.opener()() as work:
        await work.run(update(Client).where(Client.id == customer.id).values(tags=["vip"]))

    second = await customer.paid("100.00")

    assert (await customer.deposit(first)).fee == Decimal("2.00")
    assert (await customer.deposit(second)).fee == 0


async def test_a_fee_that_takes_all_is_refused_before_anything(market, customer):
    await scheduled(market, FeeLine(name="all", on="deposit", fixed=usd("50.00")))

    with pytest.raises(Invalid, match="would take all of it"):
        await customer.start("40.00")


async def test_a_withdrawal_shows_sets_aside_and_pays_its_fee_apart(market, customer):
    version = await scheduled(market, OUT)
    await funded(customer)
    place = await a_place(customer)
    async with customer.open_work() as work:
        seen = await withdrawals.preview(
            work, customer.id, Method.BANK, Money(Decimal(600), "USD"), place
        )
    assert (seen.fee.text(), seen.net.text()) == ("5.00", "595.00")

    row = await asked(customer, "600.00", destination=place)
    async with market.opener()() as work:
        movements = await queries.movements(work, customer.id)
        start, end = statements.bounds(f"{work.now:%Y-%m}")
        statement = await statements.gather(work, customer.id, start, end)
    assert {one.kind.label: one.amount.text() for one in movements[:2]} == {
        "Withdrawal asked for": "-595.00",
        "Fee set aside": "-5.00",
    }
    assert [line[1] for line in statement["movements"]].count("Fee set aside") == 1

    await approve(market, row, finance())
    await paid_out(market, row)

    done = await state_of(market, row.id)
    assert done.state == "paid" and done.fee_terms["version"] == version
    (entry,) = await fee_entries(market)
    assert entry.reason == f"bank-out · fees v{version}"
    assert (await market.beta.truth())["payouts"][0]["amount"] == 59_500
    async with market.opener()() as work:
        assert await wallets.holds(work, customer.id) == []
    await sound(market)


async def returned(market, customer):
    """A withdrawal of 600 with a fee of 5 that was paid and sent back."""
    row = await asked(customer, "600.00", destination=await a_place(customer))
    await approve(market, row, finance())
    await paid_out(market, row)
    part = (await parts(market, row.id))[0]
    await market.beta.at.control(f"payouts/{part.reference}/fail", reason="account_closed")
    for _ in range(2):
        await payouts.look(market.opener(), part.id)
    return await state_of(market, row.id)


async def test_what_came_back_gets_its_fee_back_by_a_reversal_that_names_it(market, customer):
    await scheduled(market, OUT)
    await funded(customer)

    row = await returned(market, customer)

    (entry,) = await fee_entries(market)
    async with market.opener()() as work:
        undone = await work.first(select(Entry).where(Entry.reverses == entry.id))
        (held,) = await wallets.holds(work, customer.id)
    assert undone is not None and undone.kind == "reversal"
    assert held.money.text() == "600.00"
    assert "fee-refunded" in [one["what"] for one in row.story]
    await sound(market)

    place = await another_place(customer)
    async with customer.open_work() as work:
        row = await withdrawals.redirect(work, row.id, place.id)
    await approve(market, row, finance())
    await paid_out(market, row)
    assert (await state_of(market, row.id)).state == "paid"
    assert len(await fee_entries(market)) == 2
    assert await customer.available() == Decimal("400.00")
    await sound(market)


async def test_where_it_goes_to_the_wallet_the_fee_goes_there_too(market, customer):
    await ruled(market, came_back_to="wallet")
    await scheduled(market, OUT)
    await funded(customer)

    row = await returned(market, customer)

    assert row.state == "returned"
    assert await customer.available() == Decimal("1000.00")
    async with market.opener()() as work:
        assert await wallets.holds(work, customer.id) == []
    await sound(market)


async def test_a_tenant_may_keep_the_fee_of_what_came_back(market, customer):
    await ruled(market, came_back_to="wallet")
    await scheduled(market, OUT, refund_returned=False)
    await funded(customer)

    await returned(market, customer)

    assert await customer.available() == Decimal("995.00")
    await sound(market)


async def test_a_refund_happens_once(market, customer):
    await scheduled(market, DEPOSIT)
    made = await customer.paid("100.00")

    for _ in range(2):
        async with market.opener()() as work:
            back = await charging.refund(work, what="deposit", subject=made, why="given back")
            assert back == Money(Decimal("3.00"), "USD")

    assert await customer.available() == Decimal("100.00")


async def test_an_exchange_costs_what_was_shown_and_its_reversal_gives_it_back(market, customer):
    version = await scheduled(market, CONVERT)
    await funded(customer, "1000.00")
    async with customer.open_work() as work:
        work.actor = msgspec_free(work.actor)
        quote = await exchange.quote(work, customer.id, Money(Decimal(400), "USD"), "EUR")
        assert (quote.sell_amount, quote.fee) == (Decimal(398), Decimal(2))
    async with customer.open_work() as work:
        work.actor = msgspec_free(work.actor)
        await exchange.accept(work, quote.id)

    (entry,) = await fee_entries(market)
    assert entry.operation == f"fee:exchange:{quote.id}"
    assert entry.reason == f"change · fees v{version}"
    assert await customer.available() == Decimal("600.00")
    await sound(market)


async def test_a_deposit_its_payers_bank_takes_back_gets_its_fee_back(market, customer):
    """Undone, won, and undone again: the fee goes with it each time, by entries that are linked."""
    await scheduled(market, DEPOSIT)
    made = await customer.paid("100.00")
    dispute = uuid7()

    async def told(what, turn: int) -> Decimal:
        money = Money(Decimal(100), "USD")
        async with market.opener()() as work:
            await what(work, Undoing(made, customer.id, dispute, turn, money, Decimal(1)))
        return await customer.available()

    assert await told(costs.undone, 1) == Decimal("100.00")
    assert await told(costs.restored, 1) == Decimal("97.00")
    assert await told(costs.undone, 2) == Decimal("100.00")
    assert await told(costs.undone, 2) == Decimal("100.00")
    assert len(await fee_entries(market)) == 2
    await sound(market)


def msgspec_free(actor):
    """The same client, who may exchange as well."""
    from dataclasses import replace

    from brokerage.ledger.permissions import Ledger

    return replace(actor, permissions=actor.permissions | {str(Ledger.EXCHANGE_OWN)})


async def idle(market, customer, days: int) -> None:
    async with market.opener()() as work:
        then = work.now - timedelta(days=days)
        await work.run(
            update(Client)
            .where(Client.id == customer.id)
            .values(
                registered_at=then,
                last_deposit_at=None,
                last_withdrawal_at=None,
                last_trade_at=None,
            )
        )


async def test_doing_nothing_costs_once_a_month_and_never_more_than_there_is(market, customer):
    await scheduled(market, IDLE)
    await funded(customer, "4.00")
    await idle(market, customer, 400)

    for _ in range(3):
        await inactivity.sweep(market.opener())

    (entry,) = await fee_entries(market)
    assert entry.operation.startswith(f"fee:inactivity:{customer.id}:")
    assert "inactive · fees v" in entry.reason
    assert await customer.available() == 0
    await sound(market)


async def test_who_did_something_pays_nothing_and_is_told_before_it_begins(market, customer):
    await scheduled(market, IDLE, warn_days=30)
    await funded(customer, "100.00")
    await idle(market, customer, 350)

    for _ in range(2):
        await inactivity.sweep(market.opener())

    assert await fee_entries(market) == []
    async with market.opener()() as work:
        told = await work.rows(
            select(Notice).where(Notice.person == customer.id, Notice.title == inactivity.WARNED)
        )
    assert len(told) == 1


async def test_a_preview_says_what_last_month_would_have_cost(market, customer):
    await customer.paid("100.00")
    await customer.paid("300.00")
    after = FeeSettings(lines=(DEPOSIT,))

    async with market.opener()() as work:
        seen = await previewing.preview(work, after)

    (tally,) = seen.tallies
    assert (tally.on, tally.count, tally.charged, tally.dearer) == ("deposit", 2, 0, 2)
    assert seen.lines["card-in"][0] == 2 and tally.would == seen.lines["card-in"][1] > 0


async def test_a_change_is_tried_asked_for_and_agreed_to_by_another(market, customer, desk):
    await customer.paid("100.00")
    text = '[[lines]]\nname = "in"\non = "deposit"\nfixed = { amount = "1.50", currency = "USD" }\n'
    owner = await desk("Owner")

    begun = await owner.post("/desk/fees/drafts", {"name": "New year"})
    path = begun.headers.get("hx-redirect") or begun.headers["location"]
    assert path.startswith("/desk/fees/drafts/")
    unfinished = await owner.post(path, {"text": text.replace("deposit", "dinner"), "why": ""})
    assert unfinished.status_code == 200 and "dinner" in unfinished.text
    another = await desk("Owner")
    assert "dinner" in (await another.get(path)).text
    assert "New year" in (await another.get("/desk/fees")).text
    refused = await owner.post(
        f"{path}/ask",
        {"text": text.replace("deposit", "dinner"), "why": "Costs rose"},
        headers={"accept": "application/problem+json"},
    )
    assert refused.status_code == 422
    tried = await another.post(path, {"text": text, "why": ""})
    assert tried.status_code == 200 and "1.50" in tried.text
    asked_for = await owner.post(f"{path}/ask", {"text": text, "why": "Costs rose"})
    assert asked_for.status_code in {200, 204, 303}
    shown = await owner.get(path)
    assert shown.status_code == 200 and 'name="text"' not in shown.text
    changes = await owner.get("/desk/settings/changes")
    assert "New year: Costs rose" in changes.text

    async with market.opener()() as work:
        waiting = await pending.waiting(work, "fees")
        assert work.settings(FeeSettings).lines == ()
        assert waiting is not None
        assert any("Deposits" in one["text"] for one in waiting.rehearsal)
        other, _ = await make_staff(work, ("Owner",))
    assert other.id != waiting.asked_by
    blocked = await owner.post(f"{path}/again", {})
    assert blocked.status_code == 409
    late = await owner.post("/desk/fees/drafts", {"name": "Late"})
    other_path = late.headers.get("hx-redirect") or late.headers["location"]
    async with market.opener()() as work:
        newer = FeeSettings(lines=(DEPOSIT,))
        await settings.put(work, "fees", newer, why="meanwhile")
    outdated = await owner.post(f"{other_path}/ask", {"text": text, "why": "Costs rose"})
    assert outdated.status_code == 409
    assert text.splitlines()[1] not in (await owner.get(other_path)).text
    dropped = await owner.post(f"{other_path}/drop", {})
    assert dropped.status_code in {200, 204, 303}
    assert (await owner.get(other_path)).status_code == 404


async def test_a_draft_is_filled_in_as_a_form_and_kept_as_the_same_text(market, desk):
    owner = await desk("Owner")
    begun = await owner.post("/desk/fees/drafts", {"name": "By form"})
    path = begun.headers.get("hx-redirect") or begun.headers["location"]
    async with market.opener()() as work:
        row = await work.get(SettingChange, UUID(path.rsplit("/", 1)[1]))
        form = forming.opened(FeeSettings, work.settings(FeeSettings), row.version)
    there = len(form.tree["lines"])
    assert (await owner.get(f"{path}/form")).status_code == 200

    added = await owner.post(f"{path}/form", step(form.drawn(texts.of("en")), "add:lines"))
    cargo = dict(re.findall(r'name="(_draft|_version|_at)" value="([^"]*)"', added.text))
    tree = carried.unpack(cargo["_draft"])
    tree["lines"][there] |= {"name": "form-in", "on": "deposit", "percent": "1.5"}
    kept = await owner.post(f"{path}/form", cargo | {"_draft": carried.pack(tree), "_do": "look"})

    assert kept.status_code in {204, 303}, kept.text[:300]
    shown = html.unescape((await owner.get(path)).text)
    assert 'name = "form-in"' in shown and "Kept" in shown
    refused = await owner.post(
        f"{path}/form", step(form.drawn(texts.of("en")), "look") | {"lines.0.owner": "x"}
    )
    assert refused.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "on": "deposit", "percent": "51"},
        {"name": "x", "on": "deposit", "percent": "-1"},
        {"name": "x", "on": "inactivity"},
        {"name": "x", "on": "inactivity", "percent": "1"},
        {"name": "X Y", "on": "deposit"},
        {
            "name": "x",
            "on": "deposit",
            "least": {"amount": "5", "currency": "USD"},
            "most": {"amount": "2", "currency": "USD"},
        },
        {"name": "x", "on": "deposit", "fixed": {"amount": "NaN", "currency": "USD"}},
        {"name": "x", "on": "deposit", "fixed": {"amount": "1", "currency": "QQQ"}},
    ],
)
def test_a_line_that_makes_no_sense_is_not_taken(body):
    with pytest.raises(Invalid):
        settings.parse("fees", FeeSettings, {"lines": [body]})


def test_two_lines_of_one_name_are_not_taken():
    one = {"name": "x", "on": "deposit"}
    with pytest.raises(Invalid):
        settings.parse("fees", FeeSettings, {"lines": [one, one]})
