"""The Broker API as a stranger's client meets it, and the connector against it: a process of its own."""

import asyncio
import random
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
    Deal,
    DealCursor,
    DealKind,
    Entry,
    MoneyKind,
    Profile,
    Which,
    mark,
)
from brokerage.trading.connectors.matchtrader import MatchTrader, accounts
from stoa.connectors.outcomes import Confirmed, Refused, Refusing, Unknown
from stoa.kernel.refusals import NotFound, Unavailable
from support.matchtrader import GROUP, a_trade, an_account, joined
from support.platform_server import PlatformServer

DISCONNECTS = 100


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[PlatformServer]:
    server = await PlatformServer("matchtrader", tmp_path_factory.mktemp("matchtrader")).start()
    yield server
    await server.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncGenerator[PlatformServer]:
    server = await PlatformServer("matchtrader", tmp_path / "state").start()
    yield server
    await server.stop()


# What a stranger's client meets.


def opened(server: PlatformServer) -> dict[str, str]:
    return {"authorization": f"Bearer {server.key}"}


async def made(server: PlatformServer, **more: Any) -> Any:
    """A user and a trading account, as a client without our connector makes them."""
    body = {"email": f"{uuid4().hex[:8]}@example.com", "password": "Main-pass-1"}
    user = await server.api("POST", "/v1/user-accounts", body, **opened(server))
    assert user.status == 201
    account = {
        "group": GROUP,
        "leverageRatioPercent": 5_000,
        "accessRight": "FULL",
        "accountType": "REAL",
        "accountDetails": {"firstName": "A", "lastName": "B"},
    }
    path = f"/v1/user-accounts/{user.body['uuid']}/trading-accounts"
    return await server.api("POST", path, account | more, **opened(server))


async def test_a_token_opens_and_nothing_else_does(shared: PlatformServer) -> None:
    for head in ({}, {"authorization": "Bearer x"}, {"authorization": shared.key}):
        answer = await shared.api("GET", "/v1/group-names", **head)
        assert answer.status == 401
        assert set(answer.body) == {"status", "title", "detail", "path", "timestamp"}
    known = await shared.api("GET", "/v1/group-names", **opened(shared))
    assert GROUP in known.body


async def test_an_account_is_changed_under_its_version_only(shared: PlatformServer) -> None:
    account = (await made(shared)).body
    path = f"/v1/trading-accounts/{account['login']}"
    change = {"leverageRatioPercent": 10_000, "version": account["version"]}

    first = await shared.api("PATCH", path, change, **opened(shared))
    stale = await shared.api("PATCH", path, change, **opened(shared))
    without = await shared.api("PATCH", path, {"accessRight": "FULL"}, **opened(shared))

    assert (first.status, stale.status, without.status) == (204, 409, 400)
    told = (await shared.api("GET", path, **opened(shared))).body
    assert told["leverageRatioPercent"] == 10_000
    assert told["version"] != account["version"]


@pytest.mark.parametrize(
    "more",
    [
        {"group": "nowhere"},
        {"accountType": "DEMO"},
        {"leverageRatioPercent": 50},
        {"leverageRatioPercent": "100"},
        {"accessRight": "EVERYTHING"},
        {"accountDetails": {"firstName": ""}},
    ],
)
async def test_what_cannot_be_is_refused(shared: PlatformServer, more: dict[str, Any]) -> None:
    assert (await made(shared, **more)).status == 400


async def test_a_deposit_has_no_answer_and_no_key(shared: PlatformServer) -> None:
    login = (await made(shared)).body["login"]
    path = f"/v1/trading-accounts/{login}/deposit"

    answers = [
        await shared.api("POST", path, {"amount": 10.5, "comment": "c"}, **opened(shared))
        for _ in range(2)
    ]
    bent = await shared.api("POST", path, {"amount": -1}, **opened(shared))

    assert [(one.status, one.body) for one in answers] == [(204, None)] * 2
    assert bent.status == 400
    told = (await shared.api("GET", f"/v1/trading-accounts/{login}", **opened(shared))).body
    assert told["financeInfo"]["balance"] == 21


