"""TradeLocker's side: the Brand API and the BrandSocket, over the engine of `sandbox.trading`."""
