"""What each tenant gets: the brokerage product."""
