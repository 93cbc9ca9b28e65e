"""``python -m sandbox.tradelocker``: start the server and serve until told to stop.

The brand's key is the password of the first manager in ``server.toml``; more keys, for a mask of
groups only, come by the lever ``POST /managers``.
"""

from sandbox.tradelocker.api import BrandApi
from sandbox.trading.running import main

if __name__ == "__main__":
    main("tradelocker", "A stand-in for TradeLocker's Brand API and BrandSocket.", BrandApi)
