"""The connector against the sandbox's cTrader server, a process of its own on loopback."""

import asyncio
import base64
import signal
import ssl
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from brokerage.bench import links
from brokerage.trading.connector import (
    Access,
    Deal,
    DealCursor,
    DealKind,
    Entry,
    MoneyKind,
    NewAccount,
    News,
    Profile,
    Told,
    Which,
    mark,
)
from brokerage.trading.connectors.ctrader import CTrader
from stoa.connectors.egress import Egress
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Unreachable
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import NotFound, Unavailable
from support.ctrader_server import GROUP, PASSWORD, CTraderServer, hashed, joined
from support.patience import LONGEST_S

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
async def plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[CTraderServer]:
    server = await CTraderServer(tmp_path_factory.mktemp("plant")).start()
    yield server
    await server.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncGenerator[CTraderServer]:
    server = await CTraderServer(tmp_path / "state").start()
    yield server
    await server.stop()


async def an_account(ct: CTrader, money: str = "", **more: Any) -> int:
    told: dict[str, Any] = {
        "external_id": mark("A", uuid7()),
        "group": GROUP,
        "leverage": 50,
        "profile": Profile(name="Ann Ó Briain", email=f"{uuid4().hex[:8]}@example.com"),
        "password": PASSWORD,
        "investor_password": "",
        "currency": "USD",
    }
    outcome = await ct.create_account(NewAccount(**(told | more)))
    assert isinstance(outcome, Confirmed), outcome
    login = int(outcome.reference)
    if money:
        moved = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(money), mark("D", uuid4()))
        assert isinstance(moved, Confirmed), moved
    return login


async def test_an_account_lives_its_life(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        external = mark("A", uuid7())
        login = await an_account(ct, external_id=external)

        assert await ct.find_account(external, GROUP) == login
        assert await ct.find_account(external, GROUP, login) == login
        assert await ct.find_account(mark("A", uuid7()), GROUP) is None
        account = await ct.get_account(login)
        assert (account.group, account.currency, account.leverage) == (GROUP, "USD", 50)
        assert (account.name, account.access) == ("Ann Ó Briain", Access.FULL)
        assert account.registered is not None
        assert abs(account.registered - datetime.now(UTC)) < timedelta(seconds=60)

        for access in Access:
            assert await ct.set_access(login, access) == Confirmed(str(login))
            assert (await ct.get_account(login)).access is access
        assert await ct.set_leverage(login, 200) == Confirmed(str(login))
        assert await ct.set_group(login, "Raw") == Confirmed(str(login))
        assert await ct.update_profile(login, Profile(name="Eve", email="eve@example.com"))
        changed = await ct.get_account(login)
        assert (changed.leverage, changed.group, changed.name) == (200, "Raw", "Eve")
        assert changed.external_id == external

        assert await ct.reset_password(login, "Another-1", Which.MAIN) == Confirmed(str(login))
        too_high = await ct.set_leverage(login, 5_000)
        assert isinstance(too_high, Refused)
        assert too_high.code == "ctrader-WRONG_LEVERAGE"
        nowhere = await ct.set_group(login, "Nowhere")
        assert isinstance(nowhere, Refused)
        nobody = await ct.set_access(999, Access.FULL)
        assert isinstance(nobody, Refused)
        assert nobody.code == "ctrader-TRADER_NOT_FOUND"
        with pytest.raises(NotFound):
            await ct.get_account(999)


async def test_an_account_that_may_only_close_opens_nothing_and_closes(
    plant: CTraderServer,
) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct, "1000")
        (opened,) = await plant.trade(login)
        await ct.set_access(login, Access.CLOSE_ONLY)
        word = base64.b64encode(f"{login}:{hashed(PASSWORD)}".encode()).decode()

        order = {"symbol": "EURUSD", "side": "buy", "lots": "0.10"}
        more = await plant.call("POST", "/trade/order", order, auth=word)
        less = {"position": int(opened["PositionID"])}
        closed = await plant.call("POST", "/trade/close", less, auth=word)

        assert (more.status, closed.status) == (422, 200)


