"""That what works behind the scenes gives way, as the system really weighs it."""

import os
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


def told(*, leads: bool) -> tuple[int, list[str]]:
    """A process's own priority and its session's, after it gave way; none where it is not weighed,
    as for what is not in a session's group but a container's.
    """
    said = subprocess.run(
        [sys.executable, "-c", TOLD],
        start_new_session=leads,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    own, _, session = said.partition(" ")
    return int(own), weighed(session)


def weighed(session: str) -> list[str]:
    return re.findall(r"nice (-?\d+)", session)


pytestmark = pytest.mark.skipif(
    not OF_SESSIONS.exists(), reason="this system does not weigh sessions"
)


def test_a_process_with_a_session_of_its_own_gives_way_with_it():
    own, session = told(leads=True)

    assert own == min(os.nice(0) + 5, 19)
    assert session in ([str(own)], [])


def test_a_session_that_belongs_to_another_is_left_as_it_is():
    before = weighed(OF_SESSIONS.read_text())

    own, session = told(leads=False)

    assert own == min(os.nice(0) + 5, 19)
    assert session == before
