"""``python -m sandbox.matchtrader``: start the server and serve until told to stop.

The broker's token is the password of the first manager in ``server.toml``.
"""

from sandbox.matchtrader.api import BrokerApi
from sandbox.trading.running import main

if __name__ == "__main__":
    main("matchtrader", "A stand-in for Match-Trader's Broker API, version 2.", BrokerApi)