async def test_two_accounts_of_one_address_share_a_ctrader_id(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        profile = Profile(name="Ann", email="twice@example.com")
        first = await an_account(ct, profile=profile)
        second = await an_account(ct, profile=profile)

        assert first != second
        assert await ct.reset_password(second, "Another-2", Which.MAIN) == Confirmed(str(second))


async def test_money_moves_and_is_found_by_its_mark(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct)
        began = datetime.now(UTC)
        deposit, credit, out = (mark(kind, uuid4()) for kind in "DCW")

        first = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal("250.50"), deposit, "Card")
        await ct.balance_op(login, MoneyKind.CREDIT_IN, Decimal(20), credit)
        await ct.balance_op(login, MoneyKind.WITHDRAWAL, Decimal("50.50"), out)
        poor = await ct.balance_op(
            login, MoneyKind.WITHDRAWAL, Decimal("200.01"), mark("W", uuid4())
        )
        fine = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal("0.001"), mark("D", uuid4()))

        assert isinstance(first, Confirmed)
        assert isinstance(poor, Refused)
        assert (poor.code, poor.technical) == ("ctrader-NOT_ENOUGH_MONEY", False)
        assert isinstance(fine, Refused)
        found = await ct.find_balance_op(login, deposit, began)
        assert found is not None
        assert (str(found.deal), found.profit) == (first.reference, Decimal("250.50"))
        assert await ct.find_balance_op(login, mark("D", uuid4()), began) is None
        account = await ct.get_account(login)
        assert (account.balance, account.credit, account.equity) == (200, 20, 220)
        batch = await ct.get_deals([login], DealCursor(began))
        assert [(deal.kind, deal.profit) for deal in batch.deals] == [
            (DealKind.BALANCE, Decimal("250.50")),
            (DealKind.CREDIT, Decimal(20)),
            (DealKind.BALANCE, Decimal("-50.50")),
        ]
        assert [deal.comment.partition(" ")[0] for deal in batch.deals] == [deposit, credit, out]


async def test_a_yen_account_counts_in_whole_yen(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct, "150000", currency="JPY")
        half = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal("0.5"), mark("D", uuid4()))
        (opened,) = await plant.trade(login, symbol="USDJPY")
        await plant.close(login, int(opened["PositionID"]))

        deals = (await ct.get_deals([login], DealCursor.start())).deals
        account = await ct.get_account(login)

        assert isinstance(half, Refused)
        assert sum(deal.profit + deal.commission for deal in deals) == account.balance
        assert account.balance == account.balance.to_integral_value()


async def test_without_the_link_no_money_is_sent(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct)
    async with joined(plant, linked=False) as ct:
        outcome = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))

        assert isinstance(outcome, Refused)
        assert outcome.code == "no-manager-link"
        with pytest.raises(Unavailable):
            await ct.find_balance_op(login, mark("D", uuid4()), datetime.now(UTC))
        assert (await ct.get_account(login)).balance == 0
        assert [check.fine for check in await ct.test_connection()] == [True, True, False]


async def test_lists_and_link_tell_the_same_closing_deals_each_once(
    plant: CTraderServer,
) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct, "10000", group="Raw")
        (opened,) = await plant.trade(login, lots="0.30")
        position = int(opened["PositionID"])
        for lots in ("0.10", "0.07", ""):
            await plant.close(login, position, lots)
        (gold,) = await plant.trade(login, "sell", "0.02", symbol="XAUUSD")
        await plant.close(login, int(gold["PositionID"]))
        linked = (await ct.get_deals([login], DealCursor.start())).deals
        account = await ct.get_account(login)
    sizes = "Forex=100000, XAUUSD=100"
    async with joined(plant, linked=False, lot_sizes=sizes) as ct:
        listed = await ct.get_deals([login], DealCursor.start())
    async with joined(plant, linked=False, lot_sizes="Forex=100000") as ct:
        sizeless = await ct.get_deals([login], DealCursor.start())

    closing = [deal for deal in linked if deal.lots_closed]
    assert [deal.deal for deal in closing] == [deal.deal for deal in listed.deals]
    for one, other in zip(closing, listed.deals, strict=True):
        for name in ("login", "kind", "entry", "at", "symbol", "lots", "lots_closed", "profit"):
            assert getattr(one, name) == getattr(other, name), name
        for name in ("swap", "commission", "position", "price", "contract_size", "opened"):
            assert getattr(one, name) == getattr(other, name), name
    assert sum(deal.lots for deal in linked if deal.entry is Entry.IN) == Decimal("0.32")
    assert sum(deal.lots_closed for deal in linked) == Decimal("0.32")
    result = sum(deal.profit + deal.swap + deal.commission for deal in linked)
    assert result == account.balance
    assert len(sizeless.misread) == 1
    assert "XAUUSD" in sizeless.misread[0].why
    assert len(sizeless.deals) == 3


