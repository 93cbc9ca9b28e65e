"""Trading accounts, their money, positions and deals on the brokers' trading platforms."""
