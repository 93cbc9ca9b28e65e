"""Every verification provider the product speaks."""

from typing import Final

from brokerage.kyc.connector import KycConnector
from brokerage.kyc.connectors.manual import Manual
from brokerage.kyc.connectors.sumsub import Sumsub
from stoa.kernel.refusals import NotFound

ALL: Final[tuple[type[KycConnector], ...]] = (Manual, Sumsub)


def named(code: str) -> type[KycConnector]:
    """Raises NotFound for a code no connector has."""
    for connector in ALL:
        if connector.code == code:
            return connector
    raise NotFound("There is no such verification provider.")
