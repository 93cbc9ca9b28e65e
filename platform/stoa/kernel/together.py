"""One answer for all who asked the same before its work began, and never an older one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Together(Generic[V]):
    """Readers of the same thing at the same moment share one reading of it.

    Who asks while a reading goes on waits for the next one, since the one going on may have begun
    before what the asker already knows of: nobody is answered with something read before they
    asked. Whoever began a round carries it out; should that fail, the others read for themselves.
    The answer is shared and must not be changed.
    """

    def __init__(self) -> None:
        self._going: dict[Hashable, asyncio.Future[V]] = {}
        self._next: dict[Hashable, asyncio.Future[V]] = {}

    async def ask(self, key: Hashable, read: Callable[[], Awaitable[V]]) -> V:
        """The answer to `key`, by `read` or by another's reading that began after this call.

        Raises:
            whatever the asker's own reading raises.
        """
        theirs = self._next.get(key)
        if theirs is not None:
            await asyncio.wait([theirs])
            return await read() if theirs.cancelled() else theirs.result()
        mine: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        try:
            going = self._going.get(key)
            if going is not None:
                self._next[key] = mine
                await asyncio.wait([going])
                del self._next[key]
            self._going[key] = mine
            found = await read()
        except BaseException:
            mine.cancel()
            raise
        else:
            mine.set_result(found)
            return found
        finally:
            for rounds in (self._next, self._going):
                if rounds.get(key) is mine:
                    del rounds[key]
