"""Ports of this machine: which are free, and how one stays ours until somebody listens there."""

import random
import socket
from contextlib import suppress
from typing import Final

HOST: Final = "127.0.0.1"
QUIET: Final = (20_000, 31_999)
"""Below what systems hand out to whoever connects: nobody gets one of these by chance."""
_TRIES: Final = 200
_claims: dict[int, socket.socket] = {}


def claim(wanted: int | None) -> int:
    """`wanted` where nobody listens or is about to, else another; ours until we end or let go.

    Between choosing a port and listening there seconds pass, and a start beside ours would choose
    the same. So whoever chooses first takes the UDP port of that number, for which nobody else has
    a use: the system gives it to one process, across accounts, and takes it back when that ends,
    however it ends. A port we hold already counts as taken. Raises OSError when none is free.
    """
    for port in _candidates(wanted):
        mark = _mark(port)
        if mark is None:
            continue
        if _nobody_listens(port):
            _claims[port] = mark
            return port
        mark.close()
    raise OSError(f"no free port on {HOST}")


def let_go(*ports: int) -> None:
    """Give claims back; what is not ours is passed over."""
    for port in ports:
        if mark := _claims.pop(port, None):
            mark.close()


def free(many: int) -> list[int]:
    """As many ports as asked, free at this moment, for a child that will claim them itself."""
    chosen = [claim(None) for _ in range(many)]
    let_go(*chosen)
    return chosen


def _candidates(wanted: int | None) -> list[int]:
    others = random.sample(range(QUIET[0], QUIET[1] + 1), _TRIES)
    return others if wanted is None else [wanted, *others]


def _mark(port: int) -> socket.socket | None:
    # Without SO_REUSEADDR: on UDP it would let a second one in. Children do not inherit it.
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        mark.bind((HOST, port))
    except OSError:
        mark.close()
        return None
    return mark


def _nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        # What an earlier start left in TIME_WAIT is no hindrance, as servers see it too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False
