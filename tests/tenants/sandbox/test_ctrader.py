"""The sandbox's cTrader server as a stranger's client meets it."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.ctrader_server import CTraderServer, hashed
from support.patience import LONGEST_S

TRADERS = "/v2/webserv/traders"


@pytest.fixture(scope="module")
async def plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[CTraderServer]:
    server = await CTraderServer(tmp_path_factory.mktemp("plant")).start()
    yield server
    await server.stop()


async def token_of(plant: CTraderServer) -> str:
    login, password = plant.manager
    told = await plant.post(
        "/v2/webserv/managers/token", login=login, hashedPassword=hashed(password)
    )
    return str(told["webservToken"])


def a_trader(**more: Any) -> dict[str, Any]:
    return {
        "accessRights": "FULL_ACCESS",
        "accountType": "HEDGED",
        "balance": 123_45,
        "brokerName": "sandbox",
        "depositCurrency": "USD",
        "groupName": "Standard",
        "hashedPassword": hashed("Secret-1"),
        "leverageInCents": 10_000,
        "totalMarginCalculationType": "MAX",
        "name": "Ann",
        "lastName": "Lee",
        "contactDetails": {"email": "ann@example.com", "city": "Oslo"},
    } | more


async def test_a_token_is_needed_and_a_wrong_hash_gets_none(plant: CTraderServer) -> None:
    login, _ = plant.manager
    wrong = {"login": login, "hashedPassword": hashed("guess")}

    refused = await plant.call("POST", "/v2/webserv/managers/token", wrong)
    without = await plant.call("GET", "/v2/webserv/symbols")

    assert (refused.status, refused.body["errorCode"]) == (401, "AUTHENTICATION_FAILED")
    assert without.status == 401


async def test_a_part_changes_alone_and_a_whole_replaces_what_it_leaves_out(
    plant: CTraderServer,
) -> None:
    key = await token_of(plant)
    made = await plant.post(f"{TRADERS}?token={key}", **a_trader())
    one = f"{TRADERS}/{made['login']}?token={key}"

    part = {"leverageInCents": 5_000, "contactDetails": {"city": "Bergen"}}
    patched = await plant.call("PATCH", one, part)
    after_part = await plant.get(one)
    whole = a_trader(name="Eve", balance=999)
    del whole["contactDetails"], whole["lastName"]
    replaced = await plant.call("PUT", one, whole)
    after_whole = await plant.get(one)

    assert (patched.status, replaced.status) == (204, 204)
    assert (made["balance"], made["moneyDigits"]) == (123_45, 2)
    assert after_part["contactDetails"]["email"] == "ann@example.com"
    assert (after_part["contactDetails"]["city"], after_part["leverageInCents"]) == ("Bergen", 5000)
    assert (after_part["name"], after_part["balance"]) == ("Ann", 123_45)
    assert (after_whole["name"], after_whole["lastName"]) == ("Eve", "")
    assert after_whole["contactDetails"]["email"] == ""
    assert after_whole["balance"] == 123_45


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"groupName": "Nowhere"}, "TRADER_GROUP_NOT_FOUND"),
        ({"groupName": "Standard|USD|HEDGED"}, "TRADER_GROUP_NOT_FOUND"),
        ({"depositCurrency": "XXX"}, "UNKNOWN_DEPOSIT_CURRENCY"),
        ({"leverageInCents": 99_900_00}, "WRONG_LEVERAGE"),
        ({"leverageInCents": 10}, "WRONG_LEVERAGE"),
        ({"hashedPassword": "plain"}, "INVALID_DATA"),
        ({"accessRights": "SOME"}, "INVALID_DATA"),
        ({"balance": -1}, "CHANGE_BALANCE_BAD_AMOUNT"),
    ],
)
async def test_what_is_wrong_with_a_trader_has_a_name(
    plant: CTraderServer, more: dict[str, Any], name: str
) -> None:
    key = await token_of(plant)

    reply = await plant.call("POST", f"{TRADERS}?token={key}", a_trader(**more))

    assert (reply.status, reply.body["errorCode"]) == (400, name)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"preciseAmount": -5, "type": "DEPOSIT"}, "CHANGE_BALANCE_BAD_AMOUNT"),
        ({"preciseAmount": 0.001, "type": "DEPOSIT"}, "CHANGE_BALANCE_BAD_AMOUNT"),
        ({"preciseAmount": "5", "type": "DEPOSIT"}, "INVALID_DATA"),
        ({"preciseAmount": 5, "type": "GIVE"}, "INVALID_DATA"),
        ({"preciseAmount": 500, "type": "WITHDRAW"}, "NOT_ENOUGH_MONEY"),
        ({"preciseAmount": 5, "type": "DEPOSIT", "login": 1}, "INVALID_DATA"),
    ],
)
async def test_money_that_cannot_move_says_why(
    plant: CTraderServer, body: dict[str, Any], name: str
) -> None:
    key = await token_of(plant)
    login = (await plant.post(f"{TRADERS}?token={key}", **a_trader()))["login"]

    path = f"{TRADERS}/{login}/changebalance?token={key}"
    reply = await plant.call("POST", path, {"login": login} | body)

    assert reply.body["errorCode"] == name
    assert (await plant.get(f"{TRADERS}/{login}?token={key}"))["balance"] == 123_45


async def test_bonus_is_kept_apart_from_balance_and_credit(plant: CTraderServer) -> None:
    key = await token_of(plant)
    login = (await plant.post(f"{TRADERS}?token={key}", **a_trader()))["login"]
    one = f"{TRADERS}/{login}"
    credit = "DEPOSIT_NONWITHDRAWABLE_BONUS"

    bonus = await plant.post(
        f"{one}/changebonus?token={key}", login=login, preciseAmount=10, type="DEPOSIT"
    )
    given = await plant.post(
        f"{one}/changebalance?token={key}", login=login, preciseAmount=2.5, type=credit
    )
    told = await plant.get(f"{one}?token={key}")

    assert bonus["bonusHistoryId"] > 0
    assert given["balanceHistoryId"] > 0
    assert (told["balance"], told["bonus"], told["nonWithdrawableBonus"]) == (123_45, 1000, 250)
    assert told["equity"] == 123_45 + 1000 + 250


async def test_passwords_are_set_and_checked_by_their_hash(plant: CTraderServer) -> None:
    key = await token_of(plant)
    login = (await plant.post(f"{TRADERS}?token={key}", **a_trader()))["login"]
    one = f"{TRADERS}/{login}"
    new = {"login": login, "hashedPassword": hashed("Other-2")}
    old = {"login": login, "hashedPassword": hashed("Secret-1")}

    assert (await plant.call("POST", f"{one}/changepassword?token={key}", new)).status == 204
    assert (await plant.call("POST", f"{one}/checkpassword?token={key}", new)).status == 204
    wrong = await plant.call("POST", f"{one}/checkpassword?token={key}", old)
    assert wrong.body["errorCode"] == "WRONG_PASSWORD"


async def test_a_window_of_closed_positions_has_two_days_at_most(plant: CTraderServer) -> None:
    key = await token_of(plant)
    now = datetime.now(UTC)

    def asked(days: float, form: str = "%Y-%m-%dT%H:%M:%S.000") -> str:
        window = f"from={now - timedelta(days=days):{form}}&to={now:{form}}"
        return f"/v2/webserv/closedPositions?{window}&token={key}"

    fine = await plant.call("GET", asked(2))
    wide = await plant.call("GET", asked(2.01))
    bent = await plant.call("GET", asked(1, "%Y-%m-%d"))

    assert fine.body.startswith("login,positionId,openTimestamp,closeTimestamp")
    assert (wide.status, bent.status) == (400, 400)


async def test_a_ctrader_id_is_one_per_address(plant: CTraderServer) -> None:
    key = await token_of(plant)
    told = {"email": "one@example.com", "brokerName": "sandbox"}

    first = await plant.post(f"/cid/ctid/create?token={key}", **told)
    second = await plant.post(f"/cid/ctid/create?token={key}", **told)

    assert first["status"] == "CTID_NEW"
    assert second == {"userId": first["userId"]}


def frame(kind: int, payload: bytes = b"", told: str = "") -> bytes:
    def number(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    body = b"\x08" + number(kind) + b"\x12" + number(len(payload)) + payload
    if told:
        body += b"\x1a" + number(len(told)) + told.encode()
    return struct.pack(">I", len(body)) + body


async def heard(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readexactly(4), LONGEST_S)
    return await reader.readexactly(struct.unpack(">I", head)[0])


async def test_the_manager_api_greets_pings_and_wants_a_login_first(plant: CTraderServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", plant.link)

    hello = await heard(reader)
    writer.write(frame(52, b"\x10\x2a", "p1"))
    pong = await heard(reader)
    writer.write(frame(431, b"\x18\x00\x20\x01", "d1"))
    refused = await heard(reader)
    writer.close()

    assert hello.startswith(b"\x08\xde\x07")
    assert pong.startswith(b"\x08\x35")
    assert b"\x10\x2a" in pong
    assert pong.endswith(b"\x1a\x02p1")
    assert b"NOT_ENOUGH_RIGHTS" in refused


async def test_broken_and_endless_frames_are_refused_by_name(plant: CTraderServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", plant.link)
    await heard(reader)

    writer.write(struct.pack(">I", 3) + b"\xff\xff\xff")
    broken = await heard(reader)
    writer.write(struct.pack(">I", 1 << 24))
    endless = await heard(reader)
    end = await asyncio.wait_for(reader.read(), LONGEST_S)
    writer.close()

    assert b"INVALID_REQUEST" in broken
    assert b"FRAME_TOO_LONG" in endless
    assert end == b""


async def test_a_wrong_password_ends_the_connection(plant: CTraderServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", plant.link)
    await heard(reader)

    writer.write(frame(301, b"\x12\x07sandbox\x1a\x04live\x20\xb1\xea\x01\x2a\x04nope", "a1"))
    refused = await heard(reader)
    end = await asyncio.wait_for(reader.read(), LONGEST_S)
    writer.close()

    assert b"AUTHENTICATION_FAILED" in refused
    assert end == b""
