"""``python -m sandbox.dxtrade``: start the server and serve until told to stop.

Who may log in is a manager of ``server.toml``: the login as username, its password, domain `default`.
"""

from sandbox.dxtrade.api import DxTrade
from sandbox.trading.running import main

if __name__ == "__main__":
    main("dxtrade", "A stand-in for DXtrade's administrative and trading REST APIs.", DxTrade)
