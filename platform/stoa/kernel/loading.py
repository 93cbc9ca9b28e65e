"""Reading a product into a process that will run all day."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def for_good() -> Generator[None]:
    """What the block imports stays: the collector neither searches it meanwhile nor ever after.

    Thousands of modules make hundreds of thousands of objects, none of which is garbage: looking
    for some takes a sixth of the time of reading them, and each look later writes to the pages
    that forked processes share.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
