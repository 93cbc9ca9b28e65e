"""The Brand API as a stranger's client meets it, and the connector against it: a process of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from brokerage.trading.connector import (
    Access,
    DealCursor,
    DealKind,
    Entry,
    MoneyKind,
    NewAccount,
    Profile,
    Which,
    mark,
)
from brokerage.trading.connectors.tradelocker import TradeLocker, accounts
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.kernel.refusals import Unavailable
from support.patience import until
from support.platform_server import PlatformServer
from support.tradelocker import BASE, a_trade, an_account, joined


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[PlatformServer]:
    server = await PlatformServer("tradelocker", tmp_path_factory.mktemp("tradelocker")).start()
    yield server
    await server.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncGenerator[PlatformServer]:
    server = await PlatformServer("tradelocker", tmp_path / "state").start()
    yield server
    await server.stop()


# What a stranger's client meets.


async def a_user(server: PlatformServer) -> str:
    body = {"email": f"{uuid4().hex[:8]}@example.com", "password": "Main-pass-1"}
    made = await server.api("POST", "/brand-api/v1/users/create", body, **opened(server))
    assert made.status == 201
    return str(made.body["userId"])


def opened(server: PlatformServer) -> dict[str, str]:
    return {"brand-api-key": server.key}


async def test_without_the_brand_s_key_nothing_is_told(shared: PlatformServer) -> None:
    for key in ("", "wrong"):
        answer = await shared.api(
            "POST", "/brand-api/v1/groups/all", {"type": "LIVE"}, brand_api_key=key
        )
        assert answer.status == 403
        assert answer.body["statusCode"] == 403
    assert (await shared.api("GET", "/brand-api/ready")).body == {"status": "ok"}
    assert (await shared.api("GET", "/brand-api/alive")).body == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("accounts/details", {"accountId": "200001"}, 400),
        ("accounts/details", {"accountId": "L#1"}, 400),
        ("groups/all", {"type": "REAL"}, 400),
        ("users/check-by-email", {"email": "nobody@example.com"}, 404),
        ("reports/account-operations-history-report", {"accountId": "L#1"}, 400),
        ("accounts/vanish", {}, 404),
    ],
)
async def test_what_is_not_there_is_refused_in_the_api_s_words(
    shared: PlatformServer, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await shared.api("POST", f"/brand-api/v1/{path}", body, **opened(shared))

    assert answer.status == status
    assert set(answer.body) == {"message", "status", "statusCode", "requestId"}


async def test_the_same_key_is_the_same_answer_and_one_operation(own: PlatformServer) -> None:
    account = await own.api(
        "POST",
        "/brand-api/v1/accounts/create",
        {"userId": await a_user(own), "accountName": "a", "type": "LIVE", "currency": "USD"},
        **opened(own),
    )
    wanted = account.body["accountId"]
    deposit, path = (
        {"accountId": wanted, "amount": "10.00"},
        "/brand-api/v1/account-operations/deposit",
    )
    headers = opened(own) | {"idempotency-key": str(uuid4())}

    first = await own.api("POST", path, deposit, **headers)
    again = await own.api("POST", path, deposit, **headers)
    other = await own.api("POST", path, deposit | {"amount": "11.00"}, **headers)
    await own.kill()
    await own.start()
    later = await own.api("POST", path, deposit, **headers)
    bent = await own.api("POST", path, deposit, **(headers | {"idempotency-key": "seven"}))

    assert first.status == again.status == later.status == 200
    assert first.body == again.body == later.body
    assert (other.status, bent.status) == (422, 400)
    told = await own.api(
        "POST", "/brand-api/v1/accounts/details", {"accountId": wanted}, **opened(own)
    )
    assert told.body["balance"] == "10.00"


async def test_a_user_has_one_e_mail(shared: PlatformServer) -> None:
    body = {"email": "twice@example.com", "password": "Main-pass-1"}
    path = "/brand-api/v1/users/create"

    answers = [await shared.api("POST", path, body, **opened(shared)) for _ in range(2)]

    assert [one.status for one in answers] == [201, 400]


# The connector.


async def test_an_account_lives_its_life(shared: PlatformServer) -> None:
    async with joined(shared) as tradelocker:
        name = mark("A", uuid4())
        login = await an_account(tradelocker, external_id=name)

        assert await tradelocker.find_account(name, "LIVE-STANDARD") == login
        assert await tradelocker.find_account(name, "LIVE-STANDARD", login) == login
        assert await tradelocker.find_account("A:none", "LIVE-STANDARD") is None
        account = await tradelocker.get_account(login)
        assert (account.group, account.currency, account.leverage, account.access) == (
            "LIVE-STANDARD",
            "USD",
            100,
            Access.FULL,
        )
        for access in (Access.CLOSE_ONLY, Access.NO_LOGIN, Access.FULL):
            assert await tradelocker.set_access(login, access) == Confirmed(str(login))
            assert (await tradelocker.get_account(login)).access is access
        assert await tradelocker.set_group(login, "LIVE-RAW") == Confirmed(str(login))
        assert (await tradelocker.get_account(login)).group == "LIVE-RAW"
        assert login in await tradelocker.list_logins(["LIVE-RAW"])
        done = await tradelocker.reset_password(login, "Another-pass-1", Which.MAIN)
        assert done == Confirmed(str(login))
        weak = await tradelocker.reset_password(login, "a", Which.MAIN)
        assert isinstance(weak, Refused)
        assert all(check.fine for check in await tradelocker.test_connection())


async def test_a_second_account_of_a_person_is_of_the_same_user(shared: PlatformServer) -> None:
    async with joined(shared) as tradelocker:
        person = Profile(name="Bo", email="Bo.Two@Example.com")
        first = await an_account(tradelocker, profile=person)
        second = await an_account(tradelocker, profile=person)

        assert first != second


async def test_an_account_is_kept_in_the_currency_it_was_asked_in(shared: PlatformServer) -> None:
    async with joined(shared) as free, joined(shared, currency="USD") as bound:
        euros = await an_account(free, currency="EUR")
        dollars = await an_account(bound, currency="EUR")

        assert (await free.get_account(euros)).currency == "EUR"
        assert (await bound.get_account(dollars)).currency == "USD"
        assert {one.currency for one in await free.list_groups()} == {""}
        nothing = await free.create_account(
            NewAccount(
                external_id="A:y",
                group="LIVE-STANDARD",
                leverage=100,
                profile=Profile(name="N", email="n@example.com"),
                password="Main-pass-1",
                investor_password="",
            )
        )
        assert isinstance(nothing, Refused)
        assert nothing.code == "no-currency"


async def test_asking_twice_for_one_account_makes_one(shared: PlatformServer) -> None:
    async with joined(shared) as tradelocker:
        wanted: dict[str, Any] = {
            "external_id": mark("A", uuid4()),
            "profile": Profile(name="C", email="c@e.com"),
        }

        assert await an_account(tradelocker, **wanted) == await an_account(tradelocker, **wanted)


async def test_what_the_platform_lacks_is_refused_with_a_sentence(shared: PlatformServer) -> None:
    async with joined(shared) as tradelocker:
        login = await an_account(tradelocker)

        for outcome, why in (
            (await tradelocker.set_leverage(login, 50), accounts.LEVERAGE),
            (await tradelocker.update_profile(login, Profile(name="X")), accounts.PROFILE),
            (await tradelocker.set_access(login, Access.NO_TRADING), accounts.TRADING),
            (
                await tradelocker.reset_password(login, "P-1aaaaa", Which.INVESTOR),
                accounts.INVESTOR,
            ),
        ):
            assert isinstance(outcome, Refused)
            assert (outcome.text, outcome.technical) == (why, False)
        gone = await tradelocker.set_group(login, "LIVE-NOWHERE")
        assert isinstance(gone, Refused)
        nobody = await tradelocker.create_account(
            NewAccount(
                external_id="A:x",
                group="LIVE-STANDARD",
                leverage=100,
                profile=Profile(name="No Mail"),
                password="Main-pass-1",
                investor_password="",
            )
        )
        assert isinstance(nobody, Refused)
        assert nobody.code == "no-email"


async def test_money_moves_once_and_is_found(shared: PlatformServer) -> None:
    async with joined(shared) as tradelocker:
        login, began = await an_account(tradelocker), datetime.now(UTC)
        deposit, credit, out = (mark(kind, uuid4()) for kind in "DCW")

        first = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal("250.50"), deposit)
        again = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal("250.50"), deposit)
        await tradelocker.balance_op(login, MoneyKind.CREDIT_IN, Decimal(20), credit)
        await tradelocker.balance_op(login, MoneyKind.WITHDRAWAL, Decimal("50.50"), out)
        poor = await tradelocker.balance_op(
            login, MoneyKind.WITHDRAWAL, Decimal("200.01"), mark("W", uuid4())
        )

        assert isinstance(first, Confirmed)
        assert first == again
        assert isinstance(poor, Refused)
        found = await tradelocker.find_balance_op(login, deposit, began)
        assert found is not None
        assert (str(found.deal), found.profit) == (first.reference, Decimal("250.50"))
        assert await tradelocker.find_balance_op(login, mark("D", uuid4()), began) is None
        account = await tradelocker.get_account(login)
        assert (account.balance, account.credit) == (200, 20)
        deals = (await tradelocker.get_deals([login], DealCursor.start())).deals
        assert [(deal.kind, deal.profit, deal.external_id) for deal in deals] == [
            (DealKind.BALANCE, Decimal("250.50"), deposit),
            (DealKind.CREDIT, Decimal(20), credit),
            (DealKind.BALANCE, Decimal("-50.50"), out),
        ]


async def test_after_a_restart_nobody_guesses_whose_an_operation_is(
    shared: PlatformServer,
) -> None:
    async with joined(shared) as before:
        login, began = await an_account(before), datetime.now(UTC)
        order = mark("D", uuid4())
        done = await before.balance_op(login, MoneyKind.DEPOSIT, Decimal(7), order)
    async with joined(shared) as after:
        with pytest.raises(Unavailable) as refusal:
            await after.find_balance_op(login, order, began)

        assert refusal.value.code == "no-references"
        assert await after.balance_op(login, MoneyKind.DEPOSIT, Decimal(7), order) == done
        assert (await after.get_account(login)).balance == 7


async def test_a_position_is_opened_and_closed_in_parts_with_its_lots_once(
    own: PlatformServer,
) -> None:
    async with joined(own) as tradelocker:
        login = await an_account(tradelocker, 10_000)
        position = await a_trade(own, login, "0.3")
        (held,) = await tradelocker.get_positions(login)
        await own.post(f"/dealer/{login}/close", position=position, lots="0.1")
        await own.post(f"/dealer/{login}/close", position=position)

        batch = await tradelocker.get_deals([login, 999], DealCursor.start())

        trades = [deal for deal in batch.deals if deal.kind.trade]
        assert (held.position, held.lots) == (position + BASE, Decimal("0.3"))
        assert [(one.entry, one.lots, one.lots_closed) for one in trades] == [
            (Entry.IN, Decimal("0.3"), 0),
            (Entry.OUT, Decimal("0.1"), Decimal("0.1")),
            (Entry.OUT, Decimal("0.2"), Decimal("0.2")),
        ]
        assert {one.position for one in trades} == {held.position}
        account = await tradelocker.get_account(login)
        assert sum(d.profit + d.swap + d.commission for d in batch.deals) == account.balance
        assert batch.missing == (999,)
        assert batch.cursor == DealCursor(trades[-1].at, trades[-1].deal)
        assert (await tradelocker.get_deals([login], batch.cursor)).deals[-1] == trades[-1]


# Bad days.


async def settled(tradelocker: TradeLocker, login: int) -> None:
    """One deposit of one dollar, through every doubt, as transfers settle it."""
    order, began = mark("D", uuid4()), datetime.now(UTC)
    for _ in range(50):
        outcome = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
        if isinstance(outcome, Confirmed):
            return
        with suppress(Unavailable):
            if await tradelocker.find_balance_op(login, order, began) is not None:
                return
    raise AssertionError("never settled")


async def test_two_orders_alike_of_which_one_moved_are_not_taken_for_one_another(
    own: PlatformServer,
) -> None:
    async with joined(own) as tradelocker:
        login, began = await an_account(tradelocker), datetime.now(UTC)
        orders = {fault: mark("D", uuid4()) for fault in ("before", "after")}
        for fault, order in orders.items():
            await own.post("/faults", **{f"balance_drop_{fault}": {"times": 1}})
            lost = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
            assert isinstance(lost, Unknown)

        for order in orders.values():
            with pytest.raises(Unavailable):
                await tradelocker.find_balance_op(login, order, began)

        one = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), orders["after"])
        assert isinstance(one, Confirmed)
        assert await tradelocker.find_balance_op(login, orders["before"], began) is None
        assert (await tradelocker.get_account(login)).balance == 1


async def test_an_order_asked_for_again_is_looked_for_from_the_first_time_on(
    own: PlatformServer,
) -> None:
    async with joined(own) as tradelocker:
        login, began, order = await an_account(tradelocker), datetime.now(UTC), mark("D", uuid4())
        await own.post("/faults", balance_drop_after={"times": 1})
        await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
        await asyncio.sleep(5.5)
        for code, kind in ((503, Unknown), (422, Refused)):
            await own.post("/faults", answers=[{"command": "DEPOSIT", "code": code, "times": 1}])
            again = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
            assert isinstance(again, kind)

        found = await tradelocker.find_balance_op(login, order, began)

        assert found is not None
        assert (await tradelocker.get_account(login)).balance == 1


async def test_lost_lines_before_and_after_money_moved_cost_nobody_anything(
    own: PlatformServer,
) -> None:
    async with joined(own) as tradelocker:
        logins = [await an_account(tradelocker) for _ in range(4)]
        await own.post("/faults", balance_drop_after=0.3, balance_drop_before=0.2)

        await asyncio.gather(*(settled(tradelocker, logins[at % 4]) for at in range(80)))

        fired = (await own.lever("GET", "/faults"))["fired"]
        assert fired["balance_drop_after"] > 5
        assert fired["balance_drop_before"] > 5
        await own.lever("DELETE", "/faults")
        balances = [(await tradelocker.get_account(login)).balance for login in logins]
        assert balances == [20, 20, 20, 20]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_failing_server_s_answer_is_no_answer_and_the_key_settles_it(
    own: PlatformServer, applied: bool
) -> None:
    async with joined(own) as tradelocker:
        login, order = await an_account(tradelocker), mark("D", uuid4())
        forced = {"command": "DEPOSIT", "code": 503, "applied": applied, "times": 1}
        await own.post("/faults", answers=[forced])

        outcome = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
        found = await tradelocker.find_balance_op(login, order, datetime.now(UTC))
        again = await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)

        assert isinstance(outcome, Unknown)
        assert (found is not None) is applied
        assert isinstance(again, Confirmed)
        assert (await tradelocker.get_account(login)).balance == 1


async def test_a_row_that_cannot_be_and_a_double_change_nothing_else(own: PlatformServer) -> None:
    async with joined(own) as tradelocker:
        login = await an_account(tradelocker, 10_000)
        for _ in range(5):
            position = await a_trade(own, login)
            await own.post(f"/dealer/{login}/close", position=position)
        clean = await tradelocker.get_deals([login], DealCursor.start())
        await own.post("/faults", noise={"times": 2}, duplicate_deals=True)

        noisy = await tradelocker.get_deals([login], DealCursor.start())

        assert set(noisy.deals) == set(clean.deals)
        assert len(noisy.deals) == len(clean.deals) == 11
        assert noisy.cursor == clean.cursor
        assert len(noisy.misread) == 2
        assert any("not known" in one.why for one in noisy.misread)
        assert {one.login for one in noisy.misread} == {login}


async def test_deals_that_are_told_late_come_with_the_next_reading(own: PlatformServer) -> None:
    async with joined(own) as tradelocker:
        login = await an_account(tradelocker, 10_000)
        before = await tradelocker.get_deals([login], DealCursor.start())
        await own.post("/faults", late_s=4)
        await a_trade(own, login)
        early = await tradelocker.get_deals([login], before.cursor)
        assert not any(deal.kind.trade for deal in early.deals)

        async def told() -> int:
            later = await tradelocker.get_deals([login], early.cursor)
            return sum(deal.kind.trade for deal in later.deals)

        async def came() -> bool:
            return await told() > 0

        await until(came, every_s=0.1)
        assert await told() == 1
