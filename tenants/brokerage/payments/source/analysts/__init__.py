"""Every chain analyst the product speaks."""

from typing import Final

from brokerage.payments.source.analysts.elliptic import Elliptic
from brokerage.payments.source.port import ChainAnalyst
from stoa.kernel.refusals import NotFound

ALL: Final[tuple[type[ChainAnalyst], ...]] = (Elliptic,)


def named(code: str) -> type[ChainAnalyst]:
    """Raises NotFound for a code no connector has."""
    for connector in ALL:
        if connector.code == code:
            return connector
    raise NotFound("There is no such chain analyst.")
