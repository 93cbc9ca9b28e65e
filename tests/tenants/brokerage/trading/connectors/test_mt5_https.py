"""The HTTPS form: against a server that says odd things, and against the sandbox's over TLS."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.trading.connector import DealCursor, MoneyKind, NewAccount, Profile, mark
from brokerage.trading.connectors.mt5_https import Mt5Https, Settings, forms
from brokerage.trading.connectors.mt5_webapi.login import challenge_answer, password_hash
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import Unavailable
from support.stands._served import Served, trusting
from support.stands.mt5 import manager_of

PASSWORD = "Pässw0rd1"
GROUP = "real\\standard-usd"


@asynccontextmanager
async def joined(
    base_url: str, *, tls: Any = None, allow: bool = True, **more: Any
) -> AsyncGenerator[Mt5Https]:
    told = {"base_url": base_url, "login": 1000, "answer_s": 2.0} | more
    password = told.pop("secret", PASSWORD)
    place = base_url.partition("//")[2]
    egress = Egress({place} if allow else set(), tls=tls)
    line = Lines(egress, limits=Limits(in_a_row=10_000, error_rate=2)).of("t", "mt5")
    keys = Keyring({"mt5.manager": password})
    connector = Mt5Https(msgspec.convert(told, Settings), keys, line)
    try:
        yield connector
    finally:
        await connector.aclose()
        await egress.aclose()


def http(body: str | bytes, status: str = "200 OK", *more: str) -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", f"content-length: {len(raw)}", *more]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + raw


Told = Callable[[str, str], bytes | None]


class Odd:
    """A server that logs anybody in and says what a test has it say; None hangs up."""

    def __init__(self, say: Told) -> None:
        self._say = say
        self.heard: list[str] = []
        self.connections = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
                body = (await reader.readexactly(int(fields.get("content-length", 0)))).decode()
                method, target, _ = first.split()
                self.heard.append(f"{method} {target} {fields.get('cookie', '')}".strip())
                answer = self._usual(target) or self._say(target, body)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()

    def _usual(self, target: str) -> bytes | None:
        path, _, query = target.partition("?")
        asked = dict(word.split("=", 1) for word in query.split("&") if "=" in word)
        match path:
            case "/api/auth/start":
                return http('{"retcode":"0 Done","srv_rand":"73007dc7184747ce0f7c98516ef1c851"}')
            case "/api/auth/answer":
                ours = challenge_answer(password_hash(PASSWORD), bytes.fromhex(asked["cli_rand"]))
                told = f'{{"retcode":"0 Done","cli_rand_answer":"{ours}"}}'
                return http(told, "200 OK", "Set-Cookie: SID=abc; path=/; HttpOnly")
            case "/api/time/server":
                now = int(datetime.now(UTC).timestamp())
                return http(f'{{"retcode":"0 Done","answer":{{"time":"{now} x"}}}}')
            case _:
                return None


@asynccontextmanager
async def odd(say: Told) -> AsyncGenerator[tuple[Odd, str]]:
    server = Odd(say)
    listening = await asyncio.start_server(server.meet, "127.0.0.1", 0)
    try:
        yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def deposit(mt5: Mt5Https) -> Any:
    return await mt5.balance_op(7, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}",
        b"NOT HTTP AT ALL\r\n\r\n",
        http("{"),
        http("[]"),
        http('{"answer":{"Ticket":"5"}}'),
        http('{"retcode":7}'),
        http('{"retcode":"0 Done"}'),
        http('{"retcode":"0 Done","answer":{}}'),
        http('{"retcode":"9 Timeout"}'),
        http('{"retcode":"777777 New"}'),
        http("oops", "502 Bad Gateway"),
        http("", "302 Found", "location: https://elsewhere.example/"),
        http(b"\xff\xfe\x00", "200 OK"),
    ],
)
async def test_money_whose_answer_is_none_is_unknown_and_sent_once(answer: bytes | None) -> None:
    async with odd(lambda _path, _body: answer) as (server, url), joined(url) as mt5:
        outcome = await deposit(mt5)

    assert isinstance(outcome, Unknown), outcome
    assert sum("/api/trade/balance" in one for one in server.heard) == 1


async def test_a_server_that_forgot_us_did_nothing_and_is_logged_in_to_again() -> None:
    forgot = [True]

    def say(path: str, _: str) -> bytes:
        if forgot and path.startswith("/api/trade"):
            forgot.clear()
            return http('{"retcode":"8 Not enough permissions"}', "403 Forbidden")
        return http('{"retcode":"0 Done","answer":{"Ticket":"5"}}')

    async with odd(say) as (server, url), joined(url) as mt5:
        refused, done = await deposit(mt5), await deposit(mt5)

    assert isinstance(refused, Refused)
    assert refused.technical
    assert done == Confirmed("5")
    assert server.connections == 2


async def test_the_cookie_that_was_set_comes_back() -> None:
    done = http('{"retcode":"0 Done","answer":{"Ticket":"5"}}')
    async with odd(lambda _path, _body: done) as (server, url), joined(url) as mt5:
        await deposit(mt5)

    assert server.heard[-1].endswith("sid=abc")
    assert server.connections == 1


async def test_passwords_do_not_stand_in_addresses() -> None:
    done = http('{"retcode":"0 Done","login":"7","answer":{"Login":"7"}}')
    bodies: list[str] = []

    def say(_: str, body: str) -> bytes:
        bodies.append(body)
        return done

    new = NewAccount(
        external_id="A:1",
        group=GROUP,
        leverage=50,
        profile=Profile(name="Ann"),
        password="Main-pass-1",
        investor_password="Inv-pass-1",
    )
    async with odd(say) as (server, url), joined(url) as mt5:
        assert await mt5.create_account(new) == Confirmed("7")

    sent = msgspec.json.decode(bodies[-1])
    assert (sent["PassMain"], sent["PassInvestor"]) == ("Main-pass-1", "Inv-pass-1")
    assert not any("pass-1" in one for one in server.heard)


@pytest.mark.parametrize(
    "url", ["http://mt5.example", "https://user:pw@mt5.example", "ftp://mt5.example", "https://"]
)
async def test_a_place_that_is_no_server_is_not_called(url: str) -> None:
    async with joined(url, allow=False) as mt5:
        with pytest.raises(Blocked):
            await mt5.list_groups()


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(100, 599))
def test_any_bytes_are_an_answer_or_none(body: bytes, status: int) -> None:
    try:
        told = forms.answer("USER_GET", status, body)
    except (NoAnswer, Unreadable):
        return
    assert told.command == "USER_GET"


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=12,
    )
)
def test_any_json_is_an_answer_or_none(value: Any) -> None:
    body = msgspec.json.encode({"retcode": "0 Done", "answer": value})

    told = forms.answer("DEAL_GET_PAGE", 200, body)

    assert told.retcode == 0


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    server = await Served("sandbox.trading", tmp_path_factory.mktemp("https")).start()
    yield server
    await server.stop()


@asynccontextmanager
async def real(server: Served, **more: Any) -> AsyncGenerator[Mt5Https]:
    login, password = manager_of(server.folder)
    tls = trusting(server.folder / "tls.pem")
    url = f"https://127.0.0.1:{server.ports['https']}"
    async with joined(url, tls=tls, login=login, secret=password, answer_s=20, **more) as mt5:
        yield mt5


async def an_account(mt5: Mt5Https) -> int:
    new = NewAccount(
        external_id=mark("A", uuid4()),
        group=GROUP,
        leverage=100,
        profile=Profile(name="Ann"),
        password="Main-pass-1",
        investor_password="Inv-pass-1",
    )
    outcome = await mt5.create_account(new)
    assert isinstance(outcome, Confirmed), outcome
    return int(outcome.reference)


async def test_a_certificate_nobody_vouches_for_is_not_spoken_to(served: Served) -> None:
    async with joined(f"https://127.0.0.1:{served.ports['https']}") as mt5:
        with pytest.raises(Unreachable):
            await mt5.list_groups()


async def test_deals_asked_together_are_those_asked_by_pages(served: Served) -> None:
    """More of them than one answer is trusted with, so that both ways are gone."""
    async with real(served, batch=4) as together, real(served, batch=1, page=100) as paged:
        logins = [await an_account(together) for _ in range(6)]
        past = {"from": "2026-01-01", "to": "2026-03-01", "deposit": "100000"}
        made = await served.lever("POST", "/history", {"logins": logins[:2], "deals": 1100} | past)

        batch = await together.get_deals(logins, DealCursor.start())
        alone = await paged.get_deals(logins, DealCursor.start())

    assert len(batch.deals) == sum(one["deals"] for one in made) > 2_000
    assert batch == alone


async def test_a_stranger_among_the_logins_hides_nobody(served: Served) -> None:
    async with real(served) as mt5:
        login = await an_account(mt5)
        await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(5), mark("D", uuid4()))

        batch = await mt5.get_deals([login, 999_999_999], DealCursor.start())

    assert [deal.login for deal in batch.deals] == [login]


async def test_lines_that_break_around_money_double_nothing(served: Served) -> None:
    async with real(served) as mt5:
        login, sent = await an_account(mt5), 0
        order = {"balance_drop_after": 0.4, "balance_drop_before": 0.3, "disconnect": 0.1}
        await served.lever("POST", "/faults", order)
        began = datetime.now(UTC)
        for _ in range(40):
            sent += await settled(mt5, login, began)
        await served.lever("DELETE", "/faults")

        account = await mt5.get_account(login)

    assert account.balance == sent == 40


async def settled(mt5: Mt5Https, login: int, began: datetime) -> int:
    """One operation through every doubt: sent again only when it is certainly not there."""
    operation = mark("D", uuid4())
    for _ in range(60):
        outcome = await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), operation)
        if isinstance(outcome, Confirmed):
            return 1
        for _ in range(2_400):
            try:
                found = await mt5.find_balance_op(login, operation, began)
                break
            except Unavailable:
                await asyncio.sleep(0.05)
        if found is not None:
            return 1
    raise AssertionError("never settled")
