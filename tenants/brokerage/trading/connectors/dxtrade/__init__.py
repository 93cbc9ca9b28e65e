"""DXtrade: administrative (register) REST for accounts and money, the trading side for reading."""

from brokerage.trading.connectors.dxtrade.adapter import DxTrade

__all__ = ["DxTrade"]