async def test_five_hundred_calls_a_minute_are_answered_and_money_waits_unmoved(
    own: PlatformServer,
) -> None:
    async with joined(own) as matchtrader:
        login = await an_account(matchtrader)
        answers = [await own.api("GET", "/v1/group-names", **opened(own)) for _ in range(500)]
        assert [answers[0].status, answers[-1].status] == [200, 429]

        asked = mark("D", uuid4())
        first = await matchtrader.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), asked)
        second = await matchtrader.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), asked)

        assert isinstance(first, Refused)
        assert first.why is Refusing.TECHNICAL
        assert isinstance(second, Refused)
        assert second.why is Refusing.UNCALLED
        with pytest.raises(Unavailable):
            await matchtrader.get_account(login)
        assert (await own.lever("GET", f"/truth/{login}"))["operations"] == []


# The connector.


async def test_an_account_lives_its_life(shared: PlatformServer) -> None:
    async with joined(shared) as matchtrader:
        name = mark("A", uuid4())
        login = await an_account(matchtrader, external_id=name, leverage=50)

        assert await matchtrader.find_account(name, GROUP) == login
        assert await matchtrader.find_account(name, GROUP, login) == login
        assert await matchtrader.find_account("A:none", GROUP) is None
        account = await matchtrader.get_account(login)
        assert (account.group, account.currency, account.leverage, account.access) == (
            GROUP,
            "USD",
            50,
            Access.FULL,
        )
        for access in (Access.CLOSE_ONLY, Access.NO_TRADING, Access.NO_LOGIN, Access.FULL):
            assert await matchtrader.set_access(login, access) == Confirmed(str(login))
            assert (await matchtrader.get_account(login)).access is access
        assert await matchtrader.set_leverage(login, 200) == Confirmed(str(login))
        assert await matchtrader.set_group(login, "real\\raw-usd") == Confirmed(str(login))
        assert await matchtrader.update_profile(login, Profile(name="Eve Müller")) == Confirmed(
            str(login)
        )
        account = await matchtrader.get_account(login)
        assert (account.group, account.leverage, account.name, account.external_id) == (
            "real\\raw-usd",
            200,
            "Eve Müller",
            name,
        )
        assert login in await matchtrader.list_logins(["real\\raw-usd"])
        done = await matchtrader.reset_password(login, "Another-pass-1", Which.MAIN)
        assert done == Confirmed(str(login))
        looking = await matchtrader.reset_password(login, "Another-pass-1", Which.INVESTOR)
        assert isinstance(looking, Refused)
        assert looking.text == accounts.INVESTOR
        assert isinstance(await matchtrader.set_group(login, "nowhere"), Refused)
        with pytest.raises(NotFound):
            await matchtrader.get_account(404_404)
        assert all(check.fine for check in await matchtrader.test_connection())


async def test_a_second_account_of_a_person_is_of_the_same_user(shared: PlatformServer) -> None:
    async with joined(shared) as matchtrader:
        person = Profile(name="Bo", email="Bo.Two@Example.com")

        assert await an_account(matchtrader, profile=person) != await an_account(
            matchtrader, profile=person
        )


async def test_an_account_nobody_of_ours_made_keeps_its_password(shared: PlatformServer) -> None:
    async with joined(shared) as matchtrader:
        login = int((await made(shared)).body["login"])

        outcome = await matchtrader.reset_password(login, "Another-pass-1", Which.MAIN)

        assert isinstance(outcome, Refused)
        assert outcome.text == accounts.NOBODY


async def test_two_who_change_an_account_at_once_both_do(shared: PlatformServer) -> None:
    async with joined(shared) as matchtrader:
        login = await an_account(matchtrader)

        done = await asyncio.gather(
            matchtrader.set_leverage(login, 30), matchtrader.set_access(login, Access.CLOSE_ONLY)
        )

        assert done == [Confirmed(str(login))] * 2
        account = await matchtrader.get_account(login)
        assert (account.leverage, account.access) == (30, Access.CLOSE_ONLY)


async def test_an_outdated_version_is_read_again_once(own: PlatformServer) -> None:
    async with joined(own) as matchtrader:
        login = await an_account(matchtrader)
        for times, fine in ((1, True), (2, False)):
            conflict = {"command": "PATCH", "code": 409, "times": times}
            await own.post("/faults", answers=[conflict])

            outcome = await matchtrader.set_leverage(login, 20 + times)

            assert isinstance(outcome, Confirmed) is fine
            assert (await matchtrader.get_account(login)).leverage == 21


