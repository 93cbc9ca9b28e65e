"""What a payment provider must speak to tell how much of our money lies with it."""

from typing import Protocol, runtime_checkable

from stoa.kernel.money import Money


@runtime_checkable
class TellsBalances(Protocol):
    """A connector whose provider tells what it holds for us."""

    async def balances(self) -> list[Money]:
        """What can be paid out now, by currency; one that is not told is left out.

        Raises:
            Unavailable: it did not tell.
        """
        ...
