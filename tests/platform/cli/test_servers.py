import os
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from stoa.cli import processes, servers
from stoa.cli.servers import Endpoints, InUse
from stoa.kernel.config import Role


async def _keep(endpoints: Endpoints, word: str) -> None:
    async with _line(endpoints) as line:
        await line.execute("create table if not exists kept (word text)")
        await line.execute("insert into kept values ($1)", word)


async def _kept(endpoints: Endpoints) -> list[str]:
    async with _line(endpoints) as line:
        return [row["word"] for row in await line.fetch("select word from kept order by word")]


@asynccontextmanager
async def _line(endpoints: Endpoints) -> AsyncGenerator[asyncpg.Connection]:
    line = await asyncpg.connect(endpoints.dsn())
    yield line
    await line.close()


def _pid(state: Path, name: str) -> int:
    known = processes.written_down(state / servers.PROCESSES_FILE)
    return next(one.pid for one in known if one.name == name)


async def test_what_is_committed_is_there_after_a_stop_and_after_a_kill(
    state: Path, environ: dict[str, str]
) -> None:
    async with servers.embedded(state, environ=environ, any_port=True) as endpoints:
        await _keep(endpoints, "before the stop")

    async with servers.embedded(state, environ=environ, any_port=True) as endpoints:
        await _keep(endpoints, "before the kill")
        os.kill(_pid(state, "postgres"), signal.SIGKILL)
        os.kill(_pid(state, "valkey"), signal.SIGKILL)

    assert (state / "postgres" / "data" / "postmaster.pid").exists()
    async with servers.embedded(state, environ=environ, any_port=True) as endpoints:
        assert await _kept(endpoints) == ["before the kill", "before the stop"]
    assert not (state / "postgres" / "data" / "postmaster.pid").exists()


async def test_a_kept_directory_is_as_durable_as_a_ledger_needs(
    state: Path, environ: dict[str, str]
) -> None:
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
        "password_encryption": "scram-sha-256",
        "idle_in_transaction_session_timeout": "10s",
        "server_encoding": "UTF8",
    }

    async with (
        servers.embedded(state, environ=environ, any_port=True) as endpoints,
        _line(endpoints) as line,
    ):
        found = {name: await line.fetchval(f"show {name}") for name in wanted}
        locks = int(await line.fetchval("show max_locks_per_transaction"))

    assert found == wanted
    assert locks >= 256


async def test_both_servers_refuse_a_visitor_without_the_password(
    state: Path, environ: dict[str, str]
) -> None:
    async with servers.embedded(state, environ=environ, any_port=True) as endpoints:
        config = endpoints.config
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host=config.database_host,
                port=config.database_port,
                user=Role.ADMIN.value,
                password="guess",
                database="postgres",
            )
        with closing(socket.create_connection(_redis_place(endpoints))) as line:
            line.sendall(b"PING\r\n")
            assert line.recv(64).startswith(b"-NOAUTH")
        async with Redis.from_url(endpoints.redis_url) as redis:
            assert await redis.ping()


async def test_a_busy_port_is_said_and_another_is_taken(
    state: Path, environ: dict[str, str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        busy = taken.getsockname()[1]
        servers.note(state, {"database": {"port": busy}, "redis": {"port": busy}})

        prepared = servers.prepare(state, environ=environ)

    assert prepared.endpoints.config.database_port != busy
    assert [said.partition(",")[0] for said in prepared.said] == [
        f"port {busy} for database is busy",
        f"port {busy} for redis is busy",
    ]


async def test_one_directory_has_one_user_at_a_time(state: Path, environ: dict[str, str]) -> None:
    with servers.alone(state), pytest.raises(InUse):
        async with servers.embedded(state, environ=environ, any_port=True):
            pass


async def test_another_command_finds_the_servers_that_run_already(
    state: Path, environ: dict[str, str]
) -> None:
    async with servers.embedded(state, environ=environ, any_port=True) as endpoints:
        await _keep(endpoints, "found")

        async with servers.at_hand(state, environ) as same:
            assert await _kept(same) == ["found"]


async def test_only_the_servers_account_reads_their_files_and_secrets(
    state: Path, environ: dict[str, str]
) -> None:
    servers.prepare(state, environ=environ, any_port=True)

    for kept in [*(state / "secrets").iterdir(), state / "valkey" / "valkey.conf"]:
        assert kept.stat().st_mode & 0o077 == 0, kept
    assert (state / "postgres").stat().st_mode & 0o077 == 0
    assert not (state / "postgres" / "password").exists()


async def test_an_installations_own_servers_are_used_and_none_are_started(
    state: Path, environ: dict[str, str]
) -> None:
    own = environ | {
        "STOA_DATABASE_URL": "postgresql://boss:secret@db.internal:6432/broker?sslmode=require",
        "STOA_REDIS_URL": "redis://:secret@cache.internal:6379/2",
    }

    prepared = servers.prepare(state, environ=own)

    assert prepared.programs == []
    assert prepared.endpoints.redis_url == own["STOA_REDIS_URL"]
    assert prepared.endpoints.dsn() == own["STOA_DATABASE_URL"]


async def test_a_start_leaves_a_stranger_alone_that_has_an_old_number(state: Path) -> None:
    data = state / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    old = processes.Known("postgres", os.getpid(), "long ago")
    processes.write_down(state / servers.PROCESSES_FILE, [old])

    stopped = servers.stop_leftovers(state)

    assert stopped == []
    assert not (data / "postmaster.pid").exists()


def _redis_place(endpoints: Endpoints) -> tuple[str, int]:
    place = endpoints.redis_url.rpartition("@")[2].partition("/")[0]
    host, _, port = place.partition(":")
    return host, int(port)