async def test_money_moves_and_is_found_by_its_mark(shared: PlatformServer) -> None:
    async with joined(shared) as matchtrader:
        login, began = await an_account(matchtrader), datetime.now(UTC)
        deposit, credit, out = (mark(kind, uuid4()) for kind in "DCW")

        first = await matchtrader.balance_op(
            login, MoneyKind.DEPOSIT, Decimal("250.50"), deposit, "Card"
        )
        await matchtrader.balance_op(login, MoneyKind.CREDIT_IN, Decimal(20), credit)
        await matchtrader.balance_op(login, MoneyKind.WITHDRAWAL, Decimal("50.50"), out)
        poor = await matchtrader.balance_op(
            login, MoneyKind.WITHDRAWAL, Decimal("200.01"), mark("W", uuid4())
        )

        assert isinstance(first, Confirmed)
        assert isinstance(poor, Refused)
        assert poor.technical is False
        found = await matchtrader.find_balance_op(login, deposit, began)
        assert found is not None
        assert (str(found.deal), found.profit) == (first.reference, Decimal("250.50"))
        assert await matchtrader.find_balance_op(login, mark("D", uuid4()), began) is None
        deals = (await matchtrader.get_deals([login], DealCursor.start())).deals
        assert [(deal.kind, deal.profit, deal.external_id) for deal in deals] == [
            (DealKind.BALANCE, Decimal("250.50"), deposit),
            (DealKind.CREDIT, Decimal(20), credit),
            (DealKind.BALANCE, Decimal("-50.50"), out),
        ]


async def test_a_position_is_opened_and_closed_in_parts_with_its_lots_once(
    own: PlatformServer,
) -> None:
    async with joined(own) as matchtrader:
        login = await an_account(matchtrader, 10_000)
        position = await a_trade(own, login, "0.3")
        (held,) = await matchtrader.get_positions(login)
        early = await matchtrader.get_deals([login, 999], DealCursor.start())
        await own.post(f"/dealer/{login}/close", position=position, lots="0.1")
        middle = await matchtrader.get_deals([login], early.cursor)
        await own.post(f"/dealer/{login}/close", position=position)
        late = await matchtrader.get_deals([login], DealCursor.start())

        trades = [deal for deal in late.deals if deal.kind.trade]
        assert [(one.entry, one.lots, one.lots_closed) for one in trades] == [
            (Entry.IN, Decimal("0.3"), 0),
            (Entry.OUT, Decimal("0.1"), Decimal("0.1")),
            (Entry.OUT, Decimal("0.2"), Decimal("0.2")),
        ]
        assert {one.position for one in trades} == {held.position}
        assert [deal for deal in early.deals if deal.kind.trade] == trades[:1]
        assert [deal for deal in middle.deals if deal.kind.trade] == trades[:2]
        account = await matchtrader.get_account(login)
        assert sum(d.profit + d.swap + d.commission for d in late.deals) == account.balance


async def test_more_than_one_answer_holds_is_asked_in_halves(own: PlatformServer) -> None:
    async with joined(own, rows=10) as matchtrader:
        login = await an_account(matchtrader)
        for at in range(4):
            for _ in range(8):
                await own.post(f"/dealer/{login}/money", type=2, amount="1")
            if at < 3:
                await asyncio.sleep(2.1)

        batch = await matchtrader.get_deals([login], DealCursor(datetime.now(UTC)))

        assert len(batch.deals) == 32


# Bad days.


async def settled(matchtrader: MatchTrader, login: int) -> None:
    """One deposit of one dollar, through every doubt, as transfers settle it."""
    order, began = mark("D", uuid4()), datetime.now(UTC)
    for _ in range(1_000):
        outcome = await matchtrader.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
        if isinstance(outcome, Confirmed):
            return
        await asyncio.sleep(0.1)
        if isinstance(outcome, Unknown) and await is_there(matchtrader, login, order, began):
            return
    raise AssertionError("never settled")


async def is_there(matchtrader: MatchTrader, login: int, order: str, began: datetime) -> bool:
    for _ in range(1_200):
        try:
            return await matchtrader.find_balance_op(login, order, began) is not None
        except Unavailable:
            await asyncio.sleep(0.1)
    raise AssertionError("the server never came back")


