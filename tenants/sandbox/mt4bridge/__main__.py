"""``python -m sandbox.mt4bridge``: start the bridge and serve until told to stop.

Its key is the password of the first manager in ``server.toml``.
"""

from sandbox.mt4bridge.api import BridgeApi
from sandbox.trading.running import main

if __name__ == "__main__":
    main("mt4bridge", "A bridge beside an MT4 server, as docs/mt4-bridge.md has it.", BridgeApi)