async def test_a_netted_account_that_turns_counts_its_lots_once(plant: CTraderServer) -> None:
    async with joined(plant, netted_groups="Raw, Islamic") as ct:
        login = await an_account(ct, "10000", group="Raw")
        await plant.trade(login, "buy", "0.10")
        await plant.trade(login, "sell", "0.25")
        await plant.trade(login, "buy", "0.15")

        deals = [one for one in (await ct.get_deals([login], DealCursor.start())).deals if one.lots]
        account = await ct.get_account(login)

        assert [deal.entry for deal in deals] == [Entry.IN, Entry.REVERSAL, Entry.OUT]
        assert sum(deal.lots_closed for deal in deals) == Decimal("0.25")
        result = sum(deal.profit + deal.swap + deal.commission for deal in deals)
        assert account.balance == 10_000 + result


async def test_a_commission_counts_when_the_position_closes(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct, "1000", group="Raw")
        (opened,) = await plant.trade(login)

        while_open = await ct.get_account(login)
        await plant.close(login, int(opened["PositionID"]))
        (_, first, last) = (await ct.get_deals([login], DealCursor.start())).deals

        assert while_open.balance == 1_000
        assert while_open.floating < 0
        assert (first.commission, last.commission) == (0, Decimal("-0.70"))


async def test_groups_symbols_prices_positions_and_logins_are_read(plant: CTraderServer) -> None:
    async with joined(plant) as ct:
        login = await an_account(ct, "1000")
        await plant.trade(login, "sell", "0.05", symbol="GBPUSD")
        groups = await ct.list_groups()
        symbols = {one.symbol: one for one in await ct.list_symbols()}
        ticks = await ct.prices(["EURUSD", "USDJPY", "XAUUSD"])
        (position,) = await ct.get_positions(login)
        account = await ct.get_account(login)
        checks = await ct.test_connection()

        assert {GROUP, "Raw"} <= {one.group for one in groups}
        assert login in await ct.list_logins([GROUP])
        assert login in await ct.list_logins(["Stand*"])
        assert login not in await ct.list_logins(["Raw"])
        eurusd = symbols["EURUSD"]
        assert (eurusd.digits, eurusd.currency_base, eurusd.currency_profit) == (5, "EUR", "USD")
        assert eurusd.contract_size == 100_000
        assert {tick.symbol for tick in ticks.ticks} == {"EURUSD", "USDJPY", "XAUUSD"}
        assert all(0 < tick.bid <= tick.ask for tick in ticks.ticks)
        assert (position.kind, position.lots) == (DealKind.SELL, Decimal("0.05"))
        assert position.price_current >= position.price_open
        assert abs(position.profit - account.floating) < 2
        assert all(check.fine for check in checks), checks


async def test_more_than_a_chunk_is_read_to_its_end(own: CTraderServer) -> None:
    async with joined(own) as ct:
        login = await an_account(ct, "100000")
        start = datetime.now(UTC) - timedelta(days=20)
        end = datetime.now(UTC) - timedelta(minutes=2)
        made = await own.post(
            "/history",
            **{"from": start.isoformat(), "to": end.isoformat()},
            login=login,
            deals=1_500,
            deposit="100000",
        )
        await own.post("/faults", duplicate_deals=True)

        batch = await ct.get_deals([login], DealCursor.start())
        again = await ct.get_deals([login], batch.cursor)

        told = made[0]["deals"] + 1
        assert len(batch.deals) == len({deal.deal for deal in batch.deals}) == told
        assert again.cursor == batch.cursor
        result = sum(deal.profit + deal.swap + deal.commission for deal in batch.deals)
        assert result == (await ct.get_account(login)).balance