async def test_lost_lines_before_and_after_money_moved_cost_nobody_anything(
    own: PlatformServer,
) -> None:
    async with joined(own) as matchtrader:
        logins = [await an_account(matchtrader) for _ in range(4)]
        await own.post("/faults", balance_drop_after=0.3, balance_drop_before=0.2)

        await asyncio.gather(*(settled(matchtrader, logins[at % 4]) for at in range(60)))

        fired = (await own.lever("GET", "/faults"))["fired"]
        assert fired["balance_drop_after"] > 5
        assert fired["balance_drop_before"] > 5
        await own.lever("DELETE", "/faults")
        balances = [(await matchtrader.get_account(login)).balance for login in logins]
        assert balances == [15, 15, 15, 15]


@pytest.mark.parametrize(("code", "applied"), [(503, True), (503, False), (409, True)])
async def test_an_answer_that_does_not_tell_is_settled_by_the_ledger(
    own: PlatformServer, code: int, applied: bool
) -> None:
    async with joined(own) as matchtrader:
        login, order = await an_account(matchtrader), mark("D", uuid4())
        forced = {"command": "DEPOSIT", "code": code, "applied": applied, "times": 1}
        await own.post("/faults", answers=[forced])

        outcome = await matchtrader.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
        found = await matchtrader.find_balance_op(login, order, datetime.now(UTC))

        assert isinstance(outcome, Unknown)
        assert (found is not None) is applied


async def test_rows_that_cannot_be_and_doubles_change_nothing_else(own: PlatformServer) -> None:
    async with joined(own) as matchtrader:
        login = await an_account(matchtrader, 10_000)
        for _ in range(5):
            position = await a_trade(own, login)
            await own.post(f"/dealer/{login}/close", position=position)
        await a_trade(own, login)
        clean = await matchtrader.get_deals([login], DealCursor.start())
        await own.post("/faults", noise={"times": 2}, duplicate_deals=True)

        noisy = await matchtrader.get_deals([login], DealCursor.start())

        assert noisy.deals == clean.deals
        assert len(clean.deals) == 12
        assert noisy.cursor == clean.cursor
        assert len(noisy.misread) == 2
        assert all("not known" in one.why for one in noisy.misread)
        assert {one.login for one in noisy.misread} == {login}


class Books:
    """What a reader of the journal knows, each deal once."""

    def __init__(self, matchtrader: MatchTrader, login: int) -> None:
        self._matchtrader = matchtrader
        self._login = login
        self._cursor = DealCursor.start()
        self.deals: dict[int, Deal] = {}

    async def read(self) -> bool:
        """False where the line broke."""
        try:
            batch = await self._matchtrader.get_deals([self._login], self._cursor)
        except Unavailable:
            return False
        for deal in batch.deals:
            assert self.deals.setdefault(deal.deal, deal) == deal
        self._cursor = max(self._cursor, batch.cursor)
        return True


async def test_random_disconnects_lose_nothing_and_double_nothing(own: PlatformServer) -> None:
    """Cut between and during readings, which are never of more than one at a time here."""
    dice, broken = random.Random(5), 0
    async with joined(own, overlap_s=5) as matchtrader:
        login = await an_account(matchtrader, 1_000_000)
        books = Books(matchtrader, login)
        for at in range(DISCONNECTS):
            await own.post("/faults", disconnect={"times": dice.randrange(1, 4)})
            position = await a_trade(own, login, "0.02")
            part = {"lots": "0.01"} if at % 3 else {}
            await own.post(f"/dealer/{login}/close", position=position, **part)
            if at % 4 == 0:
                broken += not await books.read()
        fired = (await own.lever("GET", "/faults"))["fired"]["disconnect"]
        await own.lever("DELETE", "/faults")
        with suppress(Unavailable):
            await books.read()

        truth = await own.lever("GET", f"/truth/{login}")
        trades = [deal for deal in books.deals.values() if deal.kind.trade]
        assert len(trades) == truth["trades"] == DISCONNECTS * 2
        assert sum(one.lots_closed for one in trades) == Decimal(truth["volume_closed"]) / 10_000
        assert sum(one.profit for one in trades) == Decimal(truth["profit"])
        assert fired > 20
        assert broken > 5
