"""`stoa up` from outside: a process of its own, its output read, signals sent to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stoa.cli import ports, processes, servers
from stoa.cli.processes import Known
from stoa.cli.programs import serves

PRODUCT = Path(__file__).with_name("product.py")
LONGEST_S = 180


class Up:
    """A running `stoa up` and what it has said."""

    def __init__(self, state: Path, environ: dict[str, str], *behaviour: str) -> None:
        self.state = state
        self.log = state / "up.log"
        env = environ | {"STOA_STATE": str(state), "STOA_PORT": str(ports.free(1)[0])}
        argv = [sys.executable, str(PRODUCT), *behaviour]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                argv, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def said(self) -> str:
        return self.log.read_text()

    def until(self, word: str) -> None:
        _until(lambda: word in self.said() or self.process.poll() is not None)
        assert word in self.said(), self.said()

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.process.wait(LONGEST_S)

    def children(self) -> list[Known]:
        return processes.written_down(self.state / servers.PROCESSES_FILE)

    def child(self, name: str) -> Known:
        return next(one for one in self.children() if one.name == name)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.fixture
def start(state: Path, environ: dict[str, str]) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def begin(*behaviour: str) -> Up:
        # The small databases' ports are chosen freely, as real ones may be running beside us.
        run = servers.noted(state)
        for kind in ("database", "redis"):
            run.setdefault(kind, {"host": "127.0.0.1", "port": ports.free(1)[0]})
        servers.note(state, run)
        started.append(Up(state, environ, *behaviour))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)
    servers.stop_leftovers(state)


def test_ctrl_c_stops_all_in_reverse_order_and_leaves_none(start: Callable[..., Up]) -> None:
    up = start()
    up.until("ready in")
    children = up.children()

    code = up.end(signal.SIGINT)

    assert code == 0, up.said()
    stops = [line.split()[2] for line in up.said().splitlines() if " stopped (" in line]
    assert stops == ["worker", "web", "valkey", "postgres"]
    assert [one.name for one in children if one.alive()] == []
    assert up.children() == []


def test_it_tells_each_step_and_ends_with_the_addresses(start: Callable[..., Up]) -> None:
    up = start()
    up.until("ready in")

    said = up.said()
    port = servers.noted(up.state)["web"]["port"]
    for title in ("PostgreSQL and Valkey", "Preparing", "Making rows", "Starting web, worker"):
        assert f"✓ {title}" in said
    assert f"http://control.localhost:{port}/" in said


def test_a_dead_web_server_comes_back(start: Callable[..., Up]) -> None:
    up = start()
    up.until("ready in")
    first = up.child("web")
    port = servers.noted(up.state)["web"]["port"]

    os.kill(first.pid, signal.SIGKILL)

    up.until("web ended by SIGKILL; starting it again")
    _until(serves(f"http://127.0.0.1:{port}/"))
    assert up.child("web").pid != first.pid


def test_a_killed_postgres_comes_back_on_its_data(start: Callable[..., Up]) -> None:
    up = start()
    up.until("ready in")

    os.kill(up.child("postgres").pid, signal.SIGKILL)

    up.until("postgres ended by SIGKILL; starting it again")
    _until(lambda: up.said().count("ready to accept connections") == 2)


def test_one_that_may_not_return_takes_the_rest_down(start: Callable[..., Up]) -> None:
    up = start()
    up.until("ready in")
    children = up.children()

    os.kill(up.child("worker").pid, signal.SIGKILL)

    assert up.process.wait(LONGEST_S) == 1
    assert "worker ended by SIGKILL and is not started again" in up.said()
    assert [one.name for one in children if one.alive()] == []


def test_one_that_never_gets_ready_is_quoted_and_nothing_stays(start: Callable[..., Up]) -> None:
    up = start("dies")

    assert up.process.wait(LONGEST_S) == 1
    assert "worker ended; its last words:\nthe disk is full" in up.said()
    assert up.children() == []


def test_one_that_does_not_listen_is_killed_after_its_grace(start: Callable[..., Up]) -> None:
    up = start("deaf")
    up.until("ready in")

    assert up.end(signal.SIGTERM) == 0
    assert "worker had to be killed" in up.said()


def test_after_a_kill_of_the_supervisor_the_next_start_clears_up(start: Callable[..., Up]) -> None:
    first = start()
    first.until("ready in")
    orphans = first.children()
    first.end(signal.SIGKILL)
    assert all(one.alive() for one in orphans if one.name in {"postgres", "valkey"})

    second = start()
    second.until("ready in")

    assert "stopped what an earlier start left running: postgres, valkey" in second.said()
    assert [one.name for one in orphans if one.alive()] == []


def test_a_second_start_beside_the_first_is_refused(start: Callable[..., Up]) -> None:
    first = start()
    first.until("ready in")

    second = start()

    assert second.process.wait(LONGEST_S) == 1
    assert first.process.poll() is None


def test_another_commands_reading_finds_the_notes(start: Callable[..., Up]) -> None:
    up = start()
    up.until("ready in")

    run = servers.noted(up.state)

    assert run["services"] == {"mail": "smtp://127.0.0.1:2525"}
    assert not any("password" in str(part) for part in run.values())
