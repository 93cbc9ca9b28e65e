import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from support.mt5_peer import Peer, hashed
from support.trading_server import PASSWORD, TradingServer


@pytest.fixture
async def rest(trading: TradingServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on one kept-alive connection, logged in."""
    limits = httpx2.Limits(max_connections=1)
    base = f"http://127.0.0.1:{trading.http}"
    async with httpx2.AsyncClient(
        base_url=base, limits=limits, timeout=60, trust_env=False
    ) as client:
        assert (await enter(client, *trading.manager))["retcode"] == "0 Done"
        yield client


async def enter(client: httpx2.AsyncClient, login: int, password: str) -> Any:
    query = {"version": "484", "agent": "Peer", "login": str(login), "type": "manager"}
    start = (await client.get("/api/auth/start", params=query)).json()
    mine = secrets.token_bytes(16)
    proof = {
        "srv_rand_answer": hashed(password, bytes.fromhex(start["srv_rand"])),
        "cli_rand": mine.hex(),
    }
    told = (await client.get("/api/auth/answer", params=proof)).json()
    if told["retcode"] == "0 Done":
        assert told["cli_rand_answer"] == hashed(password, mine)
    return told


async def test_rest_says_what_tcp_says(
    trading: TradingServer, peer: Peer, rest: httpx2.AsyncClient
) -> None:
    made = (
        await rest.post(
            "/api/user/add",
            params={"group": "real\\standard-usd", "name": "Rosa Luz", "leverage": "100"},
            json={"PassMain": PASSWORD, "PassInvestor": PASSWORD, "City": "Sevilla"},
        )
    ).json()
    login = made["login"]
    money = (
        await rest.get(
            "/api/trade/balance",
            params={
                "login": login,
                "type": 2,
                "balance": "500.00",
                "comment": "D:R",
                "check_margin": 1,
            },
        )
    ).json()

    assert made["answer"]["City"] == "Sevilla"
    told = await peer.say("DEAL_GET", TICKET=money["answer"]["Ticket"])
    assert (told.body["Profit"], told.body["Comment"]) == ("500.00", "D:R")
    for path, command in (
        ("user/get", "USER_GET"),
        ("user/account/get", "USER_ACCOUNT_GET"),
        ("deal/get_page", "DEAL_GET_PAGE"),
        ("position/get_page", "POSITION_GET_PAGE"),
    ):
        answer = (await rest.get(f"/api/{path}", params={"login": login})).json()
        assert answer["retcode"] == "0 Done"
        assert answer["answer"] == (await peer.say(command, LOGIN=login)).body
    total = (await rest.get("/api/deal/get_total", params={"login": login})).json()
    assert total["answer"]["Total"] == total["answer"]["total"] == "1"
    batch = (await rest.get("/api/deal/get_batch", params={"group": "real\\*"})).json()
    assert any(row["Login"] == login for row in batch["answer"])
    check = {"login": login, "type": "main", "password": PASSWORD}
    assert (await rest.get("/api/user/check_password", params=check)).json()["retcode"] == "0 Done"
    overdrawn = {"login": login, "type": 2, "balance": "-501", "comment": "x", "check_margin": 1}
    answer = (await rest.get("/api/trade/balance", params=overdrawn)).json()
    assert answer == {"retcode": "10019 Not enough money"}


async def test_prices_and_bars_are_told(rest: httpx2.AsyncClient) -> None:
    symbols = (await rest.get("/api/symbol/list")).json()["answer"]
    ticks = (
        await rest.get("/api/tick/last", params={"symbol": "EURUSD,DE40", "trans_id": 0})
    ).json()
    clock = (await rest.get("/api/time/server")).json()["answer"]["time"]
    now = int(clock.split()[0])
    bars = (
        await rest.get("/api/chart/get", params={"symbol": "EURUSD", "from": now - 600, "to": now})
    ).json()["answer"]

    assert "EURUSD" in symbols
    assert len(ticks["answer"]) == 2
    assert int(ticks["trans_id"]) > 0
    assert len(bars) == 11
    assert all(
        low <= opened <= high and low <= closed <= high for _, opened, high, low, closed in bars
    )


async def test_authority_belongs_to_the_connection(
    trading: TradingServer, rest: httpx2.AsyncClient
) -> None:
    base = f"http://127.0.0.1:{trading.http}"

    async with httpx2.AsyncClient(base_url=base, timeout=60, trust_env=False) as stranger:
        refused = await stranger.get("/api/test/access")
        wrong = await enter(stranger, trading.manager[0], "not it")
        still_out = await stranger.get("/api/user/logins", params={"group": "*"})
        replayed = await stranger.get(
            "/api/auth/answer", params={"srv_rand_answer": "", "cli_rand": ""}
        )

    assert (refused.status_code, still_out.status_code) == (403, 403)
    assert wrong["retcode"].startswith("1001")
    assert replayed.json()["retcode"].startswith("1001")
    assert (await rest.get("/api/test/access")).json()["retcode"] == "0 Done"
    assert (await rest.get("/api/make/coffee")).status_code == 404


async def test_a_client_trades_with_his_own_password_only(
    trading: TradingServer, peer: Peer
) -> None:
    mine, other = await trading.account(peer), await trading.account(peer)

    told = await trading.post(
        "/trade/order", as_login=mine, symbol="EURUSD", side="buy", lots="0.10"
    )
    row = (await trading.get("/trade/positions", login=mine))[0]
    nobody = await trading.call("GET", "/trade/positions")
    foreign = await trading.call(
        "POST", "/trade/close", {"position": int(row["Position"])}, login=other
    )

    assert told["retcode"] == "10009 Request completed"
    assert told["Deals"][0]["Reason"] == "17"
    assert nobody.status == 401
    assert foreign.body == {"retcode": "13 Not found"}
    closed = await trading.post("/trade/close", as_login=mine, position=int(row["Position"]))
    assert closed["Deals"][0]["Entry"] == "1"
    assert len(await trading.get("/trade/deals", login=mine)) == 3
    assert len(await trading.get("/trade/quotes", login=mine)) == 22
    assert (await trading.get("/trade/account", login=mine))["Currency"] == "USD"
    assert await trading.get("/trade/orders", login=mine) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/clock", None, 405),
        ("POST", "/clock", {}, 422),
        ("POST", "/clock", {"now": "soon"}, 422),
        ("POST", "/clock", {"now": 1, "offset_s": 1}, 422),
        ("POST", "/clock", {"now": "1980-01-01"}, 409),
        ("POST", "/faults", {"gremlins": True}, 422),
        ("POST", "/robots", {"login": 1, "rate": 1}, 404),
        ("POST", "/robots", {"login": 1, "rate": -1}, 422),
        ("POST", "/robots", {"login": 1, "style": "lucky"}, 422),
        ("POST", "/shocks", {"symbol": "EURUSD", "percent": -100}, 422),
        ("POST", "/groups", {"name": ""}, 422),
        ("POST", "/managers", {"login": 0, "password": "x"}, 422),
        ("POST", "/dealer/1/money", {"amount": "5"}, 404),
        ("POST", "/dealer/x/order", {"symbol": "EURUSD", "side": "buy", "lots": "1"}, 404),
        ("POST", "/trade/order", [], 401),
        ("GET", "/truth/4711", None, 404),
    ],
)
async def test_wrong_requests_are_refused_with_a_reason(
    trading: TradingServer, peer: Peer, method: str, path: str, body: Any, status: int
) -> None:
    await trading.account(peer)

    reply = await trading.call(method, path, body)

    assert reply.status == status
    assert reply.body["error"]


async def test_the_desk_may_force_a_balance_below_zero(trading: TradingServer, peer: Peer) -> None:
    login = await trading.account(peer, money="10")

    refused = await trading.call("POST", f"/dealer/{login}/money", {"amount": "-15"})
    forced = await trading.post(f"/dealer/{login}/money", amount="-15", type=5, forced=True)

    assert refused.body == {"retcode": "10019 Not enough money"}
    assert forced["balance"] == "-5.00"


async def test_groups_and_managers_stay_after_a_restart(own: TradingServer) -> None:
    await own.post(
        "/groups", name="real\\vip-gbp", currency="GBP", leverage_max=200, commission="1.50"
    )
    await own.post("/managers", login=3000, password="Kept-alive-1", groups="real\\vip*")
    await own.kill()
    await own.start()

    peer = await Peer.manager(own.port, 3000, "Kept-alive-1")
    told = await peer.say("GROUP_NEXT", INDEX="0")

    assert told.body["Group"] == "real\\vip-gbp"
    assert (told.body["Currency"], told.body["MarginMaxLeverage"]) == ("GBP", "200")
    assert told.body["Commissions"][0]["Tiers"][0]["Value"] == "1.50"
    assert (own.folder / "server.toml").stat().st_mode & 0o077 == 0
    await peer.close()


async def test_the_terminal_page_is_whole_and_loads_nothing_from_elsewhere(
    trading: TradingServer,
) -> None:
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        page = await client.get(f"http://127.0.0.1:{trading.http}/")

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert len(page.content) < 20_000