async def test_more_accounts_than_a_page_are_all_found(own: CTraderServer) -> None:
    async with joined(own, ctid=False) as ct:
        logins = sorted([await an_account(ct) for _ in range(130)])

        assert list(await ct.list_logins([GROUP])) == logins
        assert (await ct.get_deals(logins, DealCursor.start())).missing == ()


async def settled(ct: CTrader, login: int) -> None:
    """One operation through every doubt."""
    operation, began = mark("D", uuid4()), datetime.now(UTC)
    for _ in range(50):
        outcome = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), operation)
        if isinstance(outcome, Confirmed):
            return
        if isinstance(outcome, Unknown) and await ct.find_balance_op(login, operation, began):
            return
    raise AssertionError("never settled")


async def test_lost_lines_before_and_after_money_moved_cost_nobody_anything(
    own: CTraderServer,
) -> None:
    async with joined(own) as ct:
        logins = [await an_account(ct) for _ in range(4)]
        await own.post("/faults", balance_drop_after=0.3, balance_drop_before=0.2)

        await asyncio.gather(*(settled(ct, logins[at % 4]) for at in range(80)))

        await own.post("/faults", balance_drop_after=False, balance_drop_before=False)
        balances = [(await ct.get_account(login)).balance for login in logins]
        assert balances == [20, 20, 20, 20]


async def test_an_answer_with_a_name_nobody_knows_is_settled_by_the_history(
    own: CTraderServer,
) -> None:
    async with joined(own) as ct:
        login = await an_account(ct)
        for code, applied in ((1, True), (2, False), (3, True), (4, False)):
            forced = {"command": "CHANGEBALANCE", "code": code, "applied": applied, "times": 1}
            await own.post("/faults", answers=[forced])
            operation = mark("D", uuid4())

            outcome = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), operation)

            assert isinstance(outcome, Unknown), outcome
            found = await ct.find_balance_op(login, operation, datetime.now(UTC))
            assert (found is not None) == applied


async def test_a_token_that_ended_sends_no_money_twice_and_is_asked_for_again(
    own: CTraderServer,
) -> None:
    async with joined(own) as ct:
        login = await an_account(ct)
        await own.call("DELETE", "/tokens")
        operation = mark("D", uuid4())

        first = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(5), operation)
        second = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(5), operation)

        assert isinstance(first, Refused)
        assert first.technical
        assert isinstance(second, Confirmed)
        await own.call("DELETE", "/tokens")
        assert (await ct.get_account(login)).balance == 5


async def test_a_stuttering_noisy_link_changes_nothing(own: CTraderServer) -> None:
    async with joined(own) as ct:
        login = await an_account(ct, "500")
        for _ in range(30):
            (opened,) = await own.trade(login, lots="0.01")
            await own.close(login, int(opened["PositionID"]))
        await own.post("/faults", noise=True, split_bytes=0.3, duplicate_deals=True)

        deals = (await ct.get_deals([login], DealCursor.start())).deals

        assert len({deal.deal for deal in deals}) == len(deals) == 61


async def test_prices_that_cannot_be_leave_the_last_good_ones(own: CTraderServer) -> None:
    async with joined(own) as ct:
        good = await ct.prices(["EURUSD"])
        await own.post("/faults", bad_ticks=True)
        await asyncio.sleep(1.2)

        later = await ct.prices(["EURUSD"])

        assert all(0 < tick.bid <= tick.ask for tick in (*good.ticks, *later.ticks))


async def first_of(ct: CTrader, what: Told) -> News:
    async with asyncio.timeout(LONGEST_S):
        async for news in ct.stream():
            if news.what is what:
                return news
    raise AssertionError("the stream ended")


