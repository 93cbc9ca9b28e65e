"""Giving way to what people wait for."""

import os
import time
from pathlib import Path
from typing import Final

_OURS: Final = Path("/proc/self/autogroup")
_TRIES: Final = 10
_PAUSE_S: Final = 0.1


def give_way(by: int) -> None:
    """Lower the priority of this process by so many steps (0 is usual, 19 lowest); at its start.

    Linux may weigh whole sessions against one another before it looks at a process's own priority
    (`kernel.sched_autogroup_enabled`, on by default in most distributions). A process that leads
    a session of its own, as each of ours does, would then give way to nobody but itself; so its
    session is told too. Another's session, such as a terminal's, is left as it is.
    """
    own = os.nice(by)
    if os.getsid(0) != os.getpid():
        return
    for _ in range(_TRIES):
        try:
            _OURS.write_text(str(own))
        except BlockingIOError:
            # One change in a tenth of a second for all who are not root.
            time.sleep(_PAUSE_S)
        except OSError:
            return  # Not there on other systems, and in containers often read-only.
        else:
            return
