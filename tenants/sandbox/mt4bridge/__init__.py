"""A bridge beside an MT4 server, over the engine of ``sandbox.trading``; see docs/mt4-bridge.md."""
