"""That what works behind the scenes gives way, as the system really weighs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

OF_SESSIONS = Path("/proc/self/autogroup")
TOLD = """
import os
from stoa.kernel.priority import give_way
give_way(5)
print(os.nice(0), open("/proc/self/autogroup").read())
"""


def told(*, leads: bool) -> tuple[int, int]:
    """A process's own priority and its session's, after it gave way."""
    said = subprocess.run(
        [sys.executable, "-c", TOLD],
        start_new_session=leads,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    own, session = re.findall(r"^(\d+)|nice (-?\d+)", said)
    return int(own[0]), int(session[1])


pytestmark = pytest.mark.skipif(
    not OF_SESSIONS.exists(), reason="this system does not weigh sessions"
)


def test_a_process_with_a_session_of_its_own_gives_way_with_it():
    assert told(leads=True) == (5, 5)


def test_a_session_that_belongs_to_another_is_left_as_it_is():
    before = re.findall(r"nice (-?\d+)", OF_SESSIONS.read_text())

    own, session = told(leads=False)

    assert own >= 5
    assert [str(session)] == before
