"""Ports when several starts choose at the same moment: nobody gets what another was given."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from stoa.cli import ports

STARTS = 8
EACH = 6
CHOOSER = """
import sys
from stoa.cli import ports
print("here", flush=True)
wanted = [int(one) for one in sys.stdin.readline().split()]
print(*[ports.claim(one) for one in wanted], flush=True)
sys.stdin.readline()
"""


class Start:
    """A process that waits for a word, claims its ports, and keeps them until it is stopped."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHOOSER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.said() == "here"

    def say(self, *wanted: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, wanted)) + "\n")
        self.process.stdin.flush()

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def got(self) -> list[int]:
        return [int(one) for one in self.said().split()]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def starts() -> Iterator[list[Start]]:
    begun = [Start() for _ in range(STARTS)]
    yield begun
    for one in begun:
        one.end()


def test_starts_at_the_same_moment_never_share_a_port(starts: list[Start]) -> None:
    usual = ports.free(EACH)

    for one in starts:
        one.say(*usual)
    given = [one.got() for one in starts]

    assert all(len(got) == EACH for got in given)
    together = [port for got in given for port in got]
    assert len(set(together)) == STARTS * EACH


def test_a_port_is_free_again_when_its_start_was_killed(starts: list[Start]) -> None:
    first, second, third, *_ = starts
    first.say(ports.free(1)[0])
    kept = first.got()
    second.say(*kept)
    assert second.got() != kept

    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()

    third.say(*kept)
    assert third.got() == kept


def test_a_child_may_listen_on_what_was_claimed_for_it() -> None:
    port = ports.claim(None)

    with closing(socket.create_server((ports.HOST, port))):
        assert ports.claim(port) != port
        ports.let_go(port)
        assert ports.claim(port) != port, "let go, but somebody listens"

    assert ports.claim(port) == port
    ports.let_go(port)


def test_one_start_gives_a_port_to_one_program_only() -> None:
    wanted = ports.claim(None)

    other = ports.claim(wanted)

    assert other != wanted
    ports.let_go(wanted, other)
