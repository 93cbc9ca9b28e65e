"""DXtrade's rows and calls: what is read, what is put aside, what two who write at once do."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.trading.connector import (
    Access,
    DealCursor,
    MoneyKind,
    NewAccount,
    Profile,
    mark,
)
from brokerage.trading.connectors.dxtrade import DxTrade, ids, records
from brokerage.trading.connectors.dxtrade.settings import Settings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Unreadable
from support.stands._served import Served

SIZES = {"EUR/USD": Decimal(100_000)}
ORDER: dict[str, Any] = {
    "account": "default:123",
    "orderCode": "77",
    "legs": [
        {"instrument": "EUR/USD", "positionEffect": "CLOSE", "positionCode": "9", "side": "SELL"}
    ],
    "executions": [
        {
            "executionCode": "501",
            "lastQuantity": Decimal(20_000),
            "lastPrice": Decimal("1.1"),
            "transactionTime": "2026-11-26T10:00:00.000Z",
        }
    ],
    "cashTransactions": [
        {"type": "SETTLEMENT", "value": Decimal("12.34"), "tradeCode": "501"},
        {"type": "COMMISSION", "value": Decimal("-1.5"), "tradeCode": "501"},
        {"type": "FINANCING", "value": Decimal("-0.25"), "tradeCode": "501"},
    ],
}


def test_an_order_is_a_deal_for_each_fill_with_its_money():
    (deal,) = records.trades(ORDER, SIZES, "default")

    assert (deal.deal, deal.login, deal.position) == (501, 123, 9)
    assert (deal.kind, deal.entry, deal.lots, deal.lots_closed) == (
        "sell", "out", Decimal("0.2"), Decimal("0.2"),
    )  # fmt: skip
    assert (deal.profit, deal.commission, deal.swap) == (
        Decimal("12.34"), Decimal("-1.5"), Decimal("-0.25"),
    )  # fmt: skip


def test_an_order_that_filled_in_parts_has_its_money_once():
    fills = [ORDER["executions"][0], ORDER["executions"][0] | {"executionCode": "502"}]
    cash = [{"type": "SETTLEMENT", "value": 10}, {"type": "COMMISSION", "value": -2}]

    first, second = records.trades(
        ORDER | {"executions": fills, "cashTransactions": cash}, SIZES, "default"
    )

    assert (first.profit, second.profit, second.commission) == (0, 10, -2)


def bent(**changed: Any) -> dict[str, Any]:
    whole = msgspec.json.decode(msgspec.json.encode(ORDER))
    for path, value in changed.items():
        at, name = path.split("__")
        target = whole if at == "order" else whole[at][0]
        target[name] = value
    return whole


@pytest.mark.parametrize(
    "changed",
    [
        {"executions__lastPrice": 0},
        {"executions__lastPrice": -1},
        {"executions__lastPrice": "much"},
        {"executions__lastQuantity": -5},
        {"executions__transactionTime": "2036-01-01T00:00:00Z"},
        {"executions__transactionTime": "2026-11-26T10:00:00"},
        {"executions__transactionTime": "yesterday"},
        {"executions__executionCode": ""},
        {"legs__instrument": "XXX/YYY"},
        {"legs__side": "BOTH"},
        {"legs__positionEffect": "TURN"},
        {"cashTransactions__type": "GIFT"},
        {"cashTransactions__value": "1e9"},
        {"order__account": "other:123"},
        {"order__account": "default:letters"},
        {"order__legs": [{}, {}]},
        {"order__executions": "none"},
    ],
)
def test_an_order_that_cannot_be_is_refused_with_a_reason(changed):
    with pytest.raises(Unreadable) as why:
        records.trades(bent(**changed), SIZES, "default")

    assert why.value.code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(list(ORDER)), JSON, max_size=3), JSON)
def test_no_row_breaks_the_reader(changed, row):
    for read in (
        lambda: records.trades(ORDER | changed, SIZES, "default"),
        lambda: records.transfer(records.row(row), "default"),
        lambda: records.symbol(records.row(row), Settings(base_url="x", username="1")),
        lambda: records.position(records.row(row), {}, SIZES, 1),
    ):
        try:
            read()
        except (Unreadable, ArithmeticError):
            continue


@given(st.text(min_size=1, max_size=60))
def test_a_code_is_always_the_same_number_and_fits(code):
    number = ids.number(code, "code")

    assert number == ids.number(code, "code")
    assert 0 < number < 1 << 63
    if not (code.isascii() and code.isdigit() and len(code) <= 18 and int(code)):
        assert number >= 1 << 62


@dataclass
class Site:
    adapter: DxTrade
    server: Served
    login: int = 0

    async def open(self, email: str | None = None) -> int:
        new = NewAccount(
            external_id=mark("A", uuid4()),
            group="STANDARD",
            leverage=100,
            profile=Profile(name="Ann Berg", email=email or f"{uuid4().hex}@example.com"),
            password="Conform-Main-7a",
            investor_password="Conform-View-7b",
        )
        made = await self.adapter.create_account(new)
        assert isinstance(made, Confirmed), made
        assert await self.adapter.find_account(new.external_id, "STANDARD") == int(made.reference)
        return int(made.reference)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    server = await Served("sandbox.dxtrade", tmp_path / "dx").start()
    first = tomllib.loads((tmp_path / "dx" / "server.toml").read_text())["managers"][0]
    port = server.ports["port"]
    egress = Egress({f"127.0.0.1:{port}"})
    line = Lines(egress, limits=Limits(in_a_row=10_000, error_rate=2)).of("t", "dxtrade")
    mine = Settings(base_url=f"http://127.0.0.1:{port}", username=str(first["login"]), answer_s=20)
    adapter = DxTrade(mine, Keyring({"dxtrade.admin": first["password"]}), line)
    try:
        yield Site(adapter, server)
    finally:
        await egress.aclose()
        await server.stop()


async def test_the_same_reference_moves_once_and_another_amount_under_it_stays_unknown(site):
    login, sign = await site.open(), mark("D", uuid4())

    first = await site.adapter.balance_op(login, MoneyKind.DEPOSIT, Decimal("12.34"), sign)
    again = await site.adapter.balance_op(login, MoneyKind.DEPOSIT, Decimal("12.34"), sign)
    other = await site.adapter.balance_op(login, MoneyKind.DEPOSIT, Decimal(99), sign)

    assert isinstance(first, Confirmed) and isinstance(again, Confirmed)
    assert isinstance(other, Unknown)
    assert (await site.adapter.get_account(login)).balance == Decimal("12.34")


async def test_an_answer_lost_after_money_moved_is_unknown_and_the_same_again_is_safe(site):
    login, sign = await site.open(), mark("D", uuid4())
    await site.server.lever("POST", "/faults", {"balance_drop_after": {"times": 1}})

    lost = await site.adapter.balance_op(login, MoneyKind.DEPOSIT, Decimal(50), sign)
    again = await site.adapter.balance_op(login, MoneyKind.DEPOSIT, Decimal(50), sign)

    assert isinstance(lost, Unknown) and isinstance(again, Confirmed)
    assert (await site.adapter.get_account(login)).balance == 50


async def test_a_token_that_ended_is_replaced_unseen(site):
    login = await site.open()
    await site.server.lever("POST", "/faults", {"wrong_auth": {"times": 1}})

    assert (await site.adapter.get_account(login)).login == login


async def test_who_writes_over_another_is_refused_and_reads_again(site):
    """Two change an account at once: both changes were under the ETag, and the last one stands."""
    login = await site.open()

    outcomes = await asyncio.gather(
        *(site.adapter.set_access(login, one) for one in (Access.CLOSE_ONLY, Access.NO_TRADING) * 4)
    )

    assert all(isinstance(one, Confirmed | Refused) for one in outcomes)
    assert any(isinstance(one, Confirmed) for one in outcomes)
    assert (await site.adapter.get_account(login)).access in {Access.CLOSE_ONLY, Access.NO_TRADING}


async def test_a_stale_etag_is_refused_by_the_server(site):
    """The server as a stranger's client meets it: 412 for what is no longer as it was read."""
    login = await site.open()
    link = site.adapter._link
    _, etag = await link.read("/dxweb/rest", link.account(login))

    first = await link.change("PUT", link.account(login), {"status": "CLOSE_ONLY"}, etag)
    second = await link.change("PUT", link.account(login), {"status": "FULL_TRADING"}, etag)

    assert isinstance(first, dict)
    assert isinstance(second, Refused) and second.code == "changed-meanwhile"