async def test_the_stream_tells_deals_whole_and_ends_with_its_connection(
    own: CTraderServer,
) -> None:
    async with joined(own) as ct:
        login = await an_account(ct, "1000")
        stream = ct.stream()
        assert (await anext(stream)).what is Told.GAP
        (opened,) = await own.trade(login)

        news = await asyncio.wait_for(anext(stream), LONGEST_S)
        assert (news.what, news.login) == (Told.DEAL, login)
        assert news.deals[0].deal == int(opened["Deal"])
        listed = (await ct.get_deals([login], DealCursor.start())).deals
        assert news.deals[0] in listed

        await ct.set_leverage(login, 20)
        assert (await asyncio.wait_for(anext(stream), LONGEST_S)) == News(
            what=Told.ACCOUNT, login=login
        )
        await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(7), mark("D", uuid4()))
        money = await asyncio.wait_for(anext(stream), LONGEST_S)
        assert money.deals[0].profit == 7

        await own.post("/cut")
        with pytest.raises(Unreachable):
            await asyncio.wait_for(anext(stream), LONGEST_S)
        assert (await first_of(ct, Told.GAP)).what is Told.GAP


async def test_a_killed_server_is_found_again_with_all_it_knew(own: CTraderServer) -> None:
    async with joined(own) as ct:
        login = await an_account(ct, "7")
        await own.stop(signal.SIGKILL)

        lost = await ct.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))
        assert isinstance(lost, Refused | Unknown)
        await own.start()

        deals: tuple[Deal, ...] = ()
        for _ in range(1_200):
            try:
                deals = (await ct.get_deals([login], DealCursor.start())).deals
                break
            except Unavailable:
                await asyncio.sleep(0.1)
        assert [deal.profit for deal in deals] == [7]
        assert (await ct.get_account(login)).balance == 7


async def test_a_wrong_password_lets_nobody_in_and_is_not_tried_again_at_once(
    own: CTraderServer,
) -> None:
    async with joined(own, login=4) as ct:
        (check,) = await ct.test_connection()
        assert not check.fine
        assert "AUTHENTICATION_FAILED" in check.text
        with pytest.raises(Unreachable):
            await ct.prices(["EURUSD"])
    async with joined(own, plant="elsewhere") as ct:
        checks = await ct.test_connection()
        assert [check.fine for check in checks] == [True, True, False]
        with pytest.raises(Unreachable) as held:
            await anext(ct.stream())
        assert held.value.code == "backing-off"


async def test_no_token_and_no_password_stands_in_a_log_or_an_error(own: CTraderServer) -> None:
    password = own.manager[1]
    told: list[str] = []
    with capture_logs() as logs:
        async with joined(own) as ct:
            login = await an_account(ct, "10")
            await ct.get_positions(login)
            held = [text for text, _ in ct._web._line.tokens.values()]
            await own.post("/faults", disconnect={"times": 3})
            for ask in (ct.get_account(login), ct.list_groups()):
                try:
                    await ask
                except Unavailable as why:
                    told.append(f"{why!r} {why} {why.__cause__!r}")

    assert held
    assert logs
    everything = f"{logs} {told}"
    for secret in (*held, password, hashed(password), hashed(PASSWORD), PASSWORD):
        assert secret not in everything


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that nobody but the test trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, secret


async def test_the_link_speaks_tls_and_trusts_no_stranger(tmp_path: Path) -> None:
    cert, key = _certificate(tmp_path)
    server = CTraderServer(tmp_path / "state", more=("--cert", str(cert), "--key", str(key)))
    await server.start()
    places = {f"127.0.0.1:{server.port}", f"127.0.0.1:{server.link}"}
    trusting = ssl.create_default_context(cafile=str(cert))

    async with joined(server, egress=Egress(places, tls=trusting), tls=True) as ct:
        assert all(check.fine for check in await ct.test_connection())
    async with joined(server, egress=Egress(places), tls=True) as ct:
        assert [check.fine for check in await ct.test_connection()] == [True, True, False]

    await server.stop()


async def test_a_hundred_cuts_of_the_link_lose_and_double_nothing(own: CTraderServer) -> None:
    async with joined(own) as ct:
        login = await an_account(ct, "100000", group="Raw")

        told = await links.through_cuts(ct, login, own.port, cuts=100, seed=11)

        assert (told.lost, told.doubled) == (0, 0)
        assert told.cuts == 100
        assert told.deals > 100
