"""Hot wallets: how much of a coin lies at its provider, and what follows from too little or too much."""