async def test_two_accounts_of_one_person_share_their_client(site):
    email = f"{uuid4().hex}@example.com"

    first, second = await site.open(email), await site.open(email.upper())

    assert first != second
    assert sorted(await site.adapter.list_logins(["STANDARD"])) == sorted([first, second])


async def test_a_bent_order_is_put_aside_and_stops_no_other(site):
    login = await site.open()
    await site.adapter.balance_op(login, MoneyKind.DEPOSIT, Decimal(5000), mark("D", uuid4()))
    order = {"symbol": "EURUSD", "side": "buy", "lots": "0.1"}
    await site.server.lever("POST", f"/dealer/{login}/order", order)
    await site.server.lever("POST", "/faults", {"noise": True, "duplicate_deals": True})

    batch = await site.adapter.get_deals([login, 4], DealCursor.start())

    assert [deal.kind for deal in batch.deals] == ["balance", "buy"]
    assert len(batch.misread) == 1 and "lastPrice" in batch.misread[0].why
    assert batch.missing == (4,)


async def test_nobody_is_let_in_without_a_token(site):
    port = site.server.ports["port"]
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        answer = await client.get(
            f"http://127.0.0.1:{port}/dxweb/rest/api/register/account",
            headers={"authorization": "DXAPI 00"},
        )

    assert answer.status_code == 401
    assert answer.json()["errorCode"] == "3"
