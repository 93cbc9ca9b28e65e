"""FIX 4.4 and FIXT.1.1 drop copy: codec, session and executions, none of which touch a socket."""

from brokerage.trading.connectors.fix.adapter import FixDropCopy

__all__ = ["FixDropCopy"]
