"""The process that opens one upload and dies: `python -m stoa.files.worker`.

It takes an order on its standard input and gives a reply on its standard output. Memory, time and
files are bounded before the first byte is read; a file that takes over this process finds no
secret, no network client and nowhere to write.
"""

import resource
import sys
from typing import Final

MEMORY: Final = 640 * 1024 * 1024
# A bomb has the first seconds only; each page that comes out earns the next one time.
FIRST_CPU_S: Final = 3
PAGE_CPU_S: Final = 2
MOST_CPU_S: Final = 25
MOST_OPEN_FILES: Final = 64


def confine() -> None:
    """Bound this process for good; only the time may be widened, up to MOST_CPU_S."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_OPEN_FILES, MOST_OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (FIRST_CPU_S, MOST_CPU_S))


def page_done() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(
        resource.RLIMIT_CPU, (min(MOST_CPU_S, max(FIRST_CPU_S, spent + PAGE_CPU_S)), MOST_CPU_S)
    )


def main() -> None:
    confine()
    # Imported under the limits: the libraries that read hostile bytes never run without them.
    import msgspec

    from stoa.files import imaging, prepared

    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=prepared.Order)
    reply = imaging.prepare(order, page_done=page_done)
    sys.stdout.buffer.write(msgspec.msgpack.encode(reply))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
