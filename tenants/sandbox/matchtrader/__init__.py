"""A stand-in for Match-Trader's Broker API, version 2, over the engine of `sandbox.trading`."""
