"""When a process is told to stop: servers that share one all hear of it."""

import asyncio
import signal

_told: dict[asyncio.AbstractEventLoop, asyncio.Event] = {}


def told_to_stop() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM; the same for everything that runs in this loop."""
    loop = asyncio.get_running_loop()
    if loop not in _told:
        _told[loop] = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, _told[loop].set)
    return _told[loop]
