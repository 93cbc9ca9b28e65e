"""A stand-in for DXtrade: the administrative (register) REST API and the trading side's."""
