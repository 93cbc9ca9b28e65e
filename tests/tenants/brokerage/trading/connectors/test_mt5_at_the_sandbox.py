"""The connector against the sandbox's trading server, a process of its own on loopback."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from brokerage.trading.connector import (
    Access,
    DealCursor,
    DealKind,
    MoneyKind,
    NewAccount,
    Profile,
    Which,
    mark,
)
from brokerage.trading.connectors.mt5_webapi import Mt5WebApi, Settings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Unreachable
from stoa.kernel.refusals import Unavailable
from support.patience import until
from support.trading_server import TradingServer

GROUP = "real\\standard-usd"


@pytest.fixture(scope="module")
async def trading(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[TradingServer]:
    server = await TradingServer(tmp_path_factory.mktemp("trading")).start()
    yield server
    await server.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncGenerator[TradingServer]:
    server = await TradingServer(tmp_path / "state").start()
    yield server
    await server.stop()


@asynccontextmanager
async def joined(server: TradingServer, **more: Any) -> AsyncGenerator[Mt5WebApi]:
    login, password = server.manager
    told = {"host": "127.0.0.1", "port": server.port, "login": login, "answer_s": 20.0} | more
    limits = Limits(in_a_row=10_000, error_rate=2)
    lines = Lines(Egress({f"127.0.0.1:{server.port}"}), limits=limits)
    keys = Keyring({"mt5.manager": password})
    connector = Mt5WebApi(msgspec.convert(told, Settings), keys, lines.of("t", "mt5"))
    try:
        yield connector
    finally:
        await connector.aclose()
        await lines.egress.aclose()


async def an_account(mt5: Mt5WebApi, **more: Any) -> int:
    told = {
        "external_id": f"A-{uuid4().hex[:8]}",
        "group": GROUP,
        "leverage": 50,
        "profile": Profile(
            name="Ann Ó Briain|=\\", email="ann@example.com", country="Ireland", zip_code="D02"
        ),
        "password": "Main-pass-1",
        "investor_password": "Inv-pass-1",
    }
    outcome = await mt5.create_account(NewAccount(**(told | more)))
    assert isinstance(outcome, Confirmed), outcome
    return int(outcome.reference)


@pytest.mark.parametrize("crypt", ["none", "aes256ofb"])
async def test_an_account_lives_its_life(trading: TradingServer, crypt: str) -> None:
    async with joined(trading, crypt=crypt) as mt5:
        login = await an_account(mt5, external_id=f"life-{crypt}")

        assert await mt5.find_account(f"life-{crypt}", GROUP) == login
        account = await mt5.get_account(login)
        assert (account.group, account.currency, account.leverage) == (GROUP, "USD", 50)
        assert (account.name, account.access) == ("Ann Ó Briain|=\\", Access.FULL)
        assert account.registered is not None
        assert abs(account.registered - datetime.now(UTC)) < timedelta(seconds=60)

        assert await mt5.set_leverage(login, 200) == Confirmed(str(login))
        assert await mt5.set_access(login, Access.NO_TRADING) == Confirmed(str(login))
        assert await mt5.update_profile(login, Profile(name="Eve")) == Confirmed(str(login))
        changed = await mt5.get_account(login)
        assert (changed.leverage, changed.access, changed.name) == (200, Access.NO_TRADING, "Eve")
        assert changed.external_id == f"life-{crypt}"

        assert await mt5.reset_password(login, "Another-1", Which.MAIN) == Confirmed(str(login))
        weak = await mt5.reset_password(login, "a", Which.MAIN)
        assert isinstance(weak, Refused)
        assert weak.code == "mt5-3006"
        assert await mt5.set_access(login, Access.NO_LOGIN) == Confirmed(str(login))
        assert (await mt5.get_account(login)).access is Access.NO_LOGIN


async def test_moving_to_a_group_of_another_currency_with_money_is_refused(
    trading: TradingServer,
) -> None:
    async with joined(trading) as mt5:
        others = [one.group for one in await mt5.list_groups() if one.currency not in {"USD", ""}]
        login = await an_account(mt5)
        await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(10), mark("D", uuid4()))

        outcome = await mt5.set_group(login, others[0])

        assert isinstance(outcome, Refused)
        assert outcome.code == "mt5-3010"


async def test_money_moves_and_is_found_by_its_mark(trading: TradingServer) -> None:
    async with joined(trading) as mt5:
        login = await an_account(mt5)
        began = datetime.now(UTC)
        deposit, credit, out = (mark(kind, uuid4()) for kind in "DCW")

        first = await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal("250.50"), deposit, "Card")
        await mt5.balance_op(login, MoneyKind.CREDIT_IN, Decimal(20), credit)
        await mt5.balance_op(login, MoneyKind.WITHDRAWAL, Decimal("50.50"), out)
        poor = await mt5.balance_op(
            login, MoneyKind.WITHDRAWAL, Decimal("200.01"), mark("W", uuid4())
        )

        assert isinstance(first, Confirmed)
        assert isinstance(poor, Refused)
        assert (poor.code, poor.technical) == ("mt5-10019", False)
        found = await mt5.find_balance_op(login, deposit, began)
        assert found is not None
        assert (str(found.deal), found.profit) == (first.reference, Decimal("250.50"))
        assert await mt5.find_balance_op(login, mark("D", uuid4()), began) is None
        account = await mt5.get_account(login)
        assert (account.balance, account.credit, account.equity) == (200, 20, 220)
        batch = await mt5.get_deals([login], DealCursor(began))
        assert [(deal.kind, deal.profit) for deal in batch.deals] == [
            (DealKind.BALANCE, Decimal("250.50")),
            (DealKind.CREDIT, Decimal(20)),
            (DealKind.BALANCE, Decimal("-50.50")),
        ]
        assert all(abs(deal.at - began) < timedelta(seconds=60) for deal in batch.deals)


async def test_groups_symbols_prices_and_logins_are_read(trading: TradingServer) -> None:
    async with joined(trading) as mt5:
        login = await an_account(mt5)
        groups = await mt5.list_groups()
        symbols = {one.symbol: one for one in await mt5.list_symbols()}
        ticks = await mt5.prices(["EURUSD", "USDJPY"])
        checks = await mt5.test_connection()

        assert GROUP in {one.group for one in groups}
        assert login in await mt5.list_logins([GROUP])
        eurusd = symbols["EURUSD"]
        assert (eurusd.digits, eurusd.currency_base, eurusd.currency_profit) == (5, "EUR", "USD")
        assert (eurusd.lots_min, eurusd.contract_size) == (Decimal("0.01"), 100_000)
        assert {tick.symbol for tick in ticks.ticks} == {"EURUSD", "USDJPY"}
        assert all(0 < tick.bid <= tick.ask for tick in ticks.ticks)
        at = ticks.ticks[0].at
        assert at is not None
        assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
        assert all(check.fine for check in checks), checks


async def test_the_clock_of_a_named_rule_agrees_with_the_measured_one(
    trading: TradingServer,
) -> None:
    async with joined(trading, clock="+02:00") as mt5:
        login = await an_account(mt5)
        await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))

        (deal,) = (await mt5.get_deals([login], DealCursor.start())).deals

        assert abs(deal.at - datetime.now(UTC)) < timedelta(seconds=60)
        assert all(check.fine for check in await mt5.test_connection())


@pytest.mark.parametrize("crypt", ["none", "aes256ofb"])
async def test_a_noisy_line_that_stutters_changes_nothing(own: TradingServer, crypt: str) -> None:
    async with joined(own, crypt=crypt) as mt5:
        login = await an_account(mt5)
        for _ in range(250):
            await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))
        await own.post("/faults", noise=True, split_bytes=0.2, duplicate_deals=True)

        deals = (await mt5.get_deals([login], DealCursor.start())).deals

        assert len({deal.deal for deal in deals}) == len(deals) == 250
        assert (await mt5.get_account(login)).balance == 250


async def settled(mt5: Mt5WebApi, login: int) -> int:
    """One operation through every doubt; answers how often it was sent."""
    operation, began = mark("D", uuid4()), datetime.now(UTC)
    for sent in range(1, 400):
        outcome = await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), operation)
        if isinstance(outcome, Confirmed):
            return sent
        await asyncio.sleep(0.3)
        if isinstance(outcome, Unknown) and await is_there(mt5, login, operation, began):
            return sent
    raise AssertionError("never settled")


async def is_there(mt5: Mt5WebApi, login: int, operation: str, began: datetime) -> bool:
    for _ in range(2_400):
        try:
            return await mt5.find_balance_op(login, operation, began) is not None
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("the server never came back")


async def test_lost_lines_before_and_after_money_moved_cost_nobody_anything(
    own: TradingServer,
) -> None:
    async with joined(own) as mt5:
        logins = [await an_account(mt5) for _ in range(4)]
        await own.post("/faults", balance_drop_after=0.3, balance_drop_before=0.2)

        await asyncio.gather(*(settled(mt5, logins[at % 4]) for at in range(80)))

        await own.post("/faults", balance_drop_after=False, balance_drop_before=False)
        balances = [(await mt5.get_account(login)).balance for login in logins]
        assert balances == [20, 20, 20, 20]


async def test_an_answer_that_lies_about_money_is_settled_by_the_journal(
    own: TradingServer,
) -> None:
    async with joined(own) as mt5:
        login = await an_account(mt5)
        for code, applied in ((10012, True), (10008, False), (9, True), (10031, False)):
            forced = {"command": "TRADE_BALANCE", "code": code, "applied": applied, "times": 1}
            await own.post("/faults", answers=[forced])
            operation = mark("D", uuid4())

            outcome = await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), operation)

            assert isinstance(outcome, Unknown), outcome
            found = await mt5.find_balance_op(login, operation, datetime.now(UTC))
            assert (found is not None) == applied


async def test_a_server_that_proves_itself_wrongly_gets_nothing(own: TradingServer) -> None:
    await own.post("/faults", wrong_auth=True)
    async with joined(own) as mt5:
        with pytest.raises(Unreachable) as refusal:
            await mt5.list_groups()

    assert refusal.value.code == "mt5-1008"


async def test_a_killed_server_is_found_again_with_all_it_knew(own: TradingServer) -> None:
    async with joined(own) as mt5:
        login = await an_account(mt5)
        await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(7), mark("D", uuid4()))
        await own.kill()

        lost = await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))
        assert isinstance(lost, Refused | Unknown)
        await own.start()

        async def is_back() -> bool:
            with suppress(Unavailable):
                return (await mt5.get_account(login)).balance == 7
            return False

        await until(is_back, every_s=0.1)
        assert (await mt5.get_account(login)).balance == 7
