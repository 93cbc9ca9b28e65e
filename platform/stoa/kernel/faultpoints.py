"""Named places where a process may be made to die, to prove that what follows heals.

`faultpoint("payout.claimed")` does nothing, unless STOA_FAULTS names a directory in which somebody
has put a file `payout.claimed.armed`: then whoever gets there first takes the file and sends
SIGKILL to the processes it lists, or to itself where it lists none. Never set in production.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

VARIABLE: Final = "STOA_FAULTS"
_AGREED: Final = frozenset({"", "0"})
_DEATH_S: Final = 0.2

_folder: Final = (
    os.environ.get(VARIABLE) if os.environ.get("STOA_PRODUCTION", "") in _AGREED else None
)


def faultpoint(name: str) -> None:
    """A boundary: what came before must hold although nothing after it happens."""
    if _folder is not None:
        _strike(_folder, name)


def _strike(folder: str, name: str) -> None:
    taken = f"{folder}/{name}.struck"
    try:
        # Only one of many gets to rename it: one file is one death.
        os.rename(f"{folder}/{name}.armed", taken)  # noqa: PTH104 - one system call where nothing is armed
    except OSError:
        return
    listed = [int(word) for word in Path(taken).read_text().split()]
    for pid in listed or [os.getpid()]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # Whom we killed is gone before we go on, so that we meet a world without them.
    time.sleep(_DEATH_S)
